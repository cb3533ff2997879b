"""The audit log: who did what, when and from where; as a list, as a file, and whether anybody has tampered with it."""

import json
from collections.abc import Iterator
from datetime import date, datetime, time, timedelta
from urllib.parse import urlencode

from flask import Blueprint, abort, render_template, request, send_file
from flask_babel import gettext as _
from werkzeug.wrappers import Response

from backoffice.settings import audit_words as words
from kernel import clock, events
from kernel.errors import DomainError, Forbidden
from kernel.events import Event
from kernel.i18n import lazy_text as _l
from kernel.records import Field, Kind
from tenants import audit, audit_log, people, staff
from tenants.audit import Fault
from tenants.audit_log import Question
from tenants.permissions import Permission
from web import access, attachments
from web.access import requires
from web.languages import zone
from web.lifecycle import session
from web.record_pages import exporting
from web.record_pages.routes import EXPORT_LIMIT, TooManyRows

blueprint = Blueprint("settings_audit", __name__)
_LONGEST = 200
FAULTS = {
    Fault.CHANGED: _l("Entry %(number)s or its seal was changed."),
    Fault.MISSING: _l("The event of entry %(number)s is gone."),
    Fault.PUT_IN: _l("An event was put in that was never recorded."),
    Fault.CUT: _l("The end of the log was cut off, or its last seals were made anew: it must end with entry %(number)s."),
}


class UnreadableDay(DomainError):
    status = 400
    message = _l("A day must be written as 2026-12-31. Open the log again, then filter it anew.")


@blueprint.get("/settings/audit")
@requires(Permission.AUDIT_INSPECT)
def listing() -> str:
    page = audit_log.page(session, _question(), after=request.args.get("after", ""))
    everybody = people.everybody(session)
    return render_template(
        "backoffice/settings/audit.html",
        page=page,
        people=everybody,
        names={person.member.id: person.member.name for person in everybody},
        words=words,
        asked=request.args,
        query=urlencode(_asked()),
        is_filtered=bool(_asked()),
        verification=audit.verify(session) if "verify" in request.args else None,
        faults=FAULTS,
    )


def _asked() -> list[tuple[str, str]]:
    names = ("who", "what", "subject", "q", "from", "to")
    return [(name, value) for name in names if (value := request.args.get(name, "").strip()[:_LONGEST])]


def _question() -> Question:
    asked = dict(_asked())
    since, until = _day(asked.get("from")), _day(asked.get("to"))
    return Question(
        who=asked.get("who", ""),
        what=asked.get("what", ""),
        subject=asked.get("subject", ""),
        words=asked.get("q", ""),
        since=_midnight(since) if since else None,
        until=_midnight(until + timedelta(days=1)) if until else None,
    )


def _day(text: str | None) -> date | None:
    try:
        day = date.fromisoformat(text) if text else None
    except ValueError as error:
        raise UnreadableDay() from error
    if day and not 1970 <= day.year < 9000:
        raise UnreadableDay()
    return day


def _midnight(day: date) -> datetime:
    return datetime.combine(day, time(), zone())


@blueprint.get("/settings/audit/<event_id>")
@requires(Permission.AUDIT_INSPECT)
def show(event_id: str) -> str:
    event, seal = audit_log.get(session, attachments.parse_id(event_id))
    data = json.dumps(event.data, ensure_ascii=False, indent=2, sort_keys=True)
    names = {member.id: member.name for member in staff.named(session, words.people_in(event)).values()}
    context = {"event": event, "seal": seal, "words": words, "data": data, "names": names}
    return render_template("backoffice/settings/audit_entry.html", **context)


_FIELDS = (
    Field(name="at", label=_l("When"), kind=Kind.MOMENT),
    Field(name="actor_name", label=_l("Who")),
    Field(
        name="actor_kind",
        label=_l("Kind of account"),
        read=lambda event: str(words.ACTORS.get(event.actor_kind, event.actor_kind)),
    ),
    Field(name="deed", label=_l("What"), read=words.deed),
    Field(name="name", label=_l("Event")),
    Field(name="subject", label=_l("About"), read=words.subject),
    Field(name="subject_id", label=_l("Number of the record"), kind=Kind.NUMBER),
    Field(name="address", label=_l("From where"), read=lambda event: event.address or ""),
    Field(name="data", label=_l("Details"), read=lambda event: json.dumps(event.data, ensure_ascii=False, sort_keys=True)),
    Field(name="id", label=_l("Id"), read=lambda event: str(event.id)),
)


@blueprint.get("/settings/audit/export.<format>")
@requires(Permission.AUDIT_INSPECT)
def export(format: str) -> Response:
    """Send all that matches as a file.  That somebody took it is in the log, too."""
    if format not in exporting.FORMATS:
        abort(404)
    if not access.actor().may(Permission.RECORD_EXPORT):
        raise Forbidden()
    write, media_type = exporting.FORMATS[format]
    file, count = exporting.as_file(write, _FIELDS, _exported(), actor=access.actor())
    person = access.current_person()
    assert person is not None, "the gate has just found them"
    facts = {"record_type": "event", "format": format, "query": urlencode(_asked()), "rows": count}
    events.record(session, "records.exported", person.record, actor=access.actor(), **facts)
    name = exporting.file_name(str(_("Audit log")), clock.now().astimezone(zone()).date(), format)
    return send_file(file, mimetype=media_type, as_attachment=True, download_name=name)


def _exported() -> Iterator[Event]:
    for place, event in enumerate(audit_log.everything(session, _question())):
        if place == EXPORT_LIMIT:
            raise TooManyRows()
        yield event
