"""Feeds of changes, one for each language (Atom, RFC 4287)."""

from datetime import UTC, datetime

from flask import Blueprint, Response, url_for
from flask_babel import gettext as _

from kernel import i18n
from knowledge_base.articles import open_to_all
from knowledge_base.articles.queries import Article
from portal import help_centre, machines, navigation
from portal.machines import Element
from tenants.modules import Module
from web import hosts, modules
from web.access import public
from web.lifecycle import session

blueprint = modules.belongs_to(Blueprint("feeds", __name__), Module.KNOWLEDGE_BASE)

_ATOM = "http://www.w3.org/2005/Atom"
_NEVER = datetime(1970, 1, 1, tzinfo=UTC)


@blueprint.get("/<language:language>/feed.xml")
@public("feed readers read what everybody may read")
def changes() -> Response:
    tenant = hosts.tenant()
    assert tenant is not None
    articles = open_to_all.news(session, i18n.spoken())
    here, home = (navigation.absolute(url_for(endpoint)) for endpoint in ("feeds.changes", "home.page"))
    root = Element("feed", {"xmlns": _ATOM, "xml:lang": i18n.spoken().tag})
    machines.add(root, "id", home)
    machines.add(root, "title", f"{_('Help centre')} · {tenant.name}")
    machines.add(root, "updated", machines.moment(articles[0].updated_at if articles else _NEVER))
    machines.add(root, "link", rel="self", type="application/atom+xml", href=here)
    machines.add(root, "link", rel="alternate", type="text/html", href=home)
    machines.add(machines.add(root, "author"), "name", tenant.name)
    for article in articles:
        _add(root, article)
    return machines.xml(root, "application/atom+xml")


def _add(root: Element, article: Article) -> None:
    entry = machines.add(root, "entry")
    # The address without its words: a new title must not make an old article new.
    numbered = url_for("help_centre.article", article_id=article.id, slug="")
    machines.add(entry, "id", navigation.absolute(numbered))
    machines.add(entry, "title", article.title)
    machines.add(entry, "updated", machines.moment(article.updated_at))
    if article.published_at is not None:
        machines.add(entry, "published", machines.moment(article.published_at))
    link = navigation.absolute(help_centre.article_url(article))
    machines.add(entry, "link", rel="alternate", type="text/html", href=link)
    if article.summary:
        machines.add(entry, "summary", article.summary)
