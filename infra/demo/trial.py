"""Demo data for somebody who tries Frontdesk: a month of requests in the tenant's language, and the way to be rid of them."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any

import yaml
from sqlalchemy import delete, exists, select
from sqlalchemy.orm import Session

from crm.customers import commands as customers
from crm.customers.models import Customer
from kernel import clock, database, events
from kernel.actors import SYSTEM, Actor
from kernel.database import TenantBase
from service_desk.tickets import commands as tickets
from service_desk.tickets.models import Attachment, Message, Priority, Status, Ticket
from tenants import demo_rows, registry, staff
from tenants.models import StaffMember

_CONTENT = Path(__file__).parent / "content" / "trial.yaml"


class _Subject:
    """A tenant as events name it."""

    __tablename__ = "tenant"

    def __init__(self, id: int) -> None:
        self.id = id


@cache
def _content() -> dict[str, Any]:
    content: dict[str, Any] = yaml.safe_load(_CONTENT.read_text("utf-8"))
    return content


def load(session: Session, language: str) -> int:
    """Put the demo data where the session stands and return how many rows that is; where there is some already, none.

    The tenant's own people answer; nobody is written to, and the audit trail holds one line of it all.
    """
    if demo_rows.count(session):
        return 0
    with demo_rows.remembered(session), events.unrecorded():
        _Month(session, language).live()
    count = demo_rows.count(session)
    events.record(session, "demo_data.loaded", _tenant(session), actor=SYSTEM, rows=count)
    _note_in_registry(session, has_demo_data=True)
    return count


def remove(session: Session) -> int:
    """Take the demo data out again, with what was written to it since; what is real stays and is the tenant's own.

    A demo customer who has real requests by now is real.  Returns how many rows went.
    """
    rows = demo_rows.by_table(session)
    gone = _remove_tickets(session, rows[Ticket.__tablename__]) + _remove_customers(session, rows[Customer.__tablename__])
    demo_rows.forget(session)
    if gone:
        events.record(session, "demo_data.removed", _tenant(session), actor=SYSTEM, rows=gone)
    _note_in_registry(session, has_demo_data=False)
    return gone


def _remove_tickets(session: Session, ids: list[int]) -> int:
    messages = select(Message.id).where(Message.ticket_id.in_(ids))
    parts = (
        delete(Attachment).where(Attachment.message_id.in_(messages)),
        delete(Message).where(Message.ticket_id.in_(ids)),
        *(delete(table).where(table.c.ticket_id.in_(ids)) for table in _hanging_on_tickets()),
        delete(Ticket).where(Ticket.id.in_(ids)),
    )
    return sum(session.execute(part).rowcount for part in parts)  # type: ignore[attr-defined]


def _hanging_on_tickets() -> list[Any]:
    """Return every other table whose rows are about one ticket: bells, and what later rooms add."""
    return [
        table
        for table in reversed(TenantBase.metadata.sorted_tables)
        if "ticket_id" in table.columns and table.name != Message.__tablename__
    ]


def _remove_customers(session: Session, ids: list[int]) -> int:
    is_needed = exists().where(Ticket.customer_id == Customer.id)
    gone = delete(Customer).where(Customer.id.in_(ids), ~is_needed)
    return int(session.execute(gone).rowcount)  # type: ignore[attr-defined]


def _tenant(session: Session) -> Any:
    return _Subject(database.stand_of(session).tenant_id or 0)


def _note_in_registry(session: Session, *, has_demo_data: bool) -> None:
    """The registry's flag is for the operators' eyes; whether there is demo data is what the tenant's own rows say."""
    tenant_id = database.stand_of(session).tenant_id

    def note() -> None:
        with database.transaction() as platform:
            registry.set_facts(platform, tenant_id or 0, has_demo_data=has_demo_data)

    database.after_commit(session, note)


@dataclass
class _Month:
    """Four weeks at a service desk."""

    session: Session
    language: str

    def live(self) -> None:
        content = _content()[self.language]
        self.people = staff.assignable(self.session)
        with clock.set_to(_present() - timedelta(days=30)):
            known = [
                customers.add(self.session, **person, language=self.language, actor=SYSTEM) for person in content["customers"]
            ]
        for number, line in enumerate(content["tickets"]):
            self._ticket(known[line["customer"]], line, self._person(number))

    def _person(self, number: int) -> StaffMember | None:
        return self.people[number % len(self.people)] if self.people else None

    def _ticket(self, customer: Customer, line: dict[str, Any], member: StaffMember | None) -> None:
        came_at = _present() - timedelta(days=line["days_ago"], hours=line.get("hours", 3))
        status, priority = Status(line["status"]), Priority[line.get("priority", "normal").upper()]
        with clock.set_to(came_at):
            facts = {"subject": line["subject"], "body": line["body"], "language": self.language, "priority": priority}
            ticket = tickets.create(self.session, customer=customer, **facts, actor=customer.as_actor())
            tickets.set_tags(self.session, ticket, tags=line.get("tags", []), actor=SYSTEM)
        if status == Status.NEW or member is None:
            return
        with clock.set_to(came_at + timedelta(minutes=25)):
            tickets.assign(self.session, ticket, assignee=member, actor=member.as_actor())
            tickets.reply(self.session, ticket, body=line["answer"], actor=member.as_actor())
        self._outcome(ticket, customer, line, member.as_actor())

    def _outcome(self, ticket: Ticket, customer: Customer, line: dict[str, Any], actor: Actor) -> None:
        status = Status(line["status"])
        ended_at = min(ticket.created_at + timedelta(hours=5), _present())
        with clock.set_to(ended_at):
            tickets.set_status(self.session, ticket, status=Status.SOLVED if status == Status.CLOSED else status, actor=actor)
            if "rating" in line:
                tickets.rate(
                    self.session, ticket, score=line["rating"], comment=line.get("comment", ""), actor=customer.as_actor()
                )
        if status == Status.CLOSED:
            with clock.set_to(min(ended_at + timedelta(days=7), _present())):
                tickets.set_status(self.session, ticket, status=Status.CLOSED, actor=SYSTEM)


def _present() -> datetime:
    return max(clock.now(), datetime.now(UTC))
