"""What readers say against articles: an inbox that is worked off."""

from collections.abc import Sequence

from flask import request, url_for
from sqlalchemy import Select
from sqlalchemy.orm import Session

from kernel.actors import Actor
from kernel.i18n import LazyText
from kernel.i18n import lazy_text as _l
from knowledge_base.questions import commands, queries
from knowledge_base.questions.fields import FEEDBACK
from knowledge_base.questions.queries import Vote
from tenants.modules import Module
from tenants.permissions import Permission
from web import access, modules
from web.lifecycle import session
from web.record_pages import BulkAction, RecordPages, Tab, blueprint_of

_VIEWS: dict[str, tuple[LazyText, str]] = {"todo": (_l("To do"), "inbox"), "handled": (_l("Done"), "circle-check")}


def _view() -> str:
    asked = request.args.get("view", "")
    return asked if asked in _VIEWS else "todo"


def _in_view(query: Select[Vote]) -> Select[Vote]:
    return queries.votes_in_view(query, _view())


def _tabs() -> tuple[str, Sequence[Tab]]:
    counts = queries.vote_counts(session, actor=access.actor())
    return _view(), [Tab(key, label, icon, counts[key]) for key, (label, icon) in _VIEWS.items()]


def _handle(session: Session, vote: Vote, _value: str, actor: Actor) -> None:
    commands.handle_vote(session, vote, actor=actor)


def _take_up(session: Session, vote: Vote, _value: str, actor: Actor) -> None:
    commands.take_up_vote(session, vote, actor=actor)


PAGES = RecordPages(
    record_type=FEEDBACK,
    path="/feedback",
    read=Permission.ARTICLE_READ,
    write=Permission.ARTICLE_WRITE,
    visible_to=queries.votes_visible_to,
    view=_in_view,
    columns=("said", "article", "reason", "at"),
    filters=("reason", "at"),
    sort="-at",
    options=(queries.with_article(),),
    tabs=_tabs,
    bulk=(
        BulkAction(name="handle", label=_l("Done"), icon="check", permission=Permission.ARTICLE_WRITE, apply=_handle, key="e"),
        BulkAction(
            name="take_up", label=_l("Take up again"), icon="refresh", permission=Permission.ARTICLE_WRITE, apply=_take_up
        ),
    ),
    list_template="backoffice/knowledge_base/list.html",
    has_show=False,
    row_url=lambda vote: url_for("articles.show", record_id=vote.article_id),
)
blueprint = modules.belongs_to(blueprint_of(PAGES, "feedback"), Module.KNOWLEDGE_BASE)
