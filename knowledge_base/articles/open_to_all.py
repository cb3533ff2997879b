"""What an anonymous visitor may read, laid out for machines: sitemaps, feeds, plain texts, the list for language models."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func
from sqlalchemy.orm import Session, load_only, raiseload

from kernel.actors import VISITOR
from kernel.i18n import Language
from knowledge_base.articles import queries
from knowledge_base.articles.models import Article

# Sitemaps hold 50,000 addresses at most (sitemaps.org); a feed is for what is new.
MOST_LISTED, MOST_NEWS = 49_000, 50
_LISTED = (
    Article.language,
    Article.translation_key,
    Article.category_id,
    Article.title,
    Article.summary,
    Article.published_at,
    Article.updated_at,
)


def everything(session: Session) -> Sequence[Article]:
    """Return all articles without their texts, the oldest first, in one statement."""
    query = queries.visible_to(VISITOR).options(load_only(*_LISTED), raiseload("*"))
    return session.scalars(query.order_by(Article.id).limit(MOST_LISTED)).all()


def last_changes(session: Session) -> dict[str, datetime]:
    """Return when something last changed, by the code of every language that has an article."""
    newest = func.max(Article.updated_at)
    query = queries.visible_to(VISITOR).with_only_columns(Article.language, newest).group_by(Article.language)
    return {language: at for language, at in session.execute(query)}


def news(session: Session, language: Language) -> Sequence[Article]:
    """Return the articles that changed last in a language, the newest first, without their texts."""
    query = queries.visible_to(VISITOR).where(Article.language == language.code)
    newest = query.order_by(Article.updated_at.desc(), Article.id.desc()).limit(MOST_NEWS)
    return session.scalars(newest.options(load_only(*_LISTED), raiseload("*"))).all()


def article(session: Session, article_id: int) -> Article:
    """Return one article with its text, or raise `NotFound`."""
    return queries.get(session, article_id, actor=VISITOR)


def languages_of_category(session: Session, category_id: int) -> set[str]:
    """Return the codes of the languages in which a category holds an article of its own."""
    query = queries.visible_to(VISITOR).where(Article.category_id == category_id)
    return set(session.scalars(query.with_only_columns(Article.language).distinct()))


@dataclass(frozen=True)
class Answer:
    """A question and its answer, for categories that are marked as such."""

    question: str
    answer: str


def answers(session: Session, category_id: int, language: Language, *, limit: int = 25) -> list[Answer]:
    """Return the articles of a category as questions and answers, each cut to what a result page can show."""
    text = func.left(func.coalesce(func.nullif(Article.summary, ""), Article.body_text), 500)
    query = queries.visible_to(VISITOR).where(Article.category_id == category_id, Article.language == language.code)
    rows = query.with_only_columns(Article.title, text).order_by(Article.id).limit(limit)
    return [Answer(*row) for row in session.execute(rows)]
