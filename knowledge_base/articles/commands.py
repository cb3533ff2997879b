"""What changes about articles: words, votes.  `workflow` brings words to readers, `arranging` puts articles in their place."""

import uuid
from collections.abc import Iterable
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session
from sqlalchemy.orm.attributes import set_committed_value

from kernel import clock, database, events
from kernel.actors import Actor
from kernel.errors import DomainError, Forbidden, InvalidField
from kernel.i18n import lazy_text as _l
from kernel.text import clean
from knowledge_base.articles import arranging, queries, texts, workflow
from knowledge_base.articles.arranging import add_category as add_category
from knowledge_base.articles.arranging import name_category as name_category
from knowledge_base.articles.arranging import name_in_all as name_in_all
from knowledge_base.articles.models import DISCARDED, Article, ArticleKind, ArticleStatus, Category, Visibility, Vote
from knowledge_base.articles.texts import BODY_LENGTH as BODY_LENGTH
from knowledge_base.articles.texts import TITLE_LENGTH as TITLE_LENGTH
from knowledge_base.articles.workflow import publish as publish
from knowledge_base.articles.workflow import withdraw as withdraw
from tenants.permissions import Permission

ASKED_LENGTH, MOST_ASKED = 200, 100
REASONS = ("outdated", "unclear", "did_not_work", "other")


class TranslationExists(DomainError):
    status = 409
    message = _l("This article already has a text in that language.")


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
    asked_as: str | Iterable[str] = (),
    translation_key: str = "",
    external_id: str | None = None,
    status: ArticleStatus = ArticleStatus.DRAFT,
) -> Article:
    """Write a new article; give the `translation_key` of another to translate that one.

    Raises `InvalidField` or `TranslationExists`.
    """
    article = _blank(session, translation_key, language, category)
    article.author_id = article.owner_id = actor.id
    article.external_id = external_id
    _set_asked_as(article, asked_as)
    words = {"title": title, "summary": summary, "body": body, "keywords": keywords}
    version = texts.first(session, article, words, actor=actor)
    article.status = status
    version.state = DISCARDED if status == ArticleStatus.ARCHIVED else status
    if status == ArticleStatus.PUBLISHED:
        article.live_number, article.published_at = version.number, clock.now()
        version.published_at = article.published_at
    database.insert_or_refuse(session, article, TranslationExists())
    texts.keep(session, article, version)
    events.record(session, "article.written", article, actor=actor, status=article.status)
    return article


def _blank(session: Session, translation_key: str, language: str, category: Category) -> Article:
    """Return a new article in its place; a translation is for whom its original is for."""
    now = clock.now()
    article = Article(language=language, status=ArticleStatus.DRAFT, created_at=now, updated_at=now)
    article.translation_key = translation_key or uuid.uuid4().hex
    article.kind, article.visibility, article.groups = ArticleKind.ANSWER, Visibility.PUBLIC, []
    _set_category(article, category)
    sibling = queries.source_of(session, article.translation_key) if translation_key else None
    if sibling is None:
        article.position = arranging.last_position(session, category.id) + 1
    else:
        for name in ("kind", "visibility", "groups", "position"):
            setattr(article, name, getattr(sibling, name))
    return article


def change(session: Session, article: Article, *, values: dict[str, Any], revision: int | None, actor: Actor) -> None:
    """Change the given fields.  The words of a published article are those of its next version until that is published.

    Raises `StaleEdit` when the article is no longer at the `revision` the editor saw, `InvalidField` for words that do not fit,
    and `Forbidden` when somebody who may write drafts only changes more than the words of what readers see.  What an article is
    also asked as is nothing that they see.
    """
    texts.hold(session, article, revision)
    words = {field: value for field, value in values.items() if field in texts.CHECKS}
    others = {field: value for field, value in values.items() if field not in texts.CHECKS}
    if (
        others.keys() - {"asked_as"}
        and article.is_published
        and not (actor.kind == "system" or actor.may(Permission.ARTICLE_PUBLISH))
    ):
        raise Forbidden()
    # An import has no reviewer to wait for, and leaves alone what somebody else is working on.
    is_correction = article.is_published and actor.kind == "system"
    edit = _correct if is_correction else texts.edit
    title = article.title
    changed = sorted([*edit(session, article, words, actor=actor), *_fill(article, others)])
    if changed:
        article.updated_at = clock.now()
        # The texts themselves are compared in the article's history.
        changes = {"title": [title, article.title]} if article.title != title else {}
        events.record(session, "article.changed", article, actor=actor, fields=changed, changes=changes)


def _correct(session: Session, article: Article, words: dict[str, Any], *, actor: Actor) -> list[str]:
    version, changed = texts.corrected(session, article, words, actor=actor)
    if version is not None:
        workflow.release(session, article, version)
    return changed


def _fill(article: Article, values: dict[str, Any]) -> list[str]:
    """Set what is no part of a version; return the names of what changed."""
    before = {field: getattr(article, field) for field in values if field in _SETTERS}
    for field, value in values.items():
        if field not in _SETTERS:
            raise ValueError(f"articles have no editable field {field!r}")
        _SETTERS[field](article, value)
    return [field for field in before if before[field] != getattr(article, field)]


def _set_category(article: Article, value: Category) -> None:
    article.category_id = value.id
    set_committed_value(article, "category", value)


def _set_asked_as(article: Article, value: str | Iterable[str]) -> None:
    """A phrase a line, or a list of them; a hundred are as good as a thousand."""
    lines = clean(value).splitlines() if isinstance(value, str) else map(clean, value)
    phrases = (" ".join(line.split())[:ASKED_LENGTH] for line in lines)
    kept = list(dict.fromkeys(phrase for phrase in phrases if phrase))[:MOST_ASKED]
    if kept != (article.asked_as or []):
        article.asked_as = kept


_SETTERS: dict[str, Any] = {"category": _set_category, "asked_as": _set_asked_as}


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
    row.at, row.handled_at = clock.now(), None
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
