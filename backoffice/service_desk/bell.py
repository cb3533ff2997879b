"""The bell: what happened to the tickets and articles that are somebody's concern."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from flask import Blueprint, render_template, url_for
from flask_babel import gettext as _
from werkzeug.wrappers import Response

from notifications import commands, queries
from tenants.permissions import Permission
from web import access, htmx, modules
from web.access import requires
from web.lifecycle import session

blueprint = Blueprint("bell", __name__)
_LIMIT = 100


@dataclass
class News:
    """What happened to one ticket or article, newest first; `url` is empty where its room is closed, `number` a ticket's."""

    subject: str
    url: str
    number: int | None
    lines: list[tuple[str, datetime, bool]] = field(default_factory=list)

    @property
    def is_unread(self) -> bool:
        return any(is_unread for _sentence, _at, is_unread in self.lines)


@blueprint.get("/bell")
@requires(Permission.OWN_ACCOUNT)
def page() -> str:
    return render_template("backoffice/service_desk/bell.html", news=_news())


def _news() -> list[News]:
    """Return the newest items grouped by what they are about, in the order of each group's newest."""
    grouped: dict[tuple[int | None, int | None], News] = {}
    for item in queries.bell(session, actor=access.actor(), limit=_LIMIT):
        about = (item.ticket_id, item.article_id)
        news = grouped.setdefault(about, _about(item.data, article_id=item.article_id))
        news.lines.append((_sentence(item.kind, item.data), item.at, item.read_at is None))
    return list(grouped.values())


def _about(data: dict[str, Any], *, article_id: int | None) -> News:
    if article_id is None:
        return News(data["subject"], url_for("tickets.page", number=data["number"]), data["number"])
    is_open = modules.has_page("articles.show")
    return News(data["subject"], url_for("articles.show", record_id=article_id) if is_open else "", None)


def _sentence(kind: str, data: dict[str, Any]) -> str:
    sentences = {
        "ticket.created": _("%(who)s sent a new request", who=data["who"]),
        "ticket.replied": _("%(who)s replied", who=data["who"]),
        "ticket.assigned": _("%(who)s assigned it to you", who=data["who"]),
        "ticket.rated": _("%(who)s gave %(score)s of 5 stars", who=data["who"], score=data.get("score", "")),
        "article.submitted": _("%(who)s asked for a review", who=data["who"]),
        "article.approved": _("%(who)s approved it", who=data["who"]),
        "article.sent_back": _("%(who)s sent it back", who=data["who"]),
        "article.published": _("%(who)s published it", who=data["who"]),
    }
    return str(sentences.get(kind, data["who"]))


@blueprint.get("/bell/count")
@requires(Permission.OWN_ACCOUNT)
def count() -> str:
    return render_template("web/_bell.html")


@blueprint.post("/bell/read")
@requires(Permission.OWN_ACCOUNT)
def mark_all_read() -> Response:
    commands.mark_read(session, actor=access.actor())
    return htmx.redirect_to(url_for("bell.page"))
