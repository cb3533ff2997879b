"""The grid of articles by language: what is translated, what is out of date, what is missing."""

from flask import Blueprint, abort, flash, render_template, request, url_for
from flask_babel import gettext as _
from werkzeug.wrappers import Response

from backoffice.knowledge_base.articles import PAGES
from kernel.i18n import BY_CODE, LANGUAGES
from knowledge_base.articles import translating
from knowledge_base.articles.fields import ARTICLE
from tenants.modules import Module
from tenants.permissions import Permission
from web import access, htmx, modules
from web.access import requires
from web.lifecycle import session

blueprint = modules.belongs_to(Blueprint("translations", __name__), Module.KNOWLEDGE_BASE)
_PAGE = 50


@blueprint.get("/articles/translations")
@requires(Permission.ARTICLE_READ)
def page() -> str:
    number = min(max(1, request.args.get("page", 1, type=int)), 10_000)
    rows, total = translating.grid(session, actor=access.actor(), page=number, size=_PAGE)
    return render_template(
        "backoffice/knowledge_base/translations.html",
        rows=rows,
        grid_languages=LANGUAGES,
        status_names=ARTICLE["status"].choices,
        previous_url=url_for(".page", page=number - 1) if number > 1 else None,
        next_url=url_for(".page", page=number + 1) if total > number * _PAGE else None,
        total=total,
    )


@blueprint.post("/articles/<int:record_id>/translate/<code>")
@requires(Permission.ARTICLE_WRITE)
def begin(record_id: int, code: str) -> Response:
    """Begin a translation with the source's words, and go on to writing it."""
    source = PAGES.get(record_id)
    if code not in BY_CODE:
        abort(404)
    translation = translating.begin(session, source, language=BY_CODE[code], actor=access.actor())
    flash(_("The draft holds the words of the original. Replace them with the translation."), "success")
    return htmx.redirect_to(url_for("writing.edit", record_id=translation.id))


@blueprint.post("/articles/<int:record_id>/confirm")
@requires(Permission.ARTICLE_WRITE)
def confirm(record_id: int) -> Response:
    translation = PAGES.get(record_id)
    translating.confirm(session, translation, actor=access.actor())
    flash(_("The translation counts as up to date."), "success")
    return htmx.redirect_to(url_for("articles.show", record_id=record_id))
