"""Audiences: who may find an article, in the words that the search index understands; the shadow of `queries.is_visible`."""

from kernel.actors import Actor
from knowledge_base.articles.models import Article, Visibility
from knowledge_base.search.documents import PUBLIC, STAFF
from tenants.permissions import Permission

_CUSTOMERS = "customers"


def of_article(article: Article) -> frozenset[str]:
    """Return who may find `article`: any one of these is enough."""
    if not article.is_published or article.visibility == Visibility.STAFF:
        return frozenset({STAFF})
    if article.visibility == Visibility.GROUPS:
        return frozenset(map(_group, article.groups)) or frozenset({STAFF})
    return frozenset({_CUSTOMERS if article.visibility == Visibility.CUSTOMERS else PUBLIC})


def of_reader(actor: Actor) -> frozenset[str] | None:
    """Return the audiences that `actor` belongs to; `None` is everybody's, for those who may read every article."""
    if actor.kind == "system" or actor.may(Permission.ARTICLE_READ):
        return None
    if actor.kind != "customer":
        return frozenset({PUBLIC})
    return frozenset({PUBLIC, _CUSTOMERS, *map(_group, actor.groups)})


def _group(name: str) -> str:
    return f"group:{name}"
