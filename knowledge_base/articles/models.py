"""Categories, articles with their versions, snippets, and the votes of readers."""

import uuid
from datetime import date, datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import BigInteger, ColumnElement, Date, ForeignKey, Index, Integer, Text, UniqueConstraint, func
from sqlalchemy.dialects.postgresql import ARRAY, JSONB, UUID
from sqlalchemy.ext.hybrid import hybrid_property
from sqlalchemy.orm import Mapped, foreign, mapped_column, relationship

from kernel.database import TenantBase, tenant_id_column
from kernel.i18n import BY_CODE, Language, LazyText
from kernel.i18n import lazy_text as _l
from kernel.text import slug
from knowledge_base.articles import scripts
from tenants.models import StaffMember


class ArticleStatus(StrEnum):
    """An article's state; its text passes from the first to `PUBLISHED` in this order."""

    DRAFT = "draft"
    IN_REVIEW = "in_review"
    APPROVED = "approved"
    SCHEDULED = "scheduled"
    PUBLISHED = "published"
    ARCHIVED = "archived"


ARTICLE_STATUS_NAMES: dict[ArticleStatus, LazyText] = {
    ArticleStatus.DRAFT: _l("Draft"),
    ArticleStatus.IN_REVIEW: _l("In review"),
    ArticleStatus.APPROVED: _l("Approved"),
    ArticleStatus.SCHEDULED: _l("Scheduled"),
    ArticleStatus.PUBLISHED: _l("Published"),
    ArticleStatus.ARCHIVED: _l("Archived"),
}
# The states of a version that is still being worked on; an article has at most one such.
OPEN = (ArticleStatus.DRAFT, ArticleStatus.IN_REVIEW, ArticleStatus.APPROVED, ArticleStatus.SCHEDULED)
# What became of a version that is over.
REPLACED, DISCARDED = "replaced", "discarded"


class Visibility(StrEnum):
    """Who may read an article once it is published; staff may always."""

    PUBLIC = "public"
    CUSTOMERS = "customers"
    GROUPS = "groups"
    STAFF = "staff"


VISIBILITY_NAMES: dict[Visibility, LazyText] = {
    Visibility.PUBLIC: _l("Everybody"),
    Visibility.CUSTOMERS: _l("Signed-in customers"),
    Visibility.GROUPS: _l("Customer groups"),
    Visibility.STAFF: _l("Staff only"),
}


class ArticleKind(StrEnum):
    ANSWER = "answer"
    HOW_TO = "how_to"
    MANUAL = "manual"
    SCRIPT = "script"


ARTICLE_KIND_NAMES: dict[ArticleKind, LazyText] = {
    ArticleKind.ANSWER: _l("Answer"),
    ArticleKind.HOW_TO: _l("How-to"),
    ArticleKind.MANUAL: _l("Manual"),
    ArticleKind.SCRIPT: _l("Script for staff"),
}

# Who reads one Chinese script can read the other; English readers get what there is.
_NEXT_BEST = {"zh_Hant": ("zh_Hans", "en"), "zh_Hans": ("zh_Hant", "en"), "en": ("zh_Hant", "zh_Hans")}


class Category(TenantBase):
    """A branch of the help centre's tree; `names` holds its name by language code.

    `is_faq` says that its articles are questions, so that search engines may be told so (schema.org FAQPage).
    """

    __tablename__ = "category"

    id: Mapped[int] = tenant_id_column()
    parent_id: Mapped[int | None] = mapped_column(ForeignKey("category.id"))
    names: Mapped[dict[str, Any]] = mapped_column(JSONB)
    position: Mapped[int] = mapped_column(Integer)
    created_at: Mapped[datetime]
    is_faq: Mapped[bool | None]

    def name_in(self, language: Language) -> str:
        """Return the name in this language, or in the one that its reader understands best, Chinese in the reader's script."""
        codes = (language.code, *_NEXT_BEST[language.code])
        code = next(code for code in codes if self.names.get(code))
        return scripts.in_script(str(self.names[code]), written=BY_CODE[code], wanted=language)


class Article(TenantBase):
    """A text in one language.  Articles with the same `translation_key` are translations of each other.

    `external_id` is its name where it was imported from, `asked_as` how people ask for it in their own words.

    `body` is Markdown as typed.  `body_html` (sanitised), `body_text`, `headings` ([level, anchor, text] in order) and
    `file_ids` (public ids of the files in the text) follow from it and are kept so that reading costs nothing.  `revision`
    counts every change, `renderings` how often a snippet put new words into it, which is no edit.

    The texts here are what readers get, or would get: while an article is published, the text that shall follow is a
    `Version`, and `next_status` is its state.  `live_number` is the version that readers see.  `text_at` is when the present
    text was written, which a rollback takes back too; `checked_at` when somebody found a translation still true to its source.
    Place and audience (`category_id`, `position`, `visibility`, `groups`) are those of all translations alike.
    """

    __tablename__ = "article"
    __table_args__ = (
        UniqueConstraint("translation_key", "language", name="uq_article_translation_key"),
        UniqueConstraint("external_id", "language", name="uq_article_external_id"),
        Index("ix_article_category", "category_id", "language"),
        Index("ix_article_updated", "updated_at", "id"),
        Index(
            "ix_article_search_text",
            "search_text",
            postgresql_using="gin",
            postgresql_ops={"search_text": "gin_trgm_ops"},
        ),
        Index("ix_article_file_ids", "file_ids", postgresql_using="gin"),
    )

    id: Mapped[int] = tenant_id_column()
    translation_key: Mapped[str]
    external_id: Mapped[str | None]
    language: Mapped[str]
    category_id: Mapped[int] = mapped_column(ForeignKey("category.id"))
    title: Mapped[str]
    summary: Mapped[str] = mapped_column(server_default="")
    body: Mapped[str]
    body_html: Mapped[str]
    body_text: Mapped[str]
    headings: Mapped[list[Any]] = mapped_column(JSONB)
    keywords: Mapped[list[str]] = mapped_column(ARRAY(Text), server_default="{}")
    asked_as: Mapped[list[str] | None] = mapped_column(ARRAY(Text), server_default="{}")
    status: Mapped[str]
    search_text: Mapped[str]
    author_id: Mapped[int | None] = mapped_column(BigInteger)
    helpful_count: Mapped[int] = mapped_column(Integer, server_default="0")
    unhelpful_count: Mapped[int] = mapped_column(Integer, server_default="0")
    published_at: Mapped[datetime | None]
    created_at: Mapped[datetime]
    updated_at: Mapped[datetime]
    revision: Mapped[int] = mapped_column(Integer)
    kind: Mapped[str] = mapped_column(server_default="answer")
    visibility: Mapped[str] = mapped_column(server_default="public")
    groups: Mapped[list[str]] = mapped_column(ARRAY(Text), server_default="{}")
    position: Mapped[int] = mapped_column(Integer, server_default="0")
    owner_id: Mapped[int | None] = mapped_column(BigInteger)
    review_by: Mapped[date | None] = mapped_column(Date)
    expires_at: Mapped[datetime | None]
    next_status: Mapped[str | None]
    live_number: Mapped[int | None] = mapped_column(Integer)
    text_at: Mapped[datetime | None]
    checked_at: Mapped[datetime | None]
    file_ids: Mapped[list[uuid.UUID]] = mapped_column(ARRAY(UUID(as_uuid=True)), server_default="{}")
    renderings: Mapped[int | None] = mapped_column(Integer, server_default="0")

    category: Mapped[Category] = relationship(lazy="raise")
    owner: Mapped[StaffMember | None] = relationship(
        lazy="raise", primaryjoin=lambda: foreign(Article.owner_id) == StaffMember.id, viewonly=True
    )

    __mapper_args__ = {"version_id_col": revision}

    @hybrid_property
    def indexed_revision(self) -> int:
        """What the search index knows the article by: both only ever grow, so every change of words makes another."""
        return self.revision + (self.renderings or 0)

    @indexed_revision.inplace.expression
    @classmethod
    def _indexed_revision(cls) -> ColumnElement[int]:
        return cls.revision + func.coalesce(cls.renderings, 0)

    @property
    def is_published(self) -> bool:
        return self.status == ArticleStatus.PUBLISHED

    @property
    def is_public(self) -> bool:
        """Whether everybody may read it: what search engines, feeds and caches may know."""
        return self.is_published and self.visibility == Visibility.PUBLIC

    @property
    def slug(self) -> str:
        return slug(self.title)

    @property
    def public_path(self) -> str:
        """Where its readers find it, on whatever host they know the tenant by."""
        return f"/{BY_CODE[self.language].path}/a/{self.id}-{self.slug}"

    def said_in(self, text: str, language: Language) -> str:
        """Return a text out of this article, Chinese in the script of `language`."""
        return scripts.in_script(text, written=BY_CODE[self.language], wanted=language)

    def title_in(self, language: Language) -> str:
        return self.said_in(self.title, language)

    def tag_in(self, language: Language) -> str:
        """Return the BCP 47 tag of what `said_in` returns."""
        return scripts.shown_in(BY_CODE[self.language], language).tag


class Version(TenantBase):
    """One text of an article, as typed.

    `state` is one of `OPEN` while it is worked on, then `PUBLISHED` while readers see it, then `REPLACED`, or `DISCARDED` when
    they never did.  `author_ids` are all who wrote on it: none of them may approve it.  `note` is what the reviewer sent it
    back with.
    """

    __tablename__ = "article_version"
    __table_args__ = (UniqueConstraint("article_id", "number", name="uq_article_version_article_id"),)

    id: Mapped[int] = tenant_id_column()
    article_id: Mapped[int] = mapped_column(ForeignKey("article.id", ondelete="CASCADE"))
    number: Mapped[int] = mapped_column(Integer)
    state: Mapped[str]
    title: Mapped[str]
    summary: Mapped[str]
    body: Mapped[str]
    keywords: Mapped[list[str]] = mapped_column(ARRAY(Text))
    author_ids: Mapped[list[int]] = mapped_column(ARRAY(BigInteger))
    author_name: Mapped[str] = mapped_column(server_default="")
    reviewer_name: Mapped[str] = mapped_column(server_default="")
    note: Mapped[str] = mapped_column(server_default="")
    publish_at: Mapped[datetime | None]
    published_at: Mapped[datetime | None]
    created_at: Mapped[datetime]
    updated_at: Mapped[datetime]

    @property
    def is_open(self) -> bool:
        return self.state in OPEN


class ArticleFile(TenantBase):
    """A file that belongs to the help centre; only these are ever served to readers of articles."""

    __tablename__ = "article_file"

    file_id: Mapped[int] = mapped_column(ForeignKey("stored_file.id"), primary_key=True)


class Snippet(TenantBase):
    """A piece of text that articles name and do not copy; `texts` holds it in Markdown by language code."""

    __tablename__ = "snippet"

    id: Mapped[int] = tenant_id_column()
    name: Mapped[str] = mapped_column(unique=True)
    texts: Mapped[dict[str, Any]] = mapped_column(JSONB)
    updated_at: Mapped[datetime]
    version: Mapped[int] = mapped_column(Integer)

    __mapper_args__ = {"version_id_col": version}

    def text_in(self, language: Language) -> str:
        """Return the text in this language, or in the one that its reader understands best, Chinese in the reader's script."""
        codes = (language.code, *_NEXT_BEST[language.code])
        code = next((code for code in codes if self.texts.get(code)), None)
        return scripts.in_script(str(self.texts[code]), written=BY_CODE[code], wanted=language) if code else ""


class Vote(TenantBase):
    """One reader's answer to "was this helpful?"; `visitor` is the random key of a browser.

    `handled_at` is when staff had done something about a "no".
    """

    __tablename__ = "article_vote"
    __table_args__ = (UniqueConstraint("article_id", "visitor", name="uq_article_vote_visitor"),)

    id: Mapped[int] = tenant_id_column()
    article_id: Mapped[int] = mapped_column(ForeignKey("article.id"))
    visitor: Mapped[str]
    is_helpful: Mapped[bool]
    reason: Mapped[str] = mapped_column(server_default="")
    comment: Mapped[str] = mapped_column(server_default="")
    at: Mapped[datetime]
    handled_at: Mapped[datetime | None]

    article: Mapped[Article] = relationship(lazy="raise")
