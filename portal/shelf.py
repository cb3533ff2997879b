"""The articles that are laid out for a reader who has not searched yet."""

from dataclasses import dataclass

from kernel import i18n
from kernel.i18n import Language
from knowledge_base.articles import queries
from knowledge_base.articles.queries import Branch
from web import access, hosts
from web.lifecycle import session


@dataclass(frozen=True)
class Shelf:
    """The category tree and the language of its articles: the reader's, or the tenant's where that has none at all."""

    language: Language
    roots: list[Branch]

    @property
    def is_borrowed(self) -> bool:
        return self.language != i18n.spoken()


def stocked() -> Shelf:
    own = _shelf(i18n.spoken())
    tenant = hosts.tenant()
    if tenant is None or tenant.language == own.language or any(root.article_count for root in own.roots):
        return own
    return _shelf(tenant.language)


def bare() -> Shelf:
    """Return the shelf of a tenant that keeps no articles."""
    return Shelf(i18n.spoken(), [])


def _shelf(language: Language) -> Shelf:
    return Shelf(language, queries.tree(session, language, actor=access.actor()))
