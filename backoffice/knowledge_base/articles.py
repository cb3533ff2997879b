"""Articles at the desk: the list, the article as its readers see it, the form, publishing."""

from collections.abc import Sequence
from typing import Any

from flask import flash, render_template, request, url_for
from flask_babel import gettext as _
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response

from kernel.actors import Actor
from kernel.i18n import BY_CODE, LANGUAGES, spoken
from kernel.i18n import lazy_text as _l
from knowledge_base.articles import commands, queries
from knowledge_base.articles.fields import ARTICLE
from knowledge_base.articles.queries import Article
from knowledge_base.articles.rendering import render
from tenants.permissions import Permission
from web import access, htmx
from web.access import requires
from web.lifecycle import session
from web.record_pages import BulkAction, RecordPages, blueprint_of


def _categories() -> Sequence[tuple[int, str]]:
    """Return the tree in reading order, each branch below and further in than its parent."""
    branches = queries.flattened(queries.tree(session, spoken(), actor=access.actor()))
    return [(branch.category.id, "\u2003" * (len(branch.path) - 1) + branch.category.name_in(spoken())) for branch in branches]


def _add(session: Session, *, category: int, actor: Actor, **values: Any) -> Article:
    original = request.args.get("translation_of", "")
    if original:
        values["translation_key"] = queries.get(session, _row_id(original), actor=actor).translation_key
    return commands.write(session, category=queries.category(session, category), **values, actor=actor)


def _row_id(text: str) -> int:
    """Return the id that an address names; 0, which no row has, when it names none."""
    return int(text) if text.isascii() and text.isdecimal() and len(text) < 19 else 0


def _change(session: Session, article: Article, *, values: dict[str, Any], version: int | None, actor: Actor) -> None:
    if "category" in values:
        values = {**values, "category": queries.category(session, values["category"])}
    commands.change(session, article, values=values, revision=version, actor=actor)


def _context(article: Article | None) -> dict[str, Any]:
    """Return what the article's page and form show besides: its translations, and the languages it still lacks."""
    if article is None:
        return {}
    translations = queries.translations(session, article, actor=access.actor())
    return {
        "written_in": BY_CODE[article.language],
        "translations": [(BY_CODE[code], other) for code, other in translations.items() if other.id != article.id],
        "missing": [language for language in LANGUAGES if language.code not in translations],
        "public_url": f"/{BY_CODE[article.language].path}/a/{article.id}-{article.slug}",
        "may_change": access.actor().may(Permission.ARTICLE_PUBLISH if article.is_published else Permission.ARTICLE_WRITE),
    }


def _publish(session: Session, article: Article, _value: str, actor: Actor) -> None:
    commands.publish(session, article, actor=actor)


def _withdraw(session: Session, article: Article, _value: str, actor: Actor) -> None:
    commands.withdraw(session, article, actor=actor)


PAGES = RecordPages(
    record_type=ARTICLE,
    path="/articles",
    read=Permission.ARTICLE_READ,
    write=Permission.ARTICLE_WRITE,
    visible_to=queries.visible_to,
    options=queries.for_lists(),
    show_options=queries.whole(),
    columns=("title", "language", "category", "status", "helpful_count", "unhelpful_count", "updated_at"),
    filters=("language", "category", "status", "keywords", "helpful_count", "unhelpful_count", "updated_at"),
    looks={"status": "status"},
    references={"category": _categories},
    bulk=(
        BulkAction(name="publish", label=_l("Publish"), icon="world", permission=Permission.ARTICLE_PUBLISH, apply=_publish),
        BulkAction(
            name="withdraw", label=_l("Withdraw"), icon="eye-off", permission=Permission.ARTICLE_PUBLISH, apply=_withdraw
        ),
    ),
    new_label=_l("New article"),
    form=(
        (_l("Where it belongs"), ("language", "category")),
        (_l("What it says"), ("title", "summary", "body", "keywords")),
    ),
    form_only_new=("language",),
    add=_add,
    change=_change,
    context=_context,
    events={
        "article.written": _l("%(who)s wrote this article"),
        "article.changed": _l("%(who)s changed: %(what)s"),
        "article.published": _l("%(who)s published it"),
        "article.withdrawn": _l("%(who)s withdrew it"),
    },
    list_template="backoffice/knowledge_base/articles.html",
    show_template="backoffice/knowledge_base/article.html",
    form_template="backoffice/knowledge_base/article_form.html",
)
blueprint = blueprint_of(PAGES, "articles")


@blueprint.post("/articles/<int:record_id>/publish")
@requires(Permission.ARTICLE_PUBLISH)
def publish(record_id: int) -> Response:
    article = queries.get(session, record_id, actor=access.actor())
    commands.publish(session, article, actor=access.actor())
    flash(_("The article is published. Readers find it within a minute."), "success")
    return htmx.redirect_to(url_for(".show", record_id=record_id))


@blueprint.post("/articles/<int:record_id>/withdraw")
@requires(Permission.ARTICLE_PUBLISH)
def withdraw(record_id: int) -> Response:
    article = queries.get(session, record_id, actor=access.actor())
    commands.withdraw(session, article, actor=access.actor())
    flash(_("The article is a draft again. No reader sees it."), "success")
    return htmx.redirect_to(url_for(".show", record_id=record_id))


@blueprint.post("/articles/preview")
@requires(Permission.ARTICLE_WRITE)
def preview() -> str:
    """Return the text of the form as its readers would see it."""
    text = request.form.get("body", "")[: commands.BODY_LENGTH]
    return render_template("backoffice/knowledge_base/_preview.html", html=render(text).html)
