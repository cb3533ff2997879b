"""Writing down what people look for and what they do next, and what staff decide about it."""

import hashlib
import hmac
from collections.abc import Collection
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import case, delete, select, update
from sqlalchemy.orm import Session

from kernel import clock, database, events, settings
from kernel.actors import Actor
from kernel.errors import DomainError
from kernel.i18n import BY_CODE, Language, speaking
from kernel.i18n import lazy_text as _l
from kernel.personal_data import masked
from kernel.text import clean, fold
from knowledge_base.articles import commands as articles
from knowledge_base.articles import finding
from knowledge_base.articles.models import Article, Vote
from knowledge_base.questions import queries
from knowledge_base.questions.models import (
    DEFLECTION_WINDOW,
    KEPT,
    LONGEST_PHRASE,
    VISIT,
    Decision,
    DecisionKind,
    Face,
    NextStep,
    Question,
)

PHRASE_LENGTH = 200
# Whoever pauses for longer than this between two letters has read what was suggested.
_TYPING = timedelta(seconds=30)
_BATCH = 5000
_NOTHING_MEANT = " \t\n.,;:!?。，；：！？、…'\"“”‘’()（）"
TO_BE_WRITTEN = _l("Write the answer here: the steps first, then the reasons.")


class NoCategoryYet(DomainError):
    message = _l("Add a category first: every article belongs to one.")


def phrase_of(words: str) -> str:
    """Return a question as it is counted: folded, in one line, without the marks around it."""
    return " ".join(fold(words).split()).strip(_NOTHING_MEANT)[:LONGEST_PHRASE]


def key_of(session: Session, actor: Actor) -> str:
    """Return the visitor key of somebody signed in: the same in every browser, and nobody can turn it back into a person."""
    name = f"{database.stand_of(session).schema}:{actor.kind}:{actor.id}"
    return hmac.new(settings.current().secret_key.encode(), name.encode(), hashlib.sha256).hexdigest()[:32]


def ask(session: Session, words: str, *, language: Language, face: Face, visitor: str, hits: int) -> Question | None:
    """Write down a question and return it; nothing when it says nothing.

    What is still being typed changes its own row instead of adding one for every letter, and going on to the results or to the
    request form with the same words is the same question.
    """
    typed = masked(" ".join(clean(words).split()), language=language)[:PHRASE_LENGTH]
    phrase = phrase_of(typed)
    if not phrase:
        return None
    now = clock.now()
    before = queries.latest_of(session, visitor, since=now - VISIT)
    if before is not None and before.next_step == "":
        if face is Face.REQUEST and before.face != face and before.phrase == phrase:
            return before
        if _is_typed_on(before, phrase, face):
            before.phrase, before.typed, before.hits, before.face, before.asked_at = phrase, typed, hits, face, now
            return before
        if before.phrase != phrase:
            before.next_step = NextStep.REFINED
    facts = {"phrase": phrase, "typed": typed, "language": language.code, "face": face, "visitor": visitor, "hits": hits}
    question = Question(**facts, asked_at=now, next_step="")
    session.add(question)
    session.flush()
    return question


def _is_typed_on(before: Question, phrase: str, face: Face) -> bool:
    """Whether a question is `before` with some letters more or less, or what was suggested for, now submitted."""
    is_one_field = before.face == (Face.SUGGESTIONS if face is Face.RESULTS else face)
    is_longer_or_shorter = phrase.startswith(before.phrase) or before.phrase.startswith(phrase)
    return is_one_field and is_longer_or_shorter and clock.now() - before.asked_at <= _TYPING


def note_opened(session: Session, question_id: int, *, visitor: str, article: Article) -> None:
    """Write down that the question's reader opened an article; the first one counts."""
    mine = update(Question).where(Question.id == question_id, Question.visitor == visitor, Question.next_step == "")
    session.execute(mine.values(next_step=NextStep.OPENED, article_id=article.id))


def note_solved(session: Session, *, visitor: str, article: Article) -> bool:
    """Write down that an article made the visitor's request needless; say whether there was a question to note it on."""
    question = queries.latest_of(session, visitor, since=clock.now() - VISIT)
    if question is None:
        return False
    question.next_step, question.article_id = NextStep.SOLVED, article.id
    return True


def note_writing(session: Session, *, visitors: Collection[str], ticket_id: int, at: datetime) -> None:
    """Write down that a visitor wrote to us, by whatever channel: the questions of the seven days before were not answered.

    Those of the same visit are what the ticket `ticket_id` is about.
    """
    open_ones = update(Question).where(Question.visitor.in_(visitors), Question.wrote_at.is_(None))
    is_this_visit = Question.asked_at >= at - VISIT
    is_undecided = Question.next_step.in_(("", NextStep.REFINED))
    session.execute(
        open_ones.where(Question.asked_at.between(at - DEFLECTION_WINDOW, at))
        .values(
            wrote_at=at,
            ticket_id=case((is_this_visit, ticket_id), else_=None),
            next_step=case((is_this_visit & is_undecided, NextStep.ASKED.value), else_=Question.next_step),
        )
        .execution_options(synchronize_session=False)
    )


def forget_old(session: Session) -> int:
    """Remove questions that are older than half a year, a batch at a time, and return how many went."""
    old = select(Question.id).where(Question.asked_at < clock.now() - KEPT).order_by(Question.asked_at).limit(_BATCH)
    return len(session.scalars(delete(Question).where(Question.id.in_(old)).returning(Question.id)).all())


def write_about(session: Session, phrase: str, *, actor: Actor) -> Article:
    """Begin an article about a phrase: a draft in the language it was asked in, with its wordings, where its neighbours are."""
    wordings = queries.wordings(session, phrase)
    title = wordings[0].typed if wordings else phrase
    language = BY_CODE[wordings[0].language] if wordings else actor.language
    category = queries.likely_category(session, _neighbours(session, phrase, language, actor))
    if category is None:
        raise NoCategoryYet()
    with speaking(language):
        body = str(TO_BE_WRITTEN)
    asked = [one.typed for one in wordings if one.typed != title]
    place: dict[str, Any] = {"language": language.code, "category": category}
    article = articles.write(session, title=title, body=body, asked_as=asked, **place, actor=actor)
    _decide(session, phrase, DecisionKind.WRITTEN, article, actor)
    return article


def _neighbours(session: Session, phrase: str, language: Language, actor: Actor) -> list[Article]:
    return [find.article for find in finding.find(session, phrase, language, actor=actor, limit=3).finds]


def also_ask(session: Session, phrase: str, *, article: Article, actor: Actor) -> None:
    """Let an article be found by a phrase from now on, a published one at once."""
    wordings = queries.wordings(session, phrase)
    learn(session, article, wording=wordings[0].typed if wordings else phrase, actor=actor)
    _decide(session, phrase, DecisionKind.ALSO_ASKED, article, actor)


def learn(session: Session, article: Article, *, wording: str, actor: Actor) -> None:
    """Add what people ask to what an article is found by, unless it is known already in either script."""
    if phrase_of(wording) not in words_of(article):
        values = {"asked_as": [*(article.asked_as or ()), wording]}
        articles.change(session, article, values=values, revision=None, actor=actor)


def words_of(article: Article) -> set[str]:
    """Return the phrases, folded, that an article is found by as a whole."""
    return {phrase_of(one) for one in (article.title, *article.keywords, *(article.asked_as or ()))}


def dismiss(session: Session, phrase: str, *, actor: Actor) -> None:
    """Take a phrase out of the reports: nothing is missing."""
    _decide(session, phrase, DecisionKind.DISMISSED, None, actor)


def reconsider(session: Session, phrase: str, *, actor: Actor) -> None:
    """Put a phrase back into the reports, whatever was decided about it."""
    decision = queries.decision_on(session, phrase)
    if decision is not None:
        events.record(session, "question.reconsidered", decision, actor=actor, phrase=phrase)
        session.delete(decision)


def _decide(session: Session, phrase: str, kind: DecisionKind, article: Article | None, actor: Actor) -> None:
    decision = queries.decision_on(session, phrase) or Decision(phrase=phrase)
    decision.kind, decision.article_id, decision.at = kind, article.id if article else None, clock.now()
    session.add(decision)
    events.record(session, "question.decided", decision, actor=actor, phrase=phrase, kind=kind)


def handle_vote(session: Session, vote: Vote, *, actor: Actor) -> None:
    """Take what a reader said off the list of what is to be done."""
    if vote.handled_at is None:
        vote.handled_at = clock.now()
        events.record(session, "article.feedback_handled", vote, actor=actor)


def take_up_vote(session: Session, vote: Vote, *, actor: Actor) -> None:
    """Put what a reader said back onto the list."""
    if vote.handled_at is not None:
        vote.handled_at = None
        events.record(session, "article.feedback_taken_up", vote, actor=actor)
