"""The bell: what happened to the tickets that are somebody's concern."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from flask import Blueprint, render_template, url_for
from flask_babel import gettext as _
from werkzeug.wrappers import Response

from notifications import commands, queries
from tenants.permissions import Permission
from web import access, htmx
from web.access import requires
from web.lifecycle import session

blueprint = Blueprint("bell", __name__)
_LIMIT = 100


@dataclass
class TicketNews:
    """What happened to one ticket, newest first."""

    number: int
    subject: str
    lines: list[tuple[str, datetime, bool]] = field(default_factory=list)

    @property
    def is_unread(self) -> bool:
        return any(is_unread for _sentence, _at, is_unread in self.lines)


@blueprint.get("/bell")
@requires(Permission.TICKET_READ)
def page() -> str:
    return render_template("backoffice/service_desk/bell.html", news=_news())


def _news() -> list[TicketNews]:
    """Return the newest items grouped by ticket, in the order of each ticket's newest."""
    by_ticket: dict[int, TicketNews] = {}
    for item in queries.bell(session, actor=access.actor(), limit=_LIMIT):
        news = by_ticket.setdefault(item.ticket_id, TicketNews(item.data["number"], item.data["subject"]))
        news.lines.append((_sentence(item.kind, item.data), item.at, item.read_at is None))
    return list(by_ticket.values())


def _sentence(kind: str, data: dict[str, Any]) -> str:
    sentences = {
        "ticket.created": _("%(who)s sent a new request", who=data["who"]),
        "ticket.replied": _("%(who)s replied", who=data["who"]),
        "ticket.assigned": _("%(who)s assigned it to you", who=data["who"]),
        "ticket.rated": _("%(who)s gave %(score)s of 5 stars", who=data["who"], score=data.get("score", "")),
    }
    return str(sentences.get(kind, data["who"]))


@blueprint.get("/bell/count")
@requires(Permission.TICKET_READ)
def count() -> str:
    return render_template("web/_bell.html")


@blueprint.post("/bell/read")
@requires(Permission.TICKET_READ)
def mark_all_read() -> Response:
    commands.mark_read(session, actor=access.actor())
    return htmx.redirect_to(url_for("bell.page"))
