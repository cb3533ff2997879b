"""Finding articles: the index proposes, the database decides what this reader may see."""

from dataclasses import dataclass
from pathlib import Path

from sqlalchemy.orm import Session

from kernel import database, logs, settings
from kernel.actors import Actor
from kernel.i18n import Language
from knowledge_base.articles import queries
from knowledge_base.articles.models import Article
from knowledge_base.search import index
from knowledge_base.search.snippets import snippet

_log = logs.get(__name__)
_SUGGESTIONS = 6


@dataclass(frozen=True)
class Find:
    """One article found; `snippet` is text in runs, each with whether it is a word of the question."""

    article: Article
    snippet: list[tuple[str, bool]]


@dataclass(frozen=True)
class Finds:
    """The answer to a question: its best articles, and the question as understood when a word of it was misspelt."""

    finds: list[Find]
    corrected: str | None
    total: int


def index_folder(session: Session) -> Path:
    """Return where the index of the session's tenant lies."""
    return settings.current().home / "search" / database.stand_of(session).schema


def find(session: Session, words: str, language: Language, *, actor: Actor, start: int = 0, limit: int = 10) -> Finds:
    """Return the articles that answer `words`, best first, `limit` of them from `start` on.

    Without an index that can be read nothing is found; the nightly repair and every change of an article make a new one.
    """
    try:
        result = index.search(index_folder(session), words, language=language.code, only_public=not actor.is_staff)
    except index.NeedsRebuild:
        _log.warning("search index unreadable")
        return Finds([], None, 0)
    found = queries.listed(session, [hit.article_id for hit in result.hits], actor=actor)
    articles = _one_of_each(found, language)
    question = result.corrected or words
    page = articles[start : start + limit]
    return Finds([Find(article, snippet(article.body_text, question)) for article in page], result.corrected, len(articles))


def suggest(session: Session, start_of_words: str, language: Language, *, actor: Actor) -> list[Article]:
    """Return up to six articles whose titles go on from what has been typed so far."""
    try:
        folder = index_folder(session)
        ids = index.suggest(folder, start_of_words, language=language.code, only_public=not actor.is_staff, limit=_SUGGESTIONS)
    except index.NeedsRebuild:
        return []
    return _one_of_each(queries.listed(session, ids, actor=actor), language)


def _one_of_each(articles: list[Article], language: Language) -> list[Article]:
    """Return each article once, where its best translation stood: in the reader's language if that was found too."""
    chosen: dict[str, Article] = {}
    for article in articles:
        known = chosen.setdefault(article.translation_key, article)
        if known.language != language.code and article.language == language.code:
            chosen[article.translation_key] = article
    return list(chosen.values())
