"""Sitemaps: an index, and one for each language in which there is something, with the translations of every page."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import datetime

from flask import Blueprint, Response, abort, url_for

from kernel import i18n
from kernel.actors import VISITOR
from kernel.i18n import BY_CODE, LANGUAGES
from knowledge_base.articles import open_to_all, queries
from knowledge_base.articles.queries import Article
from portal import help_centre, machines, navigation
from portal.machines import Element
from tenants.modules import Module
from web import modules
from web.access import public
from web.lifecycle import session

blueprint = Blueprint("sitemaps", __name__)

_SITEMAP = "http://www.sitemaps.org/schemas/sitemap/0.9"
_XHTML = "http://www.w3.org/1999/xhtml"


@blueprint.get("/sitemap.xml")
@public("search engines read what everybody may read")
def index() -> Response:
    root = Element("sitemapindex", {"xmlns": _SITEMAP})
    # Without articles there is nothing that anybody would look for.
    changes = open_to_all.last_changes(session) if modules.is_on(Module.KNOWLEDGE_BASE) else {}
    for language in LANGUAGES:
        if language.code in changes:
            entry = machines.add(root, "sitemap")
            here = url_for("sitemaps.of_language", language=language.path)
            machines.add(entry, "loc", navigation.absolute(here))
            machines.add(entry, "lastmod", machines.moment(changes[language.code]))
    return machines.xml(root)


@blueprint.get("/sitemap-<language:language>.xml")
@public("search engines read what everybody may read")
def of_language() -> Response:
    """List the home page, the categories and the articles of a language; one without articles has no sitemap."""
    here = i18n.spoken().code
    articles = open_to_all.everything(session) if modules.is_on(Module.KNOWLEDGE_BASE) else []
    if not any(article.language == here for article in articles):
        abort(404)
    root = Element("urlset", {"xmlns": _SITEMAP, "xmlns:xhtml": _XHTML})
    _add(root, here, navigation.in_every_language("home.page"), None)
    for paths in _categories(articles):
        _add(root, here, paths, None)
    translations = defaultdict[str, dict[str, str]](dict)
    for article in articles:
        translations[article.translation_key][article.language] = help_centre.article_url(article)
    for article in articles:
        if article.language == here:
            _add(root, here, translations[article.translation_key], article.updated_at)
    return machines.xml(root)


def _categories(articles: Sequence[Article]) -> list[dict[str, str]]:
    """Return the paths, by language, of each category that holds articles, in the order of the tree."""
    filled = defaultdict[int, set[str]](set)
    for article in articles:
        filled[article.category_id].add(article.language)
    branches = queries.flattened(queries.tree(session, i18n.spoken(), actor=VISITOR))
    return [
        {code: help_centre.category_url(branch.category, BY_CODE[code]) for code in sorted(filled[branch.category.id])}
        for branch in branches
        if branch.category.id in filled
    ]


def _add(root: Element, here: str, paths: Mapping[str, str], changed_at: datetime | None) -> None:
    """Add the page of this language, where there is one, with itself and its translations as alternates."""
    if here not in paths:
        return
    entry = machines.add(root, "url")
    machines.add(entry, "loc", navigation.absolute(paths[here]))
    if changed_at is not None:
        machines.add(entry, "lastmod", machines.moment(changed_at))
    for alternate in navigation.alternates(dict(paths)):
        machines.add(entry, "xhtml:link", rel="alternate", hreflang=alternate.tag, href=alternate.url)
