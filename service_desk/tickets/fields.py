"""The ticket's dictionary: what a ticket is made of, and how lists treat each part."""

from sqlalchemy import func, select

from crm.customers.models import Customer
from kernel.i18n import LANGUAGES
from kernel.i18n import lazy_text as _l
from kernel.records import Field, Kind, RecordType
from service_desk.tickets.models import PRIORITY_NAMES, STATUS_NAMES, Ticket
from tenants.models import StaffMember

# Subqueries, not joins: only a list sorted by a person's name pays for looking it up.
_CUSTOMER_KEY = select(Customer.sort_key).where(Customer.id == Ticket.customer_id).scalar_subquery()
_ASSIGNEE_KEY = select(StaffMember.sort_key).where(StaffMember.id == Ticket.assignee_id).scalar_subquery()

TICKET = RecordType(
    name="ticket",
    entity=Ticket,
    plural=_l("Tickets"),
    title="subject",
    search_column=Ticket.search_text,
    fields=(
        Field(name="number", label=_l("Number"), kind=Kind.NUMBER, column=Ticket.number, sort_by=Ticket.number),
        Field(name="subject", label=_l("Subject"), column=Ticket.subject),
        Field(
            name="customer",
            label=_l("Customer"),
            kind=Kind.REFERENCE,
            column=Ticket.customer_id,
            sort_by=func.coalesce(_CUSTOMER_KEY, ""),
            read=lambda ticket: ticket.customer.name,
            is_required=True,
        ),
        Field(
            name="status",
            label=_l("Status"),
            kind=Kind.CHOICE,
            column=Ticket.status,
            sort_by=Ticket.status,
            choices={str(status): name for status, name in STATUS_NAMES.items()},
        ),
        Field(
            name="priority",
            label=_l("Priority"),
            kind=Kind.CHOICE,
            column=Ticket.priority,
            sort_by=Ticket.priority,
            choices={int(priority): name for priority, name in PRIORITY_NAMES.items()},
        ),
        Field(
            name="assignee",
            label=_l("Assignee"),
            kind=Kind.REFERENCE,
            column=Ticket.assignee_id,
            sort_by=func.coalesce(_ASSIGNEE_KEY, ""),
            read=lambda ticket: ticket.assignee.name if ticket.assignee else "",
            nothing=_l("Nobody"),
        ),
        Field(name="tags", label=_l("Tags"), kind=Kind.TAGS, column=Ticket.tags),
        Field(
            name="language",
            label=_l("Language"),
            kind=Kind.CHOICE,
            column=Ticket.language,
            sort_by=Ticket.language,
            choices={language.code: language.name for language in LANGUAGES},
        ),
        Field(
            name="rating",
            label=_l("Rating"),
            kind=Kind.NUMBER,
            column=Ticket.rating,
            sort_by=func.coalesce(Ticket.rating, 0),
        ),
        Field(
            name="created_at", label=_l("Received at"), kind=Kind.MOMENT, column=Ticket.created_at, sort_by=Ticket.created_at
        ),
        Field(name="updated_at", label=_l("Updated"), kind=Kind.MOMENT, column=Ticket.updated_at, sort_by=Ticket.updated_at),
    ),
)
