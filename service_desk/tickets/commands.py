"""What changes about tickets."""

import uuid
from collections.abc import Iterable

from sqlalchemy import select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session
from sqlalchemy.orm.attributes import set_committed_value

from crm.customers.models import Customer
from kernel import clock, events, files, outbox
from kernel.actors import Actor
from kernel.errors import AlreadySent, DomainError, InvalidField, StaleEdit
from kernel.files import Upload
from kernel.i18n import lazy_text as _l
from kernel.text import clean, search_text
from service_desk.tickets.models import Attachment, Message, MessageKind, Priority, Status, Ticket
from service_desk.tickets.policy import CLOSE_AFTER, RATING_WINDOW
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
        search_text=search_text(subject),
        created_at=now,
        updated_at=now,
    )
    set_committed_value(ticket, "customer", customer)
    set_committed_value(ticket, "assignee", None)
    _insert_once(session, ticket)
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


def _insert_once(session: Session, row: Ticket | Message) -> None:
    """The unique form key decides which of two equal forms was first, also when both arrive in the same instant."""
    try:
        with session.begin_nested():
            session.add(row)
    except IntegrityError as error:
        if "form_key" in str(error.orig):
            raise AlreadySent() from error
        raise


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
        created_at=clock.now(),
    )
    _insert_once(session, message)
    session.add_all([Attachment(message_id=message.id, file_id=file.id) for file in stored])
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
    _check_last_seen(session, ticket, last_seen)
    kind = MessageKind.REPLY if actor.is_staff else MessageKind.CUSTOMER
    message = _write(session, ticket, kind=kind, body=body, actor=actor, uploads=uploads, form_key=form_key)
    _settle_status(session, ticket, _status_after_reply(ticket, actor, status))
    if actor.is_staff:
        ticket.first_replied_at = ticket.first_replied_at or message.created_at
        ticket.assignee_id = ticket.assignee_id or actor.id
    events.record(session, "ticket.replied", ticket, actor=actor, status=ticket.status, message_id=message.id)
    return message


def _status_after_reply(ticket: Ticket, actor: Actor, wished: Status | None) -> Status:
    if actor.is_staff:
        return wished or Status.WAITING
    return Status.NEW if ticket.status == Status.NEW else Status.OPEN


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
    ticket.assignee_id = assignee_id
    set_committed_value(ticket, "assignee", assignee)
    events.record(session, "ticket.assigned", ticket, actor=actor, assignee_id=assignee_id)


def set_status(session: Session, ticket: Ticket, *, status: Status, actor: Actor) -> None:
    """Move the ticket to another status.  Customers may solve and, while it is not closed, reopen: else `TicketClosed`."""
    _lock(session, ticket)
    if not actor.is_staff and ticket.is_closed:
        raise TicketClosed()
    if ticket.status == status:
        return
    _settle_status(session, ticket, status)
    ticket.updated_at = clock.now()
    events.record(session, "ticket.status_changed", ticket, actor=actor, status=status)


def _settle_status(session: Session, ticket: Ticket, status: Status) -> None:
    if status == Status.SOLVED and ticket.status != Status.SOLVED:
        ticket.solved_at = clock.now()
        due_at = ticket.solved_at + CLOSE_AFTER
        outbox.put(session, "tickets.close", {"ticket_id": ticket.id, "solved_at": ticket.solved_at.isoformat()}, due_at=due_at)
    elif status not in (Status.SOLVED, Status.CLOSED):
        ticket.solved_at = None
    ticket.status = status


def set_priority(session: Session, ticket: Ticket, *, priority: Priority, actor: Actor) -> None:
    _lock(session, ticket)
    if ticket.priority != priority:
        ticket.priority = priority
        events.record(session, "ticket.priority_changed", ticket, actor=actor, priority=int(priority))


def set_tags(session: Session, ticket: Ticket, *, tags: Iterable[str], actor: Actor) -> None:
    """Replace the ticket's tags: blanks and repetitions fall away, at most twenty of forty characters stay."""
    _lock(session, ticket)
    wanted = list(dict.fromkeys(tag for tag in (clean(tag).strip()[:40] for tag in tags) if tag))[:TAGS_LENGTH]
    if ticket.tags != wanted:
        ticket.tags = wanted
        events.record(session, "ticket.tags_changed", ticket, actor=actor, tags=wanted)


def add_tag(session: Session, ticket: Ticket, *, tag: str, actor: Actor) -> None:
    set_tags(session, ticket, tags=[*ticket.tags, tag], actor=actor)


def rename(session: Session, ticket: Ticket, *, subject: str, version: int | None, actor: Actor) -> None:
    """Change the subject.  Raises `StaleEdit` when the ticket changed since the editor opened it at `version`."""
    _lock(session, ticket)
    if version is not None and version != ticket.version:
        raise StaleEdit()
    before, ticket.subject = ticket.subject, _subject(subject)
    ticket.search_text = search_text(ticket.subject)
    events.record(session, "ticket.renamed", ticket, actor=actor, before=before, after=ticket.subject)


def rate(session: Session, ticket: Ticket, *, score: int, comment: str, actor: Actor) -> None:
    """Keep the customer's judgement, 1 (bad) to 5 (very good); it may be changed for seven days."""
    _lock(session, ticket)
    if not ticket.may_be_rated:
        raise NotSolvedYet()
    if not 1 <= score <= 5:
        raise InvalidField("score", _l("Choose one to five stars."))
    now = clock.now()
    if ticket.rated_at is not None and now > ticket.rated_at + RATING_WINDOW:
        raise RatingOver()
    ticket.rating, ticket.rating_comment = score, clean(comment).strip()[:2000]
    ticket.rated_at = ticket.rated_at or now
    events.record(session, "ticket.rated", ticket, actor=actor, score=score)


def _lock(session: Session, ticket: Ticket) -> None:
    """Let changes of one ticket queue up: two people who write at once are both heard, one after the other."""
    columns = [column.key for column in Ticket.__mapper__.column_attrs]
    session.refresh(ticket, attribute_names=columns, with_for_update={"of": Ticket})
