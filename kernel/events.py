"""Events: what happened, written in the transaction that made it happen, and told to listeners after the commit."""

import uuid
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import datetime, timedelta
from typing import Any, Protocol, cast

from sqlalchemy import BigInteger, Index, Table, bindparam, insert, select
from sqlalchemy.dialects.postgresql import UUID
from sqlalchemy.orm import Mapped, Session, mapped_column

from kernel import clock, outbox
from kernel.actors import Actor
from kernel.database import TenantBase


class Event(TenantBase):
    """One line of the tenant's audit trail; the tenant's role may add lines and read them, never change them."""

    __tablename__ = "event"
    __table_args__ = (Index("ix_event_subject", "subject_type", "subject_id", "at"), Index("ix_event_at", "at"))

    id: Mapped[uuid.UUID] = mapped_column(UUID(as_uuid=True), primary_key=True)
    at: Mapped[datetime]
    name: Mapped[str]
    subject_type: Mapped[str]
    subject_id: Mapped[int] = mapped_column(BigInteger)
    actor_kind: Mapped[str]
    actor_id: Mapped[int | None] = mapped_column(BigInteger)
    actor_name: Mapped[str]
    data: Mapped[dict[str, Any]]
    address: Mapped[str | None]


_LINES = cast(Table, Event.__table__)
# Into the table, not the model: what a model adds to an insert takes longer than the insert.
_WRITE = insert(_LINES).values({column.name: bindparam(f"event_{column.name}") for column in _LINES.columns})

# The network address from which the present request came; jobs come from nowhere.
_came_from: ContextVar[str] = ContextVar("came_from", default="")


def come_from(address: str) -> None:
    """Let the events of this piece of work say from where it was asked for."""
    _came_from.set(address)


def came_from() -> str:
    """Return the network address from which this piece of work was asked for, or nothing."""
    return _came_from.get()


class Recordable(Protocol):
    """A row that events can be about."""

    __tablename__: str

    @property
    def id(self) -> Any: ...


_is_unrecorded: ContextVar[bool] = ContextVar("unrecorded", default=False)


@contextmanager
def unrecorded() -> Iterator[None]:
    """Let what happens in the block be in no trail and be told to nobody: for a past that is made up (demo data)."""
    token = _is_unrecorded.set(True)
    try:
        yield
    finally:
        _is_unrecorded.reset(token)


def record(session: Session, name: str, subject: Recordable, *, actor: Actor, **data: Any) -> Event:
    """Write down that `actor` did `name` (past tense, `deal.won`) to `subject`, and promise to tell the listeners.

    What is returned is a copy of the line, which nobody can change.
    `data` must be JSON and must not hold secrets: the audit trail is read by the tenant's administrators.
    """
    session.flush()
    facts: dict[str, Any] = {
        "id": uuid.uuid4(),
        "at": clock.now(),
        "name": name,
        "subject_type": subject.__tablename__,
        "subject_id": subject.id,
        "actor_kind": actor.kind,
        "actor_id": actor.id,
        "actor_name": actor.name,
        "data": data,
        "address": _came_from.get(),
    }
    event = Event(**facts)
    if not _is_unrecorded.get():
        told, line = {"event_id": str(facts["id"]), "name": name}, {f"event_{key}": value for key, value in facts.items()}
        outbox.put(session, "events.tell", told, id=facts["id"], beside=(_WRITE, line))
        for watch in _watchers:
            watch(session, event)
    return event


# Whoever looks again within this time has looked already.
_LOOKED_LATELY = timedelta(hours=1)


def record_view(session: Session, name: str, subject: Recordable, *, actor: Actor) -> None:
    """Write down that `actor` looked at `subject` (`customer.viewed`), once an hour."""
    theirs = (Event.actor_kind == actor.kind) & (Event.actor_name == actor.name) & Event.actor_id.is_not_distinct_from(actor.id)
    this = (Event.subject_type == subject.__tablename__) & (Event.subject_id == subject.id) & (Event.name == name)
    lately = select(Event.id).where(this, theirs, Event.at >= clock.now() - _LOOKED_LATELY)
    if session.scalar(lately.limit(1)) is None:
        record(session, name, subject, actor=actor)


_watchers: list[Callable[[Session, Event], None]] = []


def when_recorded(watch: Callable[[Session, Event], None]) -> None:
    """Let `watch` see every event in the transaction that records it."""
    if watch not in _watchers:
        _watchers.append(watch)


Listener = Callable[[Session, Event], None]
_listeners: dict[str, dict[str, Listener]] = defaultdict(dict)


def listens_to(*names: str) -> Callable[[Listener], Listener]:
    """Declare a function that runs once for every event of these names, in a transaction of its own in the tenant's schema."""

    def declare(listener: Listener) -> Listener:
        for name in names:
            _listeners[name][f"{listener.__module__}.{listener.__name__}"] = listener
        return listener

    return declare


def listeners_of(name: str) -> dict[str, Listener]:
    """Return the listeners of an event by their full names."""
    return dict(_listeners[name])


def history(session: Session, subject: Recordable, *, limit: int = 100) -> Sequence[Event]:
    """Return what happened to a row, newest first; that somebody looked at it changed nothing, and is left out."""
    this = (Event.subject_type == subject.__tablename__) & (Event.subject_id == subject.id)
    query = select(Event).where(this, Event.name.not_like("%.viewed"))
    return session.scalars(query.order_by(Event.at.desc()).limit(limit)).all()
