"""An article's versions: what changed from one to the next, and the way back."""

import difflib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from flask import Blueprint, flash, render_template, request, url_for
from flask_babel import gettext as _
from werkzeug.wrappers import Response

from backoffice.knowledge_base.articles import PAGES
from kernel.i18n import BY_CODE, LazyText
from kernel.i18n import lazy_text as _l
from knowledge_base.articles import queries, workflow
from knowledge_base.articles.fields import ARTICLE
from knowledge_base.articles.queries import ARTICLE_STATUS_NAMES, ArticleStatus, Version
from tenants.modules import Module
from tenants.permissions import Permission
from web import access, htmx, modules
from web.access import requires
from web.languages import joined
from web.lifecycle import session

blueprint = modules.belongs_to(Blueprint("article_history", __name__), Module.KNOWLEDGE_BASE)

STATE_NAMES: dict[str, LazyText] = {
    **{str(status): name for status, name in ARTICLE_STATUS_NAMES.items()},
    "published": _l("What readers see"),
    "replaced": _l("Earlier version"),
    "discarded": _l("Given up"),
}


@dataclass(frozen=True)
class Line:
    """A line of a comparison; `mark` is "+" for what came, "-" for what went, " " for what stayed."""

    mark: str
    text: str


@dataclass(frozen=True)
class Difference:
    """What became of one part of an article's words."""

    label: LazyText
    lines: list[Line]


@blueprint.get("/articles/<int:record_id>/history")
@requires(Permission.ARTICLE_READ)
def page(record_id: int) -> str:
    """Show the versions, and one beside another: what the address names, else the newest beside the one before."""
    article = PAGES.get(record_id)
    versions = queries.versions(session, article)
    newer = _named(versions, "version") or versions[0]
    older = _named(versions, "against") or next((one for one in versions if one.number < newer.number), None)
    return render_template(
        "backoffice/knowledge_base/history.html",
        article=article,
        written_in=BY_CODE[article.language],
        versions=versions,
        newer=newer,
        older=older,
        differences=list(differences(older, newer)) if older else [],
        state_names=STATE_NAMES,
        may_roll_back=access.actor().may(Permission.ARTICLE_PUBLISH) and article.is_published,
        published=str(ArticleStatus.PUBLISHED),
    )


def _named(versions: Sequence[Version], argument: str) -> Version | None:
    number = request.args.get(argument, type=int)
    return next((one for one in versions if one.number == number), None)


def differences(older: Version, newer: Version) -> Iterator[Difference]:
    """Return the parts that differ, each with the lines around the change."""
    for name in ("title", "summary", "keywords", "body"):
        before, after = (_lines(getattr(version, name)) for version in (older, newer))
        if before != after:
            yield Difference(ARTICLE[name].label, list(_compared(before, after)))


def _lines(words: str | list[str]) -> list[str]:
    return words.split("\n") if isinstance(words, str) else [joined(words)]


def _compared(before: list[str], after: list[str]) -> Iterator[Line]:
    for number, line in enumerate(difflib.unified_diff(before, after, lineterm="", n=3)):
        if number < 2:
            continue  # the names of the two files, which they are not
        yield Line("…", "") if line.startswith("@@") else Line(line[0], line[1:])


@blueprint.post("/articles/<int:record_id>/history/<int:number>/restore")
@requires(Permission.ARTICLE_PUBLISH)
def restore(record_id: int, number: int) -> Response:
    article = PAGES.get(record_id)
    workflow.roll_back(session, article, number=number, actor=access.actor())
    flash(_("Readers see version %(number)s again.", number=number), "success")
    return htmx.redirect_to(url_for(".page", record_id=record_id))
