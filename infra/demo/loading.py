"""Loading the demo chain: through the same commands as people use, with the clock turned back to when things happened."""

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import update
from sqlalchemy.orm import Session

from crm.customers import commands as customers
from crm.customers.models import Customer
from infra.demo import editorial, questions
from infra.demo.chain import CHAIN, OPERATOR, PASSWORD, VENDOR, DemoTenant
from kernel import clock, database, passwords
from kernel.actors import SYSTEM
from kernel.outbox import OutboxRow
from knowledge_base.articles import importing
from knowledge_base.articles import jobs as article_jobs
from service_desk.tickets import commands as tickets
from service_desk.tickets.models import Priority, Status, Ticket
from service_desk.tickets.policy import CLOSE_AFTER
from tenants import audit, operators, provisioning, registry, staff, vendor
from tenants.models import StaffMember
from tenants.permissions import Role
from tenants.registry import TenantFacts

Progress = Callable[[int, int], None]
_PRIORITIES = {"low": Priority.LOW, "normal": Priority.NORMAL, "high": Priority.HIGH, "urgent": Priority.URGENT}
_STAGES = 4


def is_loaded() -> bool:
    """Whether every tenant of the chain is there with its people; a load that was killed leaves some without."""
    return vendor.house() is not None and all(_has_people(tenant) for tenant in CHAIN)


def _has_people(tenant: DemoTenant) -> bool:
    facts = registry.find(tenant.slug)
    if facts is None:
        return False
    with database.transaction(facts.stand) as session:
        return staff.by_email(session, f"admin@{tenant.slug}.example") is not None


def load(progress: Progress = lambda done, of: None) -> None:
    """Load what is missing of the demo chain; a tenant that an interrupted load left half-filled is filled up."""
    _load_operator()
    _load_vendor()
    for place, tenant in enumerate(CHAIN):
        if _has_people(tenant):
            continue

        def show(stage: int, place: int = place) -> None:
            progress(place * _STAGES + stage, len(CHAIN) * _STAGES)

        _load_tenant(tenant, show)


def _load_operator() -> None:
    with database.transaction() as session:
        if operators.by_email(session, OPERATOR) is None:
            operators.add(session, email=OPERATOR, name="Olivia Operator", password=PASSWORD)


def _load_vendor() -> None:
    """The house of those who run the platform: empty, until a tenant asks them something."""
    if vendor.house() is not None:
        return

    def furnish(session: Session) -> None:
        hashed = passwords.hash_password(PASSWORD)
        for role in (Role.ADMIN, Role.AGENT):
            email = f"{role}@{VENDOR.slug}.example"
            member = staff.add(session, email=email, name=f"{str(role).title()} of Frontdesk", role=role, actor=SYSTEM)
            member.password_hash = hashed

    vendor.set_up(name=VENDOR.name, locale=VENDOR.locale, time_zone=VENDOR.time_zone, furnish=furnish)


def _load_tenant(tenant: DemoTenant, show: Callable[[int], None]) -> None:
    facts = registry.find(tenant.slug) or provisioning.create_tenant(
        tenant.slug,
        name=tenant.name,
        locale=tenant.locale,
        time_zone=tenant.time_zone,
        brand_color=tenant.brand_color,
        phone=tenant.phone,
    )
    show(1)
    with _long_ago():
        importing.import_all(facts.stand, tenant.folder / "articles")
    show(2)
    with database.transaction(facts.stand) as session:
        _People(session, tenant).load()
        questions.load(session, tenant)
    show(3)
    _close_the_outbox(facts)
    with database.transaction(facts.stand) as session:
        audit.seal(session)
    with database.transaction(facts.stand) as session:
        article_jobs.reindex(session)
    show(4)


def _close_the_outbox(facts: TenantFacts) -> None:
    """Nobody wants three months of mail at once: what the past promised to tell at once counts as told."""
    with database.transaction() as session:
        told = update(OutboxRow).where(OutboxRow.tenant_id == facts.id, OutboxRow.job == "events.tell")
        session.execute(told.values(done_at=clock.now()))


@contextmanager
def _long_ago() -> Iterator[None]:
    with clock.set_to(datetime.now(UTC) - timedelta(days=120)):
        yield


@dataclass
class _People:
    """The staff, customers and tickets of one tenant."""

    session: Session
    tenant: DemoTenant
    staff: dict[str, StaffMember] = field(default_factory=dict)
    customers: dict[str, Customer] = field(default_factory=dict)

    def load(self) -> None:
        people = json.loads((self.tenant.folder / "people.json").read_text("utf-8"))
        # One hash for all, because they all have the demo's password and each hash takes its time by design.
        hashed = passwords.hash_password(PASSWORD)
        with _long_ago():
            for person in people["staff"]:
                self.staff[person["email"]] = self._member(person, hashed)
            for person in people["customers"]:
                self.customers[person["email"]] = self._customer(person)
        self.customers[f"customer@{self.tenant.slug}.example"].password_hash = hashed
        for line in _tickets_in_order(self.tenant):
            self._ticket(line)
        author, reviewer = (self.staff[f"{role}@{self.tenant.slug}.example"].as_actor() for role in ("agent", "manager"))
        editorial.load(self.session, self.tenant, author=author, reviewer=reviewer)

    def _member(self, person: dict[str, Any], hashed: str) -> StaffMember:
        role = Role(person["role"])
        facts = {
            "email": person["email"],
            "name": person["name"],
            "title": person["title"],
            "language": person["language"],
        }
        member = staff.add(self.session, **facts, role=role, actor=SYSTEM)
        member.password_hash = hashed
        return member

    def _customer(self, person: dict[str, Any]) -> Customer:
        customer = customers.add(self.session, **person, actor=SYSTEM)
        customer.verified_at = clock.now()
        return customer

    def _ticket(self, line: dict[str, Any]) -> None:
        """Live through one ticket, message by message, at the hours when it happened."""
        start = line["start"]
        customer = self.customers[line["customer"]]
        first, *rest = line["messages"]
        with clock.set_to(start):
            ticket = tickets.create(
                self.session,
                customer=customer,
                subject=line["subject"],
                body=first["body"],
                language=line["language"],
                actor=customer.as_actor(),
                priority=_PRIORITIES[line["priority"]],
            )
            if line["tags"]:
                tickets.set_tags(self.session, ticket, tags=line["tags"], actor=SYSTEM)
        now = start
        for message in rest:
            now = max(start + timedelta(minutes=message["after_minutes"]), now + timedelta(seconds=1))
            with clock.set_to(min(now, datetime.now(UTC))):
                self._message(ticket, customer, message)
        self._outcome(ticket, customer, line, now)

    def _message(self, ticket: Ticket, customer: Customer, message: dict[str, Any]) -> None:
        if message["from"] == "customer":
            tickets.reply(self.session, ticket, body=message["body"], actor=customer.as_actor())
        elif message["from"] == "staff":
            tickets.reply(self.session, ticket, body=message["body"], actor=self.staff[message["who"]].as_actor())
        else:
            tickets.note(self.session, ticket, body=message["body"], actor=self.staff[message["who"]].as_actor())

    def _outcome(self, ticket: Ticket, customer: Customer, line: dict[str, Any], last: datetime) -> None:
        assignee = self.staff.get(line["assignee"] or "")
        present = datetime.now(UTC)
        with clock.set_to(min(last + timedelta(minutes=2), present)):
            actor = (assignee or self.staff[f"agent@{self.tenant.slug}.example"]).as_actor()
            if assignee:
                tickets.assign(self.session, ticket, assignee=assignee, actor=actor)
            wanted = _as_time_has_made_it(Status(line["status"]), last)
            if wanted != Status.NEW:
                tickets.set_status(
                    self.session, ticket, status=Status.SOLVED if wanted == Status.CLOSED else wanted, actor=actor
                )
        if line["rating"]:
            with clock.set_to(min(last + timedelta(hours=3), present)):
                comment = line.get("rating_comment") or ""
                tickets.rate(self.session, ticket, score=line["rating"], comment=comment, actor=customer.as_actor())
        if wanted == Status.CLOSED:
            with clock.set_to(min(last + timedelta(days=7), present)):
                tickets.set_status(self.session, ticket, status=Status.CLOSED, actor=SYSTEM)


def _as_time_has_made_it(status: Status, last: datetime) -> Status:
    """What was solved more than a week ago has closed since."""
    is_over = status == Status.SOLVED and last < datetime.now(UTC) - CLOSE_AFTER
    return Status.CLOSED if is_over else status


def _tickets_in_order(tenant: DemoTenant) -> list[dict[str, Any]]:
    """Return the tickets by the hour they came, so that their numbers count up as in life."""
    lines = [json.loads(line) for line in (tenant.folder / "tickets.jsonl").read_text("utf-8").splitlines() if line]
    zone = ZoneInfo(tenant.time_zone)
    present = datetime.now(zone)
    for line in lines:
        day = present - timedelta(days=line["days_ago"])
        moment = day.replace(hour=int(line["hour"]), minute=len(line["subject"]) * 7 % 60, second=0, microsecond=0)
        length = timedelta(minutes=max(message["after_minutes"] for message in line["messages"]))
        line["start"] = min(moment, present - length - timedelta(minutes=20)).astimezone(UTC)
    return sorted(lines, key=lambda line: line["start"])
