"""What changes about tickets."""

import uuid
from collections.abc import Iterable

from sqlalchemy import select
from sqlalchemy.orm import Session
from sqlalchemy.orm.attributes import set_committed_value

from crm.customers.models import Customer
from kernel import clock, database, events, files, outbox
from kernel.actors import Actor
from kernel.errors import AlreadySent, DomainError, InvalidField, StaleEdit
from kernel.files import Upload
from kernel.i18n import lazy_text as _l
from kernel.text import clean, fold, search_text
from service_desk.tickets import queries
from service_desk.tickets.models import Attachment, Message, MessageKind, Priority, Status, Ticket
from service_desk.tickets.policy import CLOSE_AFTER
from tenants import staff
from tenants.models import StaffMember
from tenants.permissions import Permission

SUBJECT_LENGTH = 200
BODY_LENGTH = 50_000
TAGS_LENGTH = 20


class TicketClosed(DomainError):
    message = _l("This request is closed. Send a new one, and mention its number.")


class NotSolvedYet(DomainError):
    message = _l("A request can be rated once it is solved.")


class RatingOver(DomainError):
    message = _l("The time to change this rating is over.")


class CannotBeAssigned(DomainError):
    message = _l("%(name)s cannot be given tickets.")


class NewMessageSince(StaleEdit):
    message = _l("A new message arrived while you were writing. Read it, then send again: your text is kept below.")


def create(
    session: Session,
    *,
    customer: Customer,
    subject: str,
    body: str,
    language: str,
    actor: Actor,
    form_key: str | None = None,
    uploads: Iterable[Upload] = (),
    priority: Priority = Priority.NORMAL,
) -> Ticket:
    """Open a ticket with its first message.

    Raises `InvalidField`, what `kernel.files` refuses, or `AlreadySent` when the form with this key has come before.
    """
    now = clock.now()
    ticket = Ticket(
        public_id=uuid.uuid4(),
        form_key=form_key,
        subject=_subject(subject),
        status=Status.NEW,
        priority=priority,
        tags=[],
        language=language,
        customer_id=customer.id,
        search_text="",
        created_at=now,
        updated_at=now,
    )
    ticket.search_text = searched(ticket)
    set_committed_value(ticket, "customer", customer)
    set_committed_value(ticket, "assignee", None)
    database.insert_or_refuse(session, ticket, AlreadySent())
    message = _write(session, ticket, kind=MessageKind.CUSTOMER, body=body, uploads=uploads, actor=customer.as_actor())
    events.record(session, "ticket.created", ticket, actor=actor, status=Status.NEW, message_id=message.id)
    return ticket


def _subject(text: str) -> str:
    subject = " ".join(clean(text).split())
    if not subject:
        raise InvalidField("subject", _l("Say in a few words what it is about."))
    if len(subject) > SUBJECT_LENGTH:
        raise InvalidField("subject", _l("Use at most 200 characters here, and tell the rest below."))
    return subject


def _write(
    session: Session,
    ticket: Ticket,
    *,
    kind: MessageKind,
    body: str,
    actor: Actor,
    uploads: Iterable[Upload] = (),
    form_key: str | None = None,
) -> Message:
    text = clean(body).strip()
    if not text:
        raise InvalidField("body", _l("Write a message."))
    if len(text) > BODY_LENGTH:
        raise InvalidField("body", _l("A message has at most 50,000 characters. Attach longer texts as a file."))
    stored = files.store_all(session, list(uploads))
    message = Message(
        ticket_id=ticket.id,
        form_key=form_key,
        kind=kind,
        author_id=actor.id,
        author_name=actor.name,
        body=text,
        search_text=fold(text),
        created_at=clock.now(),
    )
    database.insert_or_refuse(session, message, AlreadySent())
    session.add_all([Attachment(message_id=message.id, file_id=file.id) for file in stored])
    if kind is not MessageKind.NOTE:
        # The customer's list is ordered by this, and must not move for what the customer cannot see.
        ticket.updated_at = message.created_at
    return message


def reply(
    session: Session,
    ticket: Ticket,
    *,
    body: str,
    actor: Actor,
    uploads: Iterable[Upload] = (),
    form_key: str | None = None,
    status: Status | None = None,
    last_seen: int | None = None,
) -> Message:
    """Add a public message.  A customer's answer reopens the ticket; staff choose the `status` that follows (waiting).

    `last_seen` is the newest message the writer had on the page; raises `NewMessageSince` when another has come,
    `TicketClosed` for a customer whose ticket is closed, and what `create` raises for text and files.
    """
    _lock(session, ticket)
    if not actor.is_staff and ticket.is_closed:
        raise TicketClosed()
    _refuse_replay(session, form_key)
    _check_last_seen(session, ticket, last_seen)
    kind = MessageKind.REPLY if actor.is_staff else MessageKind.CUSTOMER
    message = _write(session, ticket, kind=kind, body=body, actor=actor, uploads=uploads, form_key=form_key)
    _settle_status(session, ticket, _status_after_reply(ticket, actor, status))
    if actor.is_staff:
        ticket.first_replied_at = ticket.first_replied_at or message.created_at
        _give_to_first_answerer(session, ticket, actor)
    facts = {"status": ticket.status, "message_id": message.id, "assignee_id": ticket.assignee_id}
    events.record(session, "ticket.replied", ticket, actor=actor, **facts)
    return message


def _give_to_first_answerer(session: Session, ticket: Ticket, actor: Actor) -> None:
    if ticket.assignee_id is None and actor.kind == "staff" and actor.id is not None:
        ticket.assignee_id = actor.id
        set_committed_value(ticket, "assignee", staff.named(session, {actor.id})[actor.id])


def _status_after_reply(ticket: Ticket, actor: Actor, wished: Status | None) -> Status:
    if actor.is_staff:
        return wished or Status.WAITING
    return Status.NEW if ticket.status == Status.NEW else Status.OPEN


def _refuse_replay(session: Session, form_key: str | None) -> None:
    """Asked before anything else: to a form sent twice its own message would look like somebody's new one."""
    if form_key and session.scalar(select(Message.id).where(Message.form_key == form_key)) is not None:
        raise AlreadySent()


def _check_last_seen(session: Session, ticket: Ticket, last_seen: int | None) -> None:
    if last_seen is None:
        return
    newer = select(Message.id).where(Message.ticket_id == ticket.id, Message.id > last_seen).limit(1)
    if session.scalar(newer) is not None:
        raise NewMessageSince()


def note(
    session: Session,
    ticket: Ticket,
    *,
    body: str,
    actor: Actor,
    uploads: Iterable[Upload] = (),
    form_key: str | None = None,
) -> Message:
    """Add an internal note, which no customer ever sees."""
    _lock(session, ticket)
    message = _write(session, ticket, kind=MessageKind.NOTE, body=body, actor=actor, uploads=uploads, form_key=form_key)
    events.record(session, "ticket.noted", ticket, actor=actor, message_id=message.id)
    return message


def assign(session: Session, ticket: Ticket, *, assignee: StaffMember | None, actor: Actor) -> None:
    """Give the ticket to somebody, or to nobody.  Raises `CannotBeAssigned` for those who may not answer."""
    _lock(session, ticket)
    if assignee is not None and not (assignee.is_active and assignee.as_actor().may(Permission.TICKET_WRITE)):
        raise CannotBeAssigned(name=assignee.name)
    assignee_id = assignee.id if assignee else None
    if ticket.assignee_id == assignee_id:
        return
    changes = {"assignee_id": [ticket.assignee_id, assignee_id]}
    ticket.assignee_id = assignee_id
    set_committed_value(ticket, "assignee", assignee)
    events.record(session, "ticket.assigned", ticket, actor=actor, assignee_id=assignee_id, changes=changes)


def set_status(session: Session, ticket: Ticket, *, status: Status, actor: Actor) -> None:
    """Move the ticket to another status.  Customers may solve and, while it is not closed, reopen: else `TicketClosed`."""
    _lock(session, ticket)
    if not actor.is_staff and ticket.is_closed:
        raise TicketClosed()
    if ticket.status == status:
        return
    changes = {"status": [ticket.status, status]}
    _settle_status(session, ticket, status)
    ticket.updated_at = clock.now()
    events.record(session, "ticket.status_changed", ticket, actor=actor, status=status, changes=changes)


def _settle_status(session: Session, ticket: Ticket, status: Status) -> None:
    if status == Status.SOLVED and ticket.status != Status.SOLVED:
        ticket.solved_at = clock.now()
        promise_closing(session, ticket)
    elif status not in (Status.SOLVED, Status.CLOSED):
        ticket.solved_at = None
    ticket.status = status


def promise_closing(session: Session, ticket: Ticket) -> None:
    """Promise to close a solved ticket unless it is reopened before."""
    assert ticket.solved_at is not None
    due_at = ticket.solved_at + CLOSE_AFTER
    outbox.put(session, "tickets.close", {"ticket_id": ticket.id, "solved_at": ticket.solved_at.isoformat()}, due_at=due_at)


def set_priority(session: Session, ticket: Ticket, *, priority: Priority, actor: Actor) -> None:
    _lock(session, ticket)
    if ticket.priority != priority:
        changes = {"priority": [int(ticket.priority), int(priority)]}
        ticket.priority = priority
        events.record(session, "ticket.priority_changed", ticket, actor=actor, priority=int(priority), changes=changes)


def searched(ticket: Ticket) -> str:
    """Return what the quick search looks in: by tags too, in either script."""
    return search_text(ticket.subject, *ticket.tags)


def set_tags(session: Session, ticket: Ticket, *, tags: Iterable[str], actor: Actor) -> None:
    """Replace the ticket's tags: blanks and repetitions fall away, at most twenty of forty characters stay."""
    _lock(session, ticket)
    wanted = list(dict.fromkeys(tag for tag in (clean(tag).strip()[:40] for tag in tags) if tag))[:TAGS_LENGTH]
    if ticket.tags != wanted:
        changes = {"tags": [ticket.tags, wanted]}
        ticket.tags = wanted
        ticket.search_text = searched(ticket)
        events.record(session, "ticket.tags_changed", ticket, actor=actor, tags=wanted, changes=changes)


def add_tag(session: Session, ticket: Ticket, *, tag: str, actor: Actor) -> None:
    set_tags(session, ticket, tags=[*ticket.tags, tag], actor=actor)


def rename(session: Session, ticket: Ticket, *, subject: str, version: int | None, actor: Actor) -> None:
    """Change the subject.  Raises `StaleEdit` when the ticket changed since the editor opened it at `version`."""
    _lock(session, ticket)
    if version is not None and version != ticket.version:
        raise StaleEdit()
    before, ticket.subject = ticket.subject, _subject(subject)
    ticket.search_text = searched(ticket)
    events.record(session, "ticket.renamed", ticket, actor=actor, before=before, after=ticket.subject)


def rate(session: Session, ticket: Ticket, *, score: int, comment: str, actor: Actor) -> None:
    """Keep the customer's judgement, 1 (bad) to 5 (very good); it may be changed for seven days."""
    _lock(session, ticket)
    if not ticket.may_be_rated:
        raise NotSolvedYet()
    if not 1 <= score <= 5:
        raise InvalidField("score", _l("Choose one to five stars."))
    if not queries.is_open_to_rating(ticket):
        raise RatingOver()
    ticket.rating, ticket.rating_comment = score, clean(comment).strip()[:2000]
    ticket.rated_at = ticket.rated_at or clock.now()
    events.record(session, "ticket.rated", ticket, actor=actor, score=score)


def _lock(session: Session, ticket: Ticket) -> None:
    """Let changes of one ticket queue up: two people who write at once are both heard, one after the other."""
    columns = [column.key for column in Ticket.__mapper__.column_attrs]
    session.refresh(ticket, attribute_names=columns, with_for_update={"of": Ticket})
