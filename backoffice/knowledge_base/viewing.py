"""An article as its readers would see it: as a visitor, a signed-in customer or a member of a group, in each language."""

from flask import Blueprint, render_template, request
from flask_babel import gettext as _

from backoffice.knowledge_base.articles import PAGES
from kernel.actors import VISITOR, Actor
from kernel.i18n import BY_CODE, LANGUAGES
from knowledge_base.articles import queries, reading
from knowledge_base.articles.queries import Article, Version
from tenants.modules import Module
from tenants.permissions import CUSTOMER, Permission
from web import modules
from web.access import requires
from web.lifecycle import session

blueprint = modules.belongs_to(Blueprint("viewing", __name__), Module.KNOWLEDGE_BASE)


@blueprint.get("/articles/<int:record_id>/as-readers")
@requires(Permission.ARTICLE_READ)
def page(record_id: int) -> str:
    """Show the words in hand, or with `?live` those that readers see, and say who among readers gets them."""
    article = PAGES.get(record_id)
    language = BY_CODE.get(request.args.get("language", ""), BY_CODE[article.language])
    words = _words(article)
    return render_template(
        "backoffice/knowledge_base/as_readers.html",
        article=article,
        shown=reading.of_words(session, article, words, language),
        is_live=words is article,
        audiences=[(name, _sees(article, reader)) for name, reader in _readers(article)],
        reader_languages=LANGUAGES,
        chosen=language,
    )


def _words(article: Article) -> Article | Version:
    return article if "live" in request.args else (queries.open_version(session, article) or article)


def _readers(article: Article) -> list[tuple[str, Actor]]:
    """Return those whose eyes an editor may borrow: none of them is anybody."""
    customer = Actor(kind="customer", id=0, permissions=CUSTOMER)
    groups = [
        (_("Customers of the group “%(group)s”", group=group), Actor(kind="customer", id=0, groups=frozenset({group})))
        for group in article.groups
    ]
    return [(_("Visitors"), VISITOR), (_("Signed-in customers"), customer), *groups]


def _sees(article: Article, reader: Actor) -> bool:
    return bool(queries.listed(session, [article.id], actor=reader))
