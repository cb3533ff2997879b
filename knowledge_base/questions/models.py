"""The query log, and what staff decided about a phrase of it."""

from datetime import datetime, timedelta
from enum import StrEnum

from sqlalchemy import BigInteger, ForeignKey, Index, Integer, String
from sqlalchemy.orm import Mapped, mapped_column, relationship

from kernel.database import TenantBase, tenant_id_column
from kernel.i18n import LazyText
from kernel.i18n import lazy_text as _l
from knowledge_base.articles.models import Article

# Whoever writes on any channel within this time was not helped: the seven-day rule (docs/deflection.md).
DEFLECTION_WINDOW = timedelta(days=7)
# A question asked after more than this belongs to another visit.
VISIT = timedelta(minutes=30)
# Older questions are removed: reports look back ninety days, and comparisons before an article ninety more.
KEPT = timedelta(days=180)


class Face(StrEnum):
    """Where a question was asked: the page of results, the list under the search box, the request form, or by staff."""

    RESULTS = "results"
    SUGGESTIONS = "suggestions"
    REQUEST = "request"
    DESK = "desk"


FACE_NAMES: dict[Face, LazyText] = {
    Face.RESULTS: _l("Search page"),
    Face.SUGGESTIONS: _l("Search box"),
    Face.REQUEST: _l("Request form"),
    Face.DESK: _l("Desk"),
}


class NextStep(StrEnum):
    """What the reader did next; a question without one was left, or its reader is still looking."""

    OPENED = "opened"
    SOLVED = "solved"
    REFINED = "refined"
    ASKED = "asked"


class Question(TenantBase):
    """One question asked of the search.

    `phrase` is what was asked, folded, so that both scripts and all widths meet; `typed` is as typed, without personal data.
    `visitor` is a random key: of the browser, or derived from whoever is signed in.  It leads back to nobody.  `article_id` is
    what was opened; `wrote_at` is when the visitor wrote to us within seven days, and `ticket_id` the ticket it became.
    """

    __tablename__ = "question"
    __table_args__ = (Index("ix_question_asked", "asked_at"), Index("ix_question_visitor", "visitor", "asked_at"))

    id: Mapped[int] = tenant_id_column()
    phrase: Mapped[str]
    typed: Mapped[str]
    language: Mapped[str]
    face: Mapped[str]
    visitor: Mapped[str]
    hits: Mapped[int] = mapped_column(Integer)
    asked_at: Mapped[datetime]
    next_step: Mapped[str] = mapped_column(server_default="")
    article_id: Mapped[int | None] = mapped_column(BigInteger)
    ticket_id: Mapped[int | None] = mapped_column(BigInteger)
    wrote_at: Mapped[datetime | None]


# In characters; what readers type is cut shorter before it comes here.
LONGEST_PHRASE = 400


class DecisionKind(StrEnum):
    """An article is being written, an existing one is found by this phrase from now on, or nothing is missing."""

    WRITTEN = "written"
    ALSO_ASKED = "also_asked"
    DISMISSED = "dismissed"


class Decision(TenantBase):
    """What staff did about a phrase; the last word counts."""

    __tablename__ = "question_decision"

    id: Mapped[int] = tenant_id_column()
    # Bounded, so that PostgreSQL makes no TOAST table for them (docs/decisions/0042).
    phrase: Mapped[str] = mapped_column(String(LONGEST_PHRASE), unique=True)
    kind: Mapped[str] = mapped_column(String(20))
    article_id: Mapped[int | None] = mapped_column(ForeignKey("article.id"))
    at: Mapped[datetime]

    article: Mapped[Article | None] = relationship(lazy="raise")
