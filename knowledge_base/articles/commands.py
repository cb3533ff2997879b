"""What changes in the help centre."""

import uuid
from collections.abc import Iterable, Sequence
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session
from sqlalchemy.orm.attributes import set_committed_value

from kernel import clock, database, events
from kernel.actors import Actor
from kernel.errors import DomainError, Forbidden, InvalidField, StaleEdit
from kernel.i18n import CODES
from kernel.i18n import lazy_text as _l
from kernel.text import clean, search_text
from knowledge_base.articles import queries
from knowledge_base.articles.models import Article, ArticleStatus, Category, Vote
from knowledge_base.articles.rendering import render
from tenants.permissions import Permission

TITLE_LENGTH = 200
BODY_LENGTH = 200_000
REASONS = ("outdated", "unclear", "did_not_work", "other")
_EDITABLE = frozenset({"title", "summary", "body", "keywords", "category"})


class TranslationExists(DomainError):
    status = 409
    message = _l("This article already has a text in that language.")


class CategoryNotEmpty(DomainError):
    message = _l("Move or delete the articles and branches of this category first.")


def add_category(session: Session, *, names: dict[str, str], parent: Category | None, actor: Actor) -> Category:
    """Add a branch at the end of its parent's.  `names` needs a name in at least one language, by code."""
    kept = _names(names)
    parent_id = parent.id if parent else None
    last = session.scalar(select(func.max(Category.position)).where(Category.parent_id.is_not_distinct_from(parent_id)))
    category = Category(parent_id=parent_id, names=kept, position=(last or 0) + 1, created_at=clock.now())
    session.add(category)
    events.record(session, "category.added", category, actor=actor)
    return category


def name_category(session: Session, category: Category, *, language: str, name: str, actor: Actor) -> None:
    """Give a category a name in a language."""
    if category.names.get(language) != name:
        category.names = {**category.names, language: name}
        events.record(session, "category.named", category, actor=actor, language=language)


def name_in_all(session: Session, category: Category, *, names: dict[str, str], actor: Actor) -> None:
    """Replace a category's names, by language code; at least one must remain.  Raises `InvalidField`."""
    kept = _names(names)
    if category.names != kept:
        category.names = kept
        events.record(session, "category.named", category, actor=actor)


def _names(names: dict[str, str]) -> dict[str, str]:
    kept = {code: clean(name).strip()[:80] for code, name in names.items() if code in CODES and clean(name).strip()}
    if not kept:
        raise InvalidField("name", _l("Enter a name."))
    return kept


def write(
    session: Session,
    *,
    title: str,
    body: str,
    language: str,
    category: Category,
    actor: Actor,
    summary: str = "",
    keywords: Iterable[str] = (),
    translation_key: str = "",
    status: ArticleStatus = ArticleStatus.DRAFT,
) -> Article:
    """Write a new article; give the `translation_key` of another to translate that one.

    Raises `InvalidField` or `TranslationExists`.
    """
    now = clock.now()
    key = translation_key or uuid.uuid4().hex
    article = Article(translation_key=key, language=language, status=ArticleStatus.DRAFT, author_id=actor.id)
    article.created_at = article.updated_at = now
    _fill(article, {"title": title, "summary": summary, "body": body, "keywords": keywords, "category": category})
    _set_status(article, status)
    database.insert_or_refuse(session, article, TranslationExists())
    events.record(session, "article.written", article, actor=actor, status=article.status)
    return article


def change(session: Session, article: Article, *, values: dict[str, Any], revision: int | None, actor: Actor) -> None:
    """Change the given fields.  Raises `StaleEdit` when the article is no longer at the `revision` the editor saw, `Forbidden`
    when it is published and `actor` may write drafts only."""
    if article.is_published and not (actor.kind == "system" or actor.may(Permission.ARTICLE_PUBLISH)):
        raise Forbidden()
    if revision is not None and revision != article.revision:
        raise StaleEdit()
    before = {field: getattr(article, field) for field in values}
    _fill(article, values)
    changed = sorted(field for field in values if before[field] != getattr(article, field))
    if changed:
        article.updated_at = clock.now()
        events.record(session, "article.changed", article, actor=actor, fields=changed)


def publish(session: Session, article: Article, *, actor: Actor) -> None:
    """Show the article to everybody."""
    _move(session, article, ArticleStatus.PUBLISHED, "article.published", actor)


def withdraw(session: Session, article: Article, *, actor: Actor) -> None:
    """Take the article back to a draft; from the commit on no reader finds it."""
    _move(session, article, ArticleStatus.DRAFT, "article.withdrawn", actor)


def _move(session: Session, article: Article, status: ArticleStatus, event: str, actor: Actor) -> None:
    if article.status != status:
        _set_status(article, status)
        article.updated_at = clock.now()
        events.record(session, event, article, actor=actor)


def _set_status(article: Article, status: ArticleStatus) -> None:
    article.status = status
    if status == ArticleStatus.PUBLISHED:
        article.published_at = article.published_at or clock.now()


def _fill(article: Article, values: dict[str, Any]) -> None:
    for field, value in values.items():
        if field not in _EDITABLE:
            raise ValueError(f"articles have no editable field {field!r}")
        _SETTERS[field](article, value)
    article.search_text = search_text(article.title, *article.keywords)


def _set_title(article: Article, value: str) -> None:
    title = " ".join(clean(value).split())
    if not title:
        raise InvalidField("title", _l("Enter a title."))
    if len(title) > TITLE_LENGTH:
        raise InvalidField("title", _l("A title has at most 200 characters."))
    article.title = title


def _set_body(article: Article, value: str) -> None:
    body = clean(value).strip()
    if not body:
        raise InvalidField("body", _l("Write the article's text."))
    if len(body) > BODY_LENGTH:
        raise InvalidField("body", _l("An article has at most 200,000 characters."))
    rendered = render(body)
    article.body, article.body_html, article.body_text = body, rendered.html, rendered.text
    article.headings = [list(heading) for heading in rendered.headings]


def _set_keywords(article: Article, value: Sequence[str]) -> None:
    words = (clean(word).strip()[:40] for word in value)
    article.keywords = list(dict.fromkeys(word for word in words if word))[:30]


def _set_category(article: Article, value: Category) -> None:
    article.category_id = value.id
    set_committed_value(article, "category", value)


def _set_summary(article: Article, value: str) -> None:
    article.summary = " ".join(clean(value).split())[:300]


_SETTERS: dict[str, Any] = {
    "title": _set_title,
    "summary": _set_summary,
    "body": _set_body,
    "keywords": _set_keywords,
    "category": _set_category,
}


def vote(
    session: Session,
    article: Article,
    *,
    visitor: str,
    is_helpful: bool,
    reason: str = "",
    comment: str = "",
    actor: Actor,
) -> Vote:
    """Keep a reader's vote; voting again changes it.  `visitor` is the random key of the reader's browser."""
    if reason and reason not in REASONS:
        raise InvalidField("reason", _l("Choose one of the reasons offered."))
    # One reader after the other: two votes counted at once would each miss the other's.
    session.execute(select(Article.id).where(Article.id == article.id).with_for_update())
    row = queries.vote_of(session, article, visitor) or Vote(article_id=article.id, visitor=visitor)
    row.is_helpful, row.reason, row.comment = is_helpful, reason, clean(comment).strip()[:2000]
    row.at = clock.now()
    session.add(row)
    session.flush()
    _count_votes(session, article)
    events.record(session, "article.voted", article, actor=actor, is_helpful=is_helpful, reason=reason)
    return row


def _count_votes(session: Session, article: Article) -> None:
    """Counted afresh, and past the ORM: a reader's vote must not make an author's open edit stale."""
    helpful = select(func.count()).where(Vote.article_id == article.id, Vote.is_helpful).scalar_subquery()
    unhelpful = select(func.count()).where(Vote.article_id == article.id, ~Vote.is_helpful).scalar_subquery()
    counts = {"helpful_count": helpful, "unhelpful_count": unhelpful}
    session.execute(Article.__table__.update().where(Article.id == article.id).values(**counts))  # type: ignore[attr-defined]
