"""Articles at the desk: the editors' overview, and an article with all that is known of it."""

from collections.abc import Callable, Sequence
from typing import Any

from flask import request, url_for
from sqlalchemy import Select
from sqlalchemy.orm import Session

from backoffice.service_desk import ticket_answers
from kernel.actors import Actor
from kernel.i18n import BY_CODE, LANGUAGES, LazyText, spoken
from kernel.i18n import lazy_text as _l
from knowledge_base.articles import commands, finding, queries, texts, translating, workflow
from knowledge_base.articles.fields import ARTICLE
from knowledge_base.articles.queries import VISIBILITY_NAMES, Article, Visibility
from notifications import commands as notifications
from tenants import staff
from tenants.modules import Module
from tenants.permissions import Permission
from web import access, modules
from web.lifecycle import session
from web.record_pages import BulkAction, RecordPages, Tab, blueprint_of

_VIEWS: dict[str, tuple[LazyText, str]] = {
    "all": (_l("All"), "list"),
    "mine": (_l("My articles"), "user"),
    "review": (_l("Waiting for review"), "eye"),
    "drafts": (_l("Being written"), "pencil"),
    "scheduled": (_l("Scheduled"), "calendar"),
    "published": (_l("Published"), "world"),
    "overdue": (_l("Due to be read again"), "alarm"),
    "archived": (_l("Archived"), "archive"),
}


def _view() -> str:
    asked = request.args.get("view", "")
    return asked if asked in _VIEWS else "all"


def _in_view(query: Select[Article]) -> Select[Article]:
    return queries.in_view(query, _view(), actor=access.actor())


def _tabs() -> tuple[str, Sequence[Tab]]:
    counts = queries.view_counts(session, actor=access.actor())
    return _view(), [Tab(key, label, icon, counts[key]) for key, (label, icon) in _VIEWS.items()]


def categories() -> list[tuple[int, str]]:
    """Return the tree in reading order, each branch below and further in than its parent."""
    branches = queries.flattened(queries.tree(session, spoken(), actor=access.actor()))
    return [(branch.category.id, "\u2003" * (len(branch.path) - 1) + branch.category.name_in(spoken())) for branch in branches]


def people() -> list[tuple[int, str]]:
    return [(member.id, member.name) for member in staff.assignable(session)]


def _place_and_audience(article: Article) -> str:
    place = article.category.name_in(spoken())
    is_public = article.visibility == Visibility.PUBLIC
    return place if is_public else f"{place} · {VISIBILITY_NAMES[Visibility(article.visibility)]}"


def context(article: Article | None) -> dict[str, Any]:
    """Return what an article's page shows besides: the version in hand, its translations, the languages it lacks."""
    if article is None:
        return {}
    row = translating.rows(session, [article.translation_key], actor=access.actor())[0]
    in_hand = queries.open_version(session, article)
    return {
        "written_in": BY_CODE[article.language],
        "row_of_languages": row,
        "missing": [language for language in LANGUAGES if language.code not in row.by_code],
        "public_url": f"/{BY_CODE[article.language].path}/a/{article.id}-{article.slug}",
        "measures": ticket_answers.measures(article),
        "in_hand": in_hand,
        "in_hand_html": _html_of(article, in_hand.body) if in_hand and article.is_published else "",
        "needs_second_person": in_hand is not None and workflow.needs_second_person(session, in_hand, actor=access.actor()),
        "may_arrange": may_arrange(row),
    }


def _opened(article: Article) -> None:
    """Opening an article is reading what the bell said about it."""
    notifications.mark_read(session, actor=access.actor(), article_id=article.id)


def _html_of(article: Article, body: str) -> str:
    return texts.rendered(session, body, article.language).html


def may_arrange(row: translating.Row) -> bool:
    """Whether the actor may set place and audience: of what readers see, only who may publish."""
    is_live = any(one.is_published for one in row.by_code.values())
    return access.actor().may(Permission.ARTICLE_PUBLISH if is_live else Permission.ARTICLE_WRITE)


def _bulk(
    name: str, label: LazyText, icon: str, apply: Callable[..., None], permission: Permission = Permission.ARTICLE_PUBLISH
) -> BulkAction:
    def to_each(session: Session, article: Article, _value: str, actor: Actor) -> None:
        apply(session, article, actor=actor)

    return BulkAction(name=name, label=label, icon=icon, permission=permission, apply=to_each)


def _search(query: Select[Any], words: str) -> Select[Any]:
    return finding.narrowed(session, query, words, spoken(), actor=access.actor())


PAGES = RecordPages(
    record_type=ARTICLE,
    path="/articles",
    read=Permission.ARTICLE_READ,
    write=Permission.ARTICLE_WRITE,
    visible_to=queries.visible_to,
    view=_in_view,
    tabs=_tabs,
    options=queries.for_lists(),
    show_options=queries.whole(),
    columns=("title", "language", "status", "next_status", "owner", "review_by", "unhelpful_count", "updated_at"),
    filters=(
        *("language", "category", "status", "next_status", "kind", "visibility", "groups", "owner"),
        *("review_by", "keywords", "helpful_count", "unhelpful_count", "updated_at"),
    ),
    search=_search,
    subtitle=_place_and_audience,
    looks={"status": "status", "next_status": "status"},
    references={"category": categories, "owner": people},
    bulk=(
        _bulk("submit", _l("Ask for a review"), "eye", workflow.submit, Permission.ARTICLE_WRITE),
        _bulk("publish", _l("Publish"), "world", commands.publish),
        _bulk("withdraw", _l("Withdraw"), "eye-off", commands.withdraw),
        _bulk("archive", _l("Archive"), "archive", workflow.archive),
    ),
    new_url=lambda: url_for("writing.new"),
    new_label=_l("New article"),
    context=context,
    opened=_opened,
    events={
        "article.written": _l("%(who)s wrote this article"),
        "article.changed": _l("%(who)s changed: %(what)s"),
        "article.submitted": _l("%(who)s asked for a review"),
        "article.sent_back": _l("%(who)s sent it back"),
        "article.approved": _l("%(who)s approved it"),
        "article.scheduled": _l("%(who)s set the hour of publication"),
        "article.unscheduled": _l("%(who)s took back the hour of publication"),
        "article.published": _l("%(who)s published it"),
        "article.rolled_back": _l("%(who)s went back to an earlier version"),
        "article.discarded": _l("%(who)s gave up the next version"),
        "article.withdrawn": _l("%(who)s withdrew it"),
        "article.archived": _l("%(who)s archived it"),
        "article.arranged": _l("%(who)s changed: %(what)s"),
        "article.confirmed": _l("%(who)s found the translation up to date"),
    },
    list_template="backoffice/knowledge_base/list.html",
    show_template="backoffice/knowledge_base/article.html",
)
blueprint = modules.belongs_to(blueprint_of(PAGES, "articles"), Module.KNOWLEDGE_BASE)
