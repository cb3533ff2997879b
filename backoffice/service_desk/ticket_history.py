"""A ticket's audit trail as sentences."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from flask_babel import gettext as _
from sqlalchemy.orm import Session

from kernel.events import Event
from service_desk.tickets.queries import PRIORITY_NAMES, STATUS_NAMES, Priority, Status
from tenants import staff
from web.languages import joined


@dataclass(frozen=True)
class Line:
    at: datetime
    icon: str
    text: str


def lines(session: Session, events: Sequence[Event]) -> list[Line]:
    """Return a line for each event that has a sentence, in the order given."""
    assignees = {event.data["assignee_id"] for event in events if event.data.get("assignee_id")}
    names = {member.id: member.name for member in staff.named(session, assignees).values()}
    return [
        Line(event.at, icon, sentence(event.actor_name, event.data, names))
        for event in events
        if event.name in _SENTENCES
        for icon, sentence in (_SENTENCES[event.name],)
    ]


Sentence = Callable[[str, dict[str, Any], dict[int, str]], str]


def _assigned(who: str, data: dict[str, Any], names: dict[int, str]) -> str:
    if data["assignee_id"] is None:
        return str(_("%(who)s took it from its assignee", who=who))
    return str(_("%(who)s assigned it to %(name)s", who=who, name=names.get(data["assignee_id"], "?")))


def _status_changed(who: str, data: dict[str, Any], _names: dict[int, str]) -> str:
    return str(_("%(who)s set the status to “%(status)s”", who=who, status=STATUS_NAMES[Status(data["status"])]))


def _priority_changed(who: str, data: dict[str, Any], _names: dict[int, str]) -> str:
    return str(_("%(who)s set the priority to “%(priority)s”", who=who, priority=PRIORITY_NAMES[Priority(data["priority"])]))


def _tags_changed(who: str, data: dict[str, Any], _names: dict[int, str]) -> str:
    if not data["tags"]:
        return str(_("%(who)s removed all tags", who=who))
    return str(_("%(who)s set the tags: %(tags)s", who=who, tags=joined(data["tags"])))


def _renamed(who: str, data: dict[str, Any], _names: dict[int, str]) -> str:
    return str(_("%(who)s changed the subject from “%(subject)s”", who=who, subject=data["before"]))


def _rated(who: str, data: dict[str, Any], _names: dict[int, str]) -> str:
    return str(_("%(who)s gave %(score)s of 5 stars", who=who, score=data["score"]))


_SENTENCES: dict[str, tuple[str, Sentence]] = {
    "ticket.created": ("inbox", lambda who, data, names: str(_("%(who)s sent it", who=who))),
    "ticket.replied": ("message", lambda who, data, names: str(_("%(who)s wrote a message", who=who))),
    "ticket.noted": ("lock", lambda who, data, names: str(_("%(who)s added an internal note", who=who))),
    "ticket.assigned": ("user-plus", _assigned),
    "ticket.status_changed": ("refresh", _status_changed),
    "ticket.priority_changed": ("flag", _priority_changed),
    "ticket.tags_changed": ("tag", _tags_changed),
    "ticket.renamed": ("pencil", _renamed),
    "ticket.rated": ("star", _rated),
}
