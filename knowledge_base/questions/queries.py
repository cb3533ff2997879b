"""What people looked for: in vain, without opening anything, and what an article changed about it."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Select, and_, false, func, or_, select
from sqlalchemy.orm import Session, joinedload, load_only, raiseload
from sqlalchemy.sql.base import ExecutableOption

from kernel.actors import Actor
from kernel.errors import NotFound
from knowledge_base.articles.models import Article, Category, Vote
from knowledge_base.questions.models import DEFLECTION_WINDOW, FACE_NAMES, Decision, DecisionKind, Face, NextStep, Question
from tenants.permissions import Permission

__all__ = ["DEFLECTION_WINDOW", "FACE_NAMES", "Decision", "DecisionKind", "Face", "NextStep", "Question", "Vote"]

# Fewer than three readers prove nothing about results that nobody opened.
_ENOUGH_ASKED, _OPENED_SHARE = 3, 0.3
IS_READ = Question.next_step.in_((NextStep.OPENED, NextStep.SOLVED))
BY_READERS = Question.face != Face.DESK
_ASKED_LATE = Question.asked_at > func.coalesce(Decision.at, Question.asked_at - timedelta(seconds=1))


def latest_of(session: Session, visitor: str, *, since: datetime) -> Question | None:
    mine = select(Question).where(Question.visitor == visitor, Question.asked_at >= since)
    return session.scalar(mine.order_by(Question.asked_at.desc(), Question.id.desc()).limit(1))


def decision_on(session: Session, phrase: str) -> Decision | None:
    return session.scalar(select(Decision).where(Decision.phrase == phrase))


@dataclass(frozen=True)
class Wording:
    """How often a phrase was typed in this way, in this language."""

    typed: str
    language: str
    times: int


def wordings(session: Session, phrase: str) -> list[Wording]:
    """Return the ways in which a phrase was typed, the commonest first."""
    times = func.count()
    query = select(Question.typed, Question.language, times).where(Question.phrase == phrase)
    grouped = query.group_by(Question.typed, Question.language).order_by(times.desc(), Question.typed).limit(20)
    return [Wording(*row) for row in session.execute(grouped)]


@dataclass(frozen=True)
class Line:
    """A phrase in a report: how often it was asked and by how many people, and how many opened something or wrote to us."""

    phrase: str
    wording: str
    times: int
    people: int
    opened: int
    wrote: int
    last_at: datetime

    @property
    def opened_percent(self) -> int:
        return round(100 * self.opened / self.times)


REPORTS = ("in_vain", "unopened", "dismissed")


def report(session: Session, name: str, *, since: datetime, language: str = "", limit: int = 100) -> list[Line]:
    """Return one of the `REPORTS`: phrases that found nothing, that found what nobody opens, or that staff put away.

    A phrase about which something was decided comes back when it is asked again afterwards and still finds nothing; one that
    was dismissed does not.
    """
    query = lines_of_phrases().where(BY_READERS, Question.asked_at >= since)
    if language:
        query = query.where(Question.language == language)
    return [Line(*row) for row in session.execute(_narrowed(query, name).limit(limit))]


def lines_of_phrases() -> Select[Any]:
    """Return the query of `Line`s, one a phrase, the most asked first, with what was decided about each to narrow it by."""
    return (
        select(
            Question.phrase,
            func.mode().within_group(Question.typed),
            func.count().label("times"),
            func.count(Question.visitor.distinct()),
            func.count().filter(IS_READ),
            func.count(Question.visitor.distinct()).filter(Question.ticket_id.is_not(None)),
            func.max(Question.asked_at),
        )
        .outerjoin(Decision, Decision.phrase == Question.phrase)
        .group_by(Question.phrase)
        .order_by(func.count().desc(), func.max(Question.asked_at).desc(), Question.phrase)
    )


def _narrowed(query: Select[Any], name: str) -> Select[Any]:
    if name == "dismissed":
        return query.where(Decision.kind == DecisionKind.DISMISSED)
    still_open = and_(or_(Decision.kind.is_(None), Decision.kind != DecisionKind.DISMISSED), _ASKED_LATE)
    if name == "in_vain":
        return query.where(Question.hits == 0, still_open)
    is_passed_by = func.count().filter(IS_READ) < _OPENED_SHARE * func.count()
    return query.where(Question.hits > 0, still_open).having(func.count() >= _ENOUGH_ASKED, is_passed_by)


@dataclass(frozen=True)
class Asked:
    """How many questions there were, and how many of them found nothing."""

    times: int
    in_vain: int

    @property
    def in_vain_percent(self) -> int:
        return round(100 * self.in_vain / self.times) if self.times else 0


def asked(session: Session, *, since: datetime) -> Asked:
    counts = select(func.count(), func.count().filter(Question.hits == 0)).where(BY_READERS, Question.asked_at >= since)
    return Asked(*session.execute(counts).one())


@dataclass(frozen=True)
class Steps:
    """What the readers of a phrase did next, in people and times; `left` neither opened anything nor wrote."""

    times: int
    people: int
    opened: int
    solved: int
    refined: int
    asked: int
    left: int
    in_vain: int


def steps(session: Session, phrase: str) -> Steps:
    """Return what became of all that is kept of a phrase.  Raises `NotFound` for one that nobody asked."""
    columns = [func.count().filter(Question.next_step == step) for step in ("opened", "solved", "refined", "asked", "")]
    counts = select(func.count(), func.count(Question.visitor.distinct()), *columns, func.count().filter(Question.hits == 0))
    row: Any = session.execute(counts.where(Question.phrase == phrase)).one()
    if not row[0]:
        raise NotFound()
    return Steps(*row)


def tickets_of(session: Session, phrase: str, *, limit: int = 20) -> list[int]:
    """Return the ids of the tickets that readers wrote after asking a phrase, the newest first."""
    newest = func.max(Question.asked_at)
    mine = select(Question.ticket_id).where(Question.phrase == phrase, Question.ticket_id.is_not(None))
    return [row for row in session.scalars(mine.group_by(Question.ticket_id).order_by(newest.desc()).limit(limit)) if row]


def likely_category(session: Session, neighbours: Sequence[Article]) -> Category | None:
    """Return where an article like `neighbours` belongs: with the first of them, else at the tree's start."""
    first = select(Category).order_by(Category.parent_id.is_not(None), Category.position, Category.id).limit(1)
    return neighbours[0].category if neighbours else session.scalar(first)


def votes_visible_to(actor: Actor) -> Select[Vote]:
    """Staff who may read articles see what was said against them; nobody else sees anybody's vote."""
    query = select(Vote).where(~Vote.is_helpful)
    return query if actor.may(Permission.ARTICLE_READ) or actor.kind == "system" else query.where(false())


def votes_in_view(query: Select[Vote], view: str) -> Select[Vote]:
    """Narrow votes to those that are `todo` or `handled`."""
    return query.where(Vote.handled_at.is_(None) if view == "todo" else Vote.handled_at.is_not(None))


def vote_counts(session: Session, *, actor: Actor) -> dict[str, int]:
    is_todo = Vote.handled_at.is_(None)
    counts = votes_visible_to(actor).with_only_columns(func.count().filter(is_todo), func.count().filter(~is_todo))
    todo, handled = session.execute(counts).one()
    return {"todo": todo, "handled": handled}


def with_article() -> ExecutableOption:
    """Return what to load to list votes: the title of the article of each, and none of its text."""
    return joinedload(Vote.article).options(load_only(Article.title, Article.language), raiseload("*"))
