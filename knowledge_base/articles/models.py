"""Categories, articles and the votes of their readers."""

from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import BigInteger, ForeignKey, Index, Integer, Text, UniqueConstraint
from sqlalchemy.dialects.postgresql import ARRAY, JSONB
from sqlalchemy.orm import Mapped, mapped_column, relationship

from kernel.database import TenantBase, tenant_id_column
from kernel.i18n import Language, LazyText
from kernel.i18n import lazy_text as _l
from kernel.text import slug


class ArticleStatus(StrEnum):
    DRAFT = "draft"
    PUBLISHED = "published"


ARTICLE_STATUS_NAMES: dict[ArticleStatus, LazyText] = {
    ArticleStatus.DRAFT: _l("Draft"),
    ArticleStatus.PUBLISHED: _l("Published"),
}

# Who reads one Chinese script can read the other; English readers get what there is.
_NEXT_BEST = {"zh_Hant": ("zh_Hans", "en"), "zh_Hans": ("zh_Hant", "en"), "en": ("zh_Hant", "zh_Hans")}


class Category(TenantBase):
    """A branch of the help centre's tree; `names` holds its name by language code."""

    __tablename__ = "category"
    __table_args__ = (Index("ix_category_parent", "parent_id", "position"),)

    id: Mapped[int] = tenant_id_column()
    parent_id: Mapped[int | None] = mapped_column(ForeignKey("category.id"))
    names: Mapped[dict[str, Any]] = mapped_column(JSONB)
    position: Mapped[int] = mapped_column(Integer)
    created_at: Mapped[datetime]

    def name_in(self, language: Language) -> str:
        """Return the name in this language, or in the one that its reader understands best."""
        codes = (language.code, *_NEXT_BEST[language.code])
        return next(str(self.names[code]) for code in codes if self.names.get(code))


class Article(TenantBase):
    """A text in one language.  Articles with the same `translation_key` are translations of each other.

    `body` is Markdown as typed.  `body_html` (sanitised), `body_text` and `headings` ([level, anchor, text] in order) follow
    from it and are kept so that reading costs nothing.  `revision` counts every change and is what the search index knows.
    """

    __tablename__ = "article"
    __table_args__ = (
        UniqueConstraint("translation_key", "language", name="uq_article_translation_key"),
        Index("ix_article_category", "category_id", "language"),
        Index("ix_article_updated", "updated_at", "id"),
        Index(
            "ix_article_search_text",
            "search_text",
            postgresql_using="gin",
            postgresql_ops={"search_text": "gin_trgm_ops"},
        ),
    )

    id: Mapped[int] = tenant_id_column()
    translation_key: Mapped[str]
    language: Mapped[str]
    category_id: Mapped[int] = mapped_column(ForeignKey("category.id"))
    title: Mapped[str]
    summary: Mapped[str] = mapped_column(server_default="")
    body: Mapped[str]
    body_html: Mapped[str]
    body_text: Mapped[str]
    headings: Mapped[list[Any]] = mapped_column(JSONB)
    keywords: Mapped[list[str]] = mapped_column(ARRAY(Text), server_default="{}")
    status: Mapped[str]
    search_text: Mapped[str]
    author_id: Mapped[int | None] = mapped_column(BigInteger)
    helpful_count: Mapped[int] = mapped_column(Integer, server_default="0")
    unhelpful_count: Mapped[int] = mapped_column(Integer, server_default="0")
    published_at: Mapped[datetime | None]
    created_at: Mapped[datetime]
    updated_at: Mapped[datetime]
    revision: Mapped[int] = mapped_column(Integer)

    category: Mapped[Category] = relationship(lazy="raise")

    __mapper_args__ = {"version_id_col": revision}

    @property
    def is_published(self) -> bool:
        return self.status == ArticleStatus.PUBLISHED

    @property
    def slug(self) -> str:
        return slug(self.title)


class Vote(TenantBase):
    """One reader's answer to "was this helpful?"; `visitor` is the random key of a browser."""

    __tablename__ = "article_vote"
    __table_args__ = (UniqueConstraint("article_id", "visitor", name="uq_article_vote_visitor"),)

    id: Mapped[int] = tenant_id_column()
    article_id: Mapped[int] = mapped_column(ForeignKey("article.id"))
    visitor: Mapped[str]
    is_helpful: Mapped[bool]
    reason: Mapped[str] = mapped_column(server_default="")
    comment: Mapped[str] = mapped_column(server_default="")
    at: Mapped[datetime]
