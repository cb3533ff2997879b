"""Deflection: which phrases are gaps, and how many people an article saved from writing to us (docs/deflection.md)."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, and_, case, func, or_, select
from sqlalchemy.orm import Session, defer, joinedload, raiseload

from kernel import clock
from kernel.errors import NotFound
from knowledge_base.articles.models import Article, ArticleStatus
from knowledge_base.questions.models import DEFLECTION_WINDOW, Decision, DecisionKind, NextStep, Question
from knowledge_base.questions.queries import BY_READERS, IS_READ, Line, lines_of_phrases

# One ticket after a search may be about anything; two by two people are no accident.
_ENOUGH_TICKETS = 2
_GAPS_SINCE = timedelta(days=90)


@dataclass(frozen=True)
class Outcome:
    """What became of people who last asked more than seven days ago: how many wrote to us, and how many were deflected, that
    is, were shown something and wrote on no channel.  `pending` are those whose seven days are not over."""

    people: int = 0
    wrote: int = 0
    deflected: int = 0
    pending: int = 0

    @property
    def percent(self) -> int:
        return round(100 * self.deflected / self.people) if self.people else 0


def _outcomes(session: Session, asked: ColumnElement[bool], *keys: Any, base: Any = None) -> dict[Any, Outcome]:
    """Return the outcome of the questions `asked`, counted in people, by the values of `keys`."""
    last = func.max(Question.asked_at).label("last")
    wrote = func.bool_or(Question.wrote_at.is_not(None)).label("wrote")
    shown = func.bool_or(Question.hits > 0).label("shown")
    named = [key.label(f"key{place}") for place, key in enumerate(keys)]
    people = select(*named, last, wrote, shown).where(asked, BY_READERS)
    people = people.select_from(base) if base is not None else people
    each = people.group_by(Question.visitor, *named).subquery()
    is_over = each.c.last + DEFLECTION_WINDOW <= clock.now()
    by = [each.c[f"key{place}"] for place in range(len(keys))]
    counts = select(
        *by,
        func.count().filter(is_over),
        func.count().filter(is_over, each.c.wrote),
        func.count().filter(is_over, each.c.shown, ~each.c.wrote),
        func.count().filter(~is_over),
    )
    return {tuple(row[: len(by)]): Outcome(*row[len(by) :]) for row in session.execute(counts.group_by(*by))}


@dataclass(frozen=True)
class Gap:
    """A phrase that people asked in vain and then wrote a ticket about, what is done about it, and what that changed.

    `answered_at` is when the article could first be found by it; `before` and `after` are the outcomes on either side.
    """

    line: Line
    decision: Decision | None
    answered_at: datetime | None
    before: Outcome
    after: Outcome

    @property
    def article(self) -> Article | None:
        return self.decision.article if self.decision else None


def gaps(session: Session, *, limit: int = 50) -> list[Gap]:
    """Return the gaps of the last ninety days, those that nobody has taken up first, in as many statements for one as for all.

    A phrase is a gap when two people or more found nothing, or opened nothing, and sent a ticket during that visit.
    """
    recent = lines_of_phrases().where(BY_READERS, Question.asked_at >= clock.now() - _GAPS_SINCE)
    missed = func.count(Question.visitor.distinct()).filter(Question.ticket_id.is_not(None), ~IS_READ) >= _ENOUGH_TICKETS
    not_dismissed = or_(Decision.kind.is_(None), Decision.kind != DecisionKind.DISMISSED)
    lines = [Line(*row) for row in session.execute(recent.where(not_dismissed).having(missed).limit(limit))]
    phrases = [line.phrase for line in lines]
    decisions = _decisions_on(session, phrases)
    outcomes = _before_and_after(session, phrases)
    found = [_gap(line, decisions.get(line.phrase), outcomes) for line in lines]
    return sorted(found, key=lambda gap: (gap.decision is not None, gap.answered_at is not None))


def gap_of(session: Session, phrase: str) -> Gap:
    """Return what is known of one phrase, gap or not.  Raises `NotFound`."""
    row = session.execute(lines_of_phrases().where(Question.phrase == phrase)).one_or_none()
    if row is None:
        raise NotFound()
    return _gap(Line(*row), _decisions_on(session, [phrase]).get(phrase), _before_and_after(session, [phrase]))


def _gap(line: Line, decision: Decision | None, outcomes: dict[Any, Outcome]) -> Gap:
    before, after = (outcomes.get((line.phrase, is_after), Outcome()) for is_after in (False, True))
    return Gap(line, decision, _answered_at(decision) if decision else None, before, after)


def _answered_at(decision: Decision) -> datetime | None:
    """Return when readers could first find the answer: not while it is a draft, nor when it is withdrawn."""
    article = decision.article
    if article is None or not article.is_published or article.published_at is None:
        return None
    return max(article.published_at, decision.at) if decision.kind == DecisionKind.ALSO_ASKED else article.published_at


def _decisions_on(session: Session, phrases: Sequence[str]) -> dict[str, Decision]:
    texts = (Article.body, Article.body_html, Article.body_text, Article.headings)
    article = joinedload(Decision.article)
    loading = (article.options(*(defer(text) for text in texts), raiseload("*")),)
    query = select(Decision).where(Decision.phrase.in_(phrases)).options(*loading)
    return {decision.phrase: decision for decision in session.scalars(query)}


def _before_and_after(session: Session, phrases: Sequence[str]) -> dict[Any, Outcome]:
    """Return outcomes by phrase and whether it was asked after its answer could be found."""
    # GREATEST passes over NULL: an article written for the phrase has no second moment to wait for.
    answered = func.greatest(Article.published_at, case((Decision.kind == DecisionKind.ALSO_ASKED, Decision.at)))
    is_after = func.coalesce(Question.asked_at >= answered, False)
    base = Question.__table__.outerjoin(Decision, Decision.phrase == Question.phrase).outerjoin(
        Article, and_(Article.id == Decision.article_id, Article.status == ArticleStatus.PUBLISHED)
    )
    return _outcomes(session, Question.phrase.in_(phrases), Question.phrase, is_after, base=base)


@dataclass(frozen=True)
class Deflection:
    """The whole measure: of those to whom articles were shown, of those who found nothing (what would have happened anyway),
    and how many said themselves, at the request form, that an article solved it."""

    shown: Outcome
    in_vain: Outcome
    said_solved: int


def deflection(session: Session, *, since: datetime) -> Deflection:
    """Return the deflection of the questions asked since then, in people (docs/deflection.md says what counts)."""
    asked = Question.asked_at >= since
    found = select(Question.visitor).where(asked, Question.hits > 0)
    shown = _outcomes(session, asked & Question.visitor.in_(found)).get((), Outcome())
    in_vain = _outcomes(session, asked & Question.visitor.not_in(found)).get((), Outcome())
    solved = select(func.count()).where(asked, Question.next_step == NextStep.SOLVED, Question.wrote_at.is_(None))
    return Deflection(shown, in_vain, session.scalar(solved) or 0)


def deflection_by(session: Session, article: Article) -> Outcome:
    """Return what became of those who opened this article from an answer to their question."""
    return _outcomes(session, and_(Question.article_id == article.id, IS_READ)).get((), Outcome())
