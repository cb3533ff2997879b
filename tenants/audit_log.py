"""The audit log as it is read: searched by who, what, about what and when, a page at a time or as a whole."""

import uuid
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Text, and_, cast, literal, or_, select, tuple_
from sqlalchemy.orm import Session

from kernel.errors import NotFound
from kernel.events import Event
from tenants.models import AuditSeal


@dataclass(frozen=True, kw_only=True)
class Question:
    """What the log is asked for: by whom, what (the beginning of an event's name), about what, and within which days."""

    who: str = ""
    what: str = ""
    subject: str = ""
    words: str = ""
    since: datetime | None = None
    until: datetime | None = None

    def conditions(self) -> list[ColumnElement[bool]]:
        asked: list[ColumnElement[bool]] = []
        kind, _colon, person = self.who.partition(":")
        if kind:
            asked.append(Event.actor_kind == kind)
        if person.isascii() and person.isdecimal() and len(person) <= 18:
            asked.append(Event.actor_id == int(person))
        if self.what:
            asked.append(or_(Event.name == self.what, Event.name.startswith(f"{self.what}.", autoescape=True)))
        if self.subject:
            asked.append(_subject_is(self.subject))
        if self.words:
            asked.append(_holds(self.words))
        bounds = ((self.since, Event.at.__ge__), (self.until, Event.at.__lt__))
        return asked + [compare(bound) for bound, compare in bounds if bound is not None]


def _subject_is(subject: str) -> ColumnElement[bool]:
    kind, _colon, number = subject.partition(":")
    is_one = Event.subject_type == kind
    if not number:
        return is_one
    known = number.isascii() and number.isdecimal() and len(number) <= 18
    return and_(is_one, Event.subject_id == (int(number) if known else -1))


def _holds(words: str) -> ColumnElement[bool]:
    places = (Event.actor_name, Event.name, Event.address, cast(Event.data, Text))
    return or_(*(place.icontains(words, autoescape=True) for place in places))


@dataclass(frozen=True)
class LogPage:
    rows: Sequence[Event]
    next_after: str


def page(session: Session, question: Question, *, after: str = "", limit: int = 50) -> LogPage:
    """Return one page of the log, newest first; `after` continues an earlier one.  Raises `NotFound` for no cut of ours."""
    query = select(Event).where(*question.conditions())
    if after:
        query = query.where(tuple_(Event.at, Event.id) < tuple_(*_cut(after)))
    found = session.scalars(query.order_by(Event.at.desc(), Event.id.desc()).limit(limit + 1)).all()
    rows = found[:limit]
    return LogPage(rows, f"{rows[-1].at.isoformat()}_{rows[-1].id}" if len(found) > limit else "")


def _cut(after: str) -> tuple[Any, Any]:
    at, _mark, event_id = after.partition("_")
    try:
        moment = datetime.fromisoformat(at)
        return literal(moment if moment.tzinfo else None, Event.at.type), literal(uuid.UUID(event_id), Event.id.type)
    except ValueError as error:
        raise NotFound() from error


def everything(session: Session, question: Question) -> Iterable[Event]:
    """Return all that answers the question, newest first, read as it is used."""
    query = select(Event).where(*question.conditions()).order_by(Event.at.desc(), Event.id.desc())
    return session.scalars(query.execution_options(yield_per=1000))


def get(session: Session, event_id: uuid.UUID) -> tuple[Event, AuditSeal | None]:
    """Return one line of the log with its seal, or raise `NotFound`."""
    event = session.get(Event, event_id)
    if event is None:
        raise NotFound()
    return event, session.scalar(select(AuditSeal).where(AuditSeal.event_id == event_id))
