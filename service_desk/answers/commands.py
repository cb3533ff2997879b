"""Turning a solved ticket into an article, and counting the articles that answer tickets."""

import re
from collections.abc import Iterable, Sequence
from typing import Any

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from kernel import clock
from kernel.actors import Actor
from kernel.errors import DomainError
from kernel.i18n import BY_CODE, speaking
from kernel.i18n import lazy_text as _l
from kernel.personal_data import masked
from knowledge_base.articles import commands as articles
from knowledge_base.articles import queries as article_queries
from knowledge_base.articles import workflow
from knowledge_base.articles.models import Article
from knowledge_base.questions import commands as questions
from knowledge_base.questions import queries as question_queries
from service_desk.answers import queries
from service_desk.answers.models import AnswerKind, TicketAnswer
from service_desk.tickets.models import Message, MessageKind, Status, Ticket

_QUESTION, _ANSWER = _l("Question"), _l("Answer")


class TicketNotSolved(DomainError):
    message = _l("Solve the ticket first: only an answer that helped makes an article.")


def draft_from(session: Session, ticket: Ticket, messages: Sequence[Message], *, actor: Actor) -> Article:
    """Write a draft from a solved ticket, its question and its answers without personal data; a second time, return the first.

    It waits for its review at once, where it can still be changed; one whose answer is still to be written does not.
    `messages` are the conversation as staff see it: internal notes never become part of an article.  Raises `TicketNotSolved`
    or `NoCategoryYet`.
    """
    if ticket.status not in (Status.SOLVED, Status.CLOSED):
        raise TicketNotSolved()
    if (known := queries.draft_of(session, ticket)) is not None:
        return article_queries.get(session, known, actor=actor)
    public = [message for message in messages if message.kind != MessageKind.NOTE]
    title = _masked(ticket.subject, ticket, public)
    neighbours = [find.article for find in queries.suggested(session, ticket, public)]
    category = question_queries.likely_category(session, neighbours)
    if category is None:
        raise questions.NoCategoryYet()
    place: dict[str, Any] = {"language": ticket.language, "category": category}
    article = articles.write(session, title=title, body=_masked(_body(ticket, public), ticket, public), **place, actor=actor)
    _link(session, ticket, [article.id], AnswerKind.DRAFT)
    if any(message.kind == MessageKind.REPLY for message in public):
        workflow.submit(session, article, actor=actor)
    return article


def _body(ticket: Ticket, messages: Sequence[Message]) -> str:
    asked = next((message.body for message in messages if message.kind == MessageKind.CUSTOMER), "")
    answers = [message.body for message in messages if message.kind == MessageKind.REPLY]
    with speaking(BY_CODE[ticket.language]):
        answer = "\n\n".join(answers) or str(questions.TO_BE_WRITTEN)
        return f"## {_QUESTION}\n\n{asked}\n\n## {_ANSWER}\n\n{answer}"


def _masked(text: str, ticket: Ticket, messages: Sequence[Message]) -> str:
    people = {ticket.customer.name, *(message.author_name for message in messages)}
    if ticket.assignee is not None:
        people.add(ticket.assignee.name)
    exactly = [ticket.customer.organisation, ticket.customer.phone]
    return masked(text, names=people, exactly=exactly, language=BY_CODE[ticket.language])


def note_sent(session: Session, ticket: Ticket, article_ids: Iterable[int]) -> None:
    """Count the articles whose links a reply held; links to what is not there count for nothing."""
    known = session.scalars(select(Article.id).where(Article.id.in_(set(article_ids)))).all()
    _link(session, ticket, known, AnswerKind.REPLY)


def _link(session: Session, ticket: Ticket, article_ids: Sequence[int], kind: AnswerKind) -> None:
    rows = [{"article_id": one, "ticket_id": ticket.id, "kind": kind, "at": clock.now()} for one in article_ids]
    if rows:
        session.execute(insert(TicketAnswer).values(rows).on_conflict_do_nothing())


def learn_from(session: Session, article: Article, ticket: Ticket, *, actor: Actor) -> None:
    """Let the article be found by the words in which the ticket's customer asked, without personal data."""
    wording = masked(ticket.subject, names=[ticket.customer.name], language=BY_CODE[ticket.language])
    # Nobody asks for "[name]": what stands in somebody's place says nothing about the question.
    wording = " ".join(re.sub(r"\[[^\]]*\]", " ", wording).split()).strip(" :：,，、-的")
    if wording:
        questions.learn(session, article, wording=wording, actor=actor)
