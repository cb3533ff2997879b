"""What may be known of tickets, and by whom."""

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, Select, exists, false, func, or_, select, true
from sqlalchemy.orm import Session, joinedload, raiseload, selectinload
from sqlalchemy.sql.base import ExecutableOption

from crm.customers.models import Customer
from kernel import clock
from kernel.actors import Actor
from kernel.errors import NotFound
from kernel.events import Event
from kernel.files import StoredFile
from service_desk.tickets.models import CUSTOMER_STATUS_NAMES as CUSTOMER_STATUS_NAMES
from service_desk.tickets.models import PRIORITY_NAMES as PRIORITY_NAMES
from service_desk.tickets.models import STATUS_NAMES as STATUS_NAMES
from service_desk.tickets.models import UNSOLVED, Attachment
from service_desk.tickets.models import Message as Message
from service_desk.tickets.models import MessageKind as MessageKind
from service_desk.tickets.models import Priority as Priority
from service_desk.tickets.models import Status as Status
from service_desk.tickets.models import Ticket as Ticket
from service_desk.tickets.policy import RATING_WINDOW
from tenants.permissions import Permission


def visible_to(actor: Actor) -> Select[Ticket]:
    """Staff with the permission see all tickets, customers their own, anyone else none."""
    allowed: ColumnElement[bool]
    if actor.kind == "system" or actor.may(Permission.TICKET_READ):
        allowed = true()
    elif actor.kind == "customer":
        allowed = Ticket.customer_id == actor.id
    else:
        allowed = false()
    return select(Ticket).where(allowed)


# What a page about tickets reads with them, so that it asks nothing more per row.
WITH_PEOPLE: tuple[ExecutableOption, ...] = (joinedload(Ticket.customer), joinedload(Ticket.assignee), raiseload("*"))


def _with_people(query: Select[Ticket]) -> Select[Ticket]:
    return query.options(*WITH_PEOPLE)


def get(session: Session, number: int, *, actor: Actor) -> Ticket:
    """Return the ticket with this number, customer and assignee loaded, or raise `NotFound`."""
    ticket = session.scalar(_with_people(visible_to(actor).where(Ticket.number == number)))
    if ticket is None:
        raise NotFound()
    return ticket


def by_public_id(session: Session, public_id: uuid.UUID) -> Ticket:
    """Return the ticket behind a link from our mail, or raise `NotFound`: whoever holds the link may read and answer."""
    ticket = session.scalar(_with_people(select(Ticket).where(Ticket.public_id == public_id)))
    if ticket is None:
        raise NotFound()
    return ticket


def by_id(session: Session, ticket_id: int) -> Ticket:
    """Return the ticket that an event or a promised job is about."""
    return session.scalars(_with_people(select(Ticket).where(Ticket.id == ticket_id))).one()


def by_form_key(session: Session, form_key: str) -> Ticket | None:
    return session.scalar(select(Ticket).where(Ticket.form_key == form_key))


def message(session: Session, message_id: int) -> Message:
    query = select(Message).where(Message.id == message_id).options(selectinload(Message.files))
    return session.scalars(query).one()


def conversation(session: Session, ticket: Ticket, *, actor: Actor) -> Sequence[Message]:
    """Return the messages that `actor` may read, oldest first, with their files; internal notes are for staff only."""
    query = select(Message).where(Message.ticket_id == ticket.id).order_by(Message.id)
    if not actor.is_staff:
        query = query.where(Message.kind != MessageKind.NOTE)
    return session.scalars(query.options(selectinload(Message.files))).all()


def file_of(session: Session, ticket: Ticket, file_id: uuid.UUID, *, actor: Actor) -> StoredFile:
    """Return a file of the ticket that `actor` may read, or raise `NotFound`."""
    query = (
        select(StoredFile)
        .join(Attachment, Attachment.file_id == StoredFile.id)
        .join(Message, Message.id == Attachment.message_id)
        .where(StoredFile.public_id == file_id, Message.ticket_id == ticket.id)
    )
    if not actor.is_staff:
        query = query.where(Message.kind != MessageKind.NOTE)
    file = session.scalar(query)
    if file is None:
        raise NotFound()
    return file


@dataclass(frozen=True)
class StatusStep:
    """When a ticket came to a status; the first is its arrival."""

    status: Status
    at: datetime


def timeline(session: Session, ticket: Ticket) -> list[StatusStep]:
    """Return the ticket's way through its statuses, oldest first, from the audit trail."""
    query = (
        select(Event.at, Event.data["status"].astext)
        .where(Event.subject_type == "ticket", Event.subject_id == ticket.id, Event.data.has_key("status"))
        .order_by(Event.at)
    )
    steps = [StatusStep(Status(status), at) for at, status in session.execute(query)]
    return [step for place, step in enumerate(steps) if place == 0 or steps[place - 1].status != step.status]


@dataclass(frozen=True)
class CustomerList:
    """One page of a customer's own requests, newest first, with the counts of the tabs."""

    tickets: Sequence[Ticket]
    next_before: datetime | None
    counts: dict[str, int]


CUSTOMER_TABS: dict[str, tuple[Status, ...]] = {
    "open": (Status.NEW, Status.OPEN),
    "waiting": (Status.WAITING,),
    "solved": (Status.SOLVED, Status.CLOSED),
}


def of_customer(
    session: Session, *, tab: str, actor: Actor, words: str = "", before: datetime | None = None, limit: int = 20
) -> CustomerList:
    """Return the signed-in customer's requests in `tab` (`CUSTOMER_TABS`); `before` continues an earlier page."""
    query = visible_to(actor).where(Ticket.status.in_(CUSTOMER_TABS[tab]))
    if words:
        query = query.where(Ticket.search_text.contains(words, autoescape=True))
    if before:
        query = query.where(Ticket.updated_at < before)
    rows = session.scalars(query.options(raiseload("*")).order_by(Ticket.updated_at.desc()).limit(limit + 1)).all()
    mine = visible_to(actor).with_only_columns(Ticket.status, func.count()).group_by(Ticket.status)
    by_status = {status: count for status, count in session.execute(mine)}
    counts = {name: sum(by_status.get(status, 0) for status in statuses) for name, statuses in CUSTOMER_TABS.items()}
    return CustomerList(rows[:limit], rows[limit - 1].updated_at if len(rows) > limit else None, counts)


def unsolved_count(session: Session, *, actor: Actor) -> int:
    query = visible_to(actor).where(Ticket.status.in_(UNSOLVED)).with_only_columns(func.count())
    return session.scalar(query) or 0


def has_any_since(session: Session, moment: datetime | None) -> bool:
    """Whether a ticket has come since a moment (ever, without one): later than whatever was put in as a sample."""
    query = select(Ticket.id).where(Ticket.created_at >= moment) if moment else select(Ticket.id)
    return session.scalar(query.limit(1)) is not None


def is_open_to_rating(ticket: Ticket) -> bool:
    """Whether a rating may be given, or the one given may still be changed."""
    is_over = ticket.rated_at is not None and clock.now() > ticket.rated_at + RATING_WINDOW
    return ticket.may_be_rated and not is_over


_ENOUGH_REPLIES = 20


def usual_first_reply(session: Session) -> timedelta | None:
    """Return how soon three in four first replies of the last thirty days came; nothing when there were under twenty."""
    since = clock.now() - timedelta(days=30)
    # Who was first answered since then was also changed since then, and that has an index.
    recent = (Ticket.updated_at >= since, Ticket.first_replied_at >= since)
    waited = func.percentile_cont(0.75).within_group(Ticket.first_replied_at - Ticket.created_at)
    count, usual = session.execute(select(func.count(), waited).where(*recent)).one()
    return usual if count >= _ENOUGH_REPLIES else None


INBOX_VIEWS = ("mine", "unassigned", "open", "waiting", "solved", "all")


def in_view(query: Select[Ticket], view: str, *, actor: Actor) -> Select[Ticket]:
    """Narrow `query` to one of the `INBOX_VIEWS`."""
    return query.where(_view_condition(view, actor))


def _view_condition(view: str, actor: Actor) -> ColumnElement[bool]:
    conditions: dict[str, ColumnElement[bool]] = {
        "mine": (Ticket.assignee_id == actor.id) & Ticket.status.in_(UNSOLVED),
        "unassigned": Ticket.assignee_id.is_(None) & Ticket.status.in_(UNSOLVED),
        "open": Ticket.status.in_((Status.NEW, Status.OPEN)),
        "waiting": Ticket.status == Status.WAITING,
        "solved": Ticket.status.in_((Status.SOLVED, Status.CLOSED)),
        "all": true(),
    }
    return conditions[view]


def view_counts(session: Session, *, actor: Actor) -> dict[str, int]:
    """Return how many tickets each inbox view holds, in one statement."""
    columns = [func.count().filter(_view_condition(view, actor)).label(view) for view in INBOX_VIEWS]
    row = session.execute(visible_to(actor).with_only_columns(*columns)).one()
    return dict(row._mapping)


def latest_of_customer(session: Session, customer_id: int, *, actor: Actor, limit: int = 10) -> Sequence[Ticket]:
    """Return the customer's newest tickets (the panel beside a ticket and on the customer's page)."""
    query = visible_to(actor).where(Ticket.customer_id == customer_id).options(raiseload("*"))
    return session.scalars(query.order_by(Ticket.id.desc()).limit(limit)).all()


def found(query: Select[Ticket], words: str) -> Select[Ticket]:
    """Narrow `query` to tickets whose number, subject, customer or messages hold the folded `words`."""
    said = exists().where(Message.ticket_id == Ticket.id, Message.search_text.contains(words, autoescape=True))
    named = exists().where(Customer.id == Ticket.customer_id, Customer.search_text.contains(words, autoescape=True))
    conditions = [Ticket.search_text.contains(words, autoescape=True), named, said]
    if words.lstrip("#").isdecimal() and len(words) < 18:
        conditions.append(Ticket.number == int(words.lstrip("#")))
    return query.where(or_(*conditions))
