"""Related articles: the index says what is alike, the database what this reader may see."""

from sqlalchemy.orm import Session

from kernel.actors import Actor
from kernel.i18n import BY_CODE
from knowledge_base.articles import finding, queries
from knowledge_base.articles.models import Article

_LOOKED_AT = 20
_FEWEST = 3
# What the same category is worth against the likeness of the words, of which the best has 1.
_SAME_CATEGORY = 0.25


def related(session: Session, article: Article, *, actor: Actor, limit: int = 5) -> list[Article]:
    """Return articles about the same, best first: those that answer its title and keywords, its own category's before others.

    Where that is less than three, what helped most readers fills up.
    """
    likeness = _likeness(session, article, actor)

    def closeness(other: Article) -> float:
        same_category = _SAME_CATEGORY if other.category_id == article.category_id else 0.0
        return likeness.get(other.id, 0.0) + same_category

    near = queries.neighbours(session, article, list(likeness), actor=actor)
    found = sorted(near, key=closeness, reverse=True)[:limit]
    if len(found) < _FEWEST:
        known = {article.translation_key, *(one.translation_key for one in found)}
        liked = queries.popular(session, BY_CODE[article.language], actor=actor, limit=2 * _FEWEST)
        found += [one for one in liked if one.translation_key not in known][: _FEWEST - len(found)]
    return found


def _likeness(session: Session, article: Article, actor: Actor) -> dict[int, float]:
    """Return how well other articles answer the words of this one, by id, the best with 1."""
    words = " ".join((article.title, article.summary, *article.keywords))
    hits = finding.hits(session, words, BY_CODE[article.language], actor=actor)[:_LOOKED_AT]
    return {hit.article_id: hit.score / hits[0].score for hit in hits}
