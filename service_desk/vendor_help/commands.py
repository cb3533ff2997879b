"""Asking the vendor and answering them.  What reaches the vendor is what was written, and who asked from where: no more."""

import uuid
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from sqlalchemy.orm import Session

from crm.customers import commands as customers
from crm.customers.models import Customer
from kernel import database, events, settings
from kernel.actors import SYSTEM
from kernel.files import Upload
from kernel.i18n import lazy_text as _l
from kernel.i18n import speaking
from kernel.tenancy import PLATFORM
from service_desk.tickets import commands as tickets
from service_desk.tickets import queries as ticket_queries
from service_desk.tickets.models import Ticket
from service_desk.vendor_help import queries
from service_desk.vendor_help.models import HelpRequest
from tenants import registry, roles, vendor
from tenants.models import StaffMember
from tenants.registry import TenantFacts

_PAGE_LENGTH = 500
_FACTS = _l(
    "Tenant: %(name)s (%(slug)s, number %(id)s)\nPlan: %(plan)s\nAsked by: %(member)s, %(role)s\n"
    "Page: %(page)s\nBrowser: %(browser)s\n%(console)s"
)


@dataclass(frozen=True)
class Whence:
    """From where somebody asks: the page they were on and the browser they use."""

    page: str
    browser: str


def ask(
    session: Session,
    member: StaffMember,
    *,
    subject: str,
    body: str,
    whence: Whence,
    uploads: Iterable[Upload] = (),
    form_key: str | None = None,
) -> uuid.UUID:
    """Open a ticket in the vendor's house in the member's name and return its public id.  `session` stands in the tenant.

    Raises `NoHelpDesk`, `AlreadySent`, and what tickets and files refuse.
    """
    tenant = registry.of(session)
    with vendor.door() as inside:
        customer = _customer(inside, tenant, member)
        given: dict[str, Any] = {"subject": subject, "body": body, "form_key": form_key, "uploads": uploads}
        given["language"] = member.language
        ticket = tickets.create(inside, customer=customer, actor=customer.as_actor(), **given)
        tickets.set_tags(inside, ticket, tags=[tenant.slug], actor=SYSTEM)
        tickets.note(inside, ticket, body=_facts(tenant, member, whence), actor=SYSTEM)
        _remember(inside, ticket, tenant, member)
        # Before the vendor's house keeps it: what cannot be written down in the tenant's is not asked.
        facts = {"number": ticket.number, "title": ticket.subject}
        events.record(session, "staff_member.asked_vendor", member, actor=member.as_actor(), **facts)
    return ticket.public_id


def _customer(inside: Session, tenant: TenantFacts, member: StaffMember) -> Customer:
    customer = customers.welcome(inside, email=member.email, name=member.name, language=member.language)
    if not customer.organisation:
        customers.change(inside, customer, values={"organisation": tenant.name}, version=None, actor=SYSTEM)
    return customer


def _facts(tenant: TenantFacts, member: StaffMember, whence: Whence) -> str:
    """Write down, in the vendor's language, who asks from where."""
    host = vendor.house()
    assert host is not None, "we stand in it"
    with speaking(host.language):
        return str(
            _FACTS
            % {
                "name": tenant.name,
                "slug": tenant.slug,
                "id": tenant.id,
                "plan": tenant.plan,
                "member": member.name,
                "role": roles.name_of(member),
                "page": whence.page[:_PAGE_LENGTH] or "–",
                "browser": whence.browser[:_PAGE_LENGTH] or "–",
                "console": f"{settings.current().platform_url}/ops/tenants/{tenant.id}/",
            }
        )


def _remember(inside: Session, ticket: Ticket, tenant: TenantFacts, member: StaffMember) -> None:
    """Note whose question it is where the vendor's house cannot change it: in the same transaction, on the platform."""
    own = database.stand_of(inside)
    database.move(inside, PLATFORM)
    inside.add(
        HelpRequest(
            public_id=ticket.public_id,
            tenant_id=tenant.id,
            ticket_number=ticket.number,
            staff_id=member.id,
            created_at=ticket.created_at,
        )
    )
    database.move(inside, own)


def reply(
    session: Session,
    member: StaffMember,
    public_id: uuid.UUID,
    *,
    body: str,
    uploads: Iterable[Upload] = (),
    form_key: str | None = None,
) -> None:
    """Answer the vendor.  Raises `NotFound`, `NoHelpDesk`, `TicketClosed`, and what tickets and files refuse."""
    queries.request(session, public_id, actor=member.as_actor())
    with vendor.door() as inside:
        ticket = ticket_queries.by_public_id(inside, public_id)
        writer = _customer(inside, registry.of(session), member)
        tickets.reply(inside, ticket, body=body, actor=writer.as_actor(), uploads=uploads, form_key=form_key)
        events.record(session, "staff_member.answered_vendor", member, actor=member.as_actor(), number=ticket.number)
