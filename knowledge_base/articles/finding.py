"""Finding articles: the index proposes, the database decides what this reader may see."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Select, and_, true
from sqlalchemy.orm import Session

from kernel import logs
from kernel.actors import Actor
from kernel.i18n import Language
from knowledge_base.articles import audience, queries
from knowledge_base.articles.models import Article, Category
from knowledge_base.articles.queries import Place
from knowledge_base.search import analysis, wording
from knowledge_base.search.documents import Hit, NeedsRebuild, Question, SearchResult
from knowledge_base.search.engines import engine_of
from knowledge_base.search.snippets import snippet

_log = logs.get(__name__)
_SUGGESTIONS = 6
_CATEGORIES = 2
_MOST = 50


@dataclass(frozen=True)
class Find:
    """One article found; `snippet` is text in runs, each with whether it is a word of the question."""

    article: Article
    snippet: list[tuple[str, bool]]


@dataclass(frozen=True)
class Finds:
    """The answer to a question: its best articles, and the question as understood when a word of it was misspelt.

    `total` counts what may be paged through, in the category asked for; `categories` are those of all that was found, with how
    many are in each, the fullest first.  A guess has no word of the question, only single Chinese characters or its meaning:
    whoever counts questions without an answer must count it.
    """

    finds: list[Find] = field(default_factory=list)
    corrected: str | None = None
    total: int = 0
    categories: list[tuple[Category, int]] = field(default_factory=list)
    is_guess: bool = False

    @property
    def is_answered(self) -> bool:
        return bool(self.finds) and not self.is_guess


def find(
    session: Session,
    words: str,
    language: Language,
    *,
    actor: Actor,
    start: int = 0,
    limit: int = 10,
    category_id: int | None = None,
    to_read: bool = False,
) -> Finds:
    """Return the articles that answer `words`, best first, `limit` of them from `start` on, of one category if asked for.

    Their texts come along as HTML only if they are shown `to_read`.
    Without an index that can be read nothing is found; the nightly repair and every change of an article make a new one.
    """
    question = _question(session, words, language, actor)
    result = _answer(session, question)
    allowed = queries.places_of(session, [hit.article_id for hit in result.hits], actor=actor)
    chosen = _one_of_each(allowed, language)
    of_category = [place for place in chosen if category_id in (None, place.category_id)]
    page = queries.listed(session, [place.id for place in of_category[start : start + limit]], actor=actor, to_read=to_read)
    finds = [Find(article, snippet(f"{article.summary}\n{article.body_text}", result.marked)) for article in page]
    return Finds(finds, result.corrected, len(of_category), queries.categories_of(session, chosen), result.is_guess)


def hits(session: Session, words: str, language: Language, *, actor: Actor) -> list[Hit]:
    """Return what the index proposes for `words`, best first, to whoever decides by a query of their own what may be shown."""
    return _answer(session, Question(words=words, language=language.code, audiences=audience.of_reader(actor))).hits


def _question(session: Session, words: str, language: Language, actor: Actor) -> Question:
    return Question(
        words=words,
        language=language.code,
        audiences=audience.of_reader(actor),
        synonyms=wording.synonyms(session),
        limit=_MOST,
    )


def _answer(session: Session, question: Question) -> SearchResult:
    try:
        return engine_of(session).search(question)
    except NeedsRebuild:
        _log.warning("search index unreadable")
        return SearchResult()


def suggest(session: Session, start_of_words: str, language: Language, *, actor: Actor) -> list[Article]:
    """Return up to six articles whose titles go on from what has been typed so far."""
    question = _question(session, start_of_words, language, actor)
    try:
        ids = engine_of(session).suggest(start_of_words, question)
    except NeedsRebuild:
        return []
    chosen = _one_of_each(queries.places_of(session, ids, actor=actor), language)
    # Of several with the same title the first is enough to choose from.
    by_title: dict[str, int] = {}
    for place in chosen:
        by_title.setdefault(place.title, place.id)
    return queries.titles_of(session, list(by_title.values())[:_SUGGESTIONS], actor=actor)


def categories_named(session: Session, words: str, language: Language, *, actor: Actor) -> list[Category]:
    """Return the first few categories with something to read whose name has what was typed."""
    typed = analysis.fold(words).strip()
    branches = queries.flattened(queries.tree(session, language, actor=actor))
    stocked = [branch.category for branch in branches if branch.article_count]
    return [one for one in stocked if typed in analysis.fold(one.name_in(language))][:_CATEGORIES] if typed else []


def narrowed(session: Session, query: Select[Any], words: str, language: Language, *, actor: Actor) -> Select[Any]:
    """Narrow a query for articles to those that `words` finds: by the index in all they say, and by their titles without."""
    ids = [hit.article_id for hit in _answer(session, _question(session, words, language, actor)).hits]
    by_title = (Article.search_text.contains(word, autoescape=True) for word in words.split())
    return query.where(Article.id.in_(ids) | and_(true(), *by_title))


def _one_of_each(places: Sequence[Place], language: Language) -> list[Place]:
    """Return each article once, where its best translation stood: in the reader's language if that was found too."""
    chosen: dict[str, Place] = {}
    for place in places:
        known = chosen.setdefault(place.translation_key, place)
        if known.language != language.code and place.language == language.code:
            chosen[place.translation_key] = place
    return list(chosen.values())
