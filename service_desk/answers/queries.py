"""Which articles may answer a ticket, and which tickets an article answered."""

from collections.abc import Sequence

from sqlalchemy import func, select
from sqlalchemy.orm import Session, joinedload, raiseload

from kernel.actors import Actor
from kernel.errors import NotFound
from kernel.i18n import BY_CODE
from knowledge_base.articles import finding
from knowledge_base.articles import queries as articles
from knowledge_base.articles.finding import Find as Find
from knowledge_base.articles.models import Article
from service_desk.answers.models import AnswerKind as AnswerKind
from service_desk.answers.models import TicketAnswer
from service_desk.tickets.queries import Message, MessageKind, Ticket
from service_desk.tickets.queries import visible_to as tickets_visible_to

_SUGGESTED = 3
# The rest of a long message is history, and its words would drown those of the question.
_LENGTH = 600


def suggested(session: Session, ticket: Ticket, messages: Sequence[Message]) -> list[Find]:
    """Return the articles that may answer the ticket, best first and in its customer's language first.

    Asked as its customer would, so that a member of staff can never send an article that the customer may not open.
    """
    first = next((message.body for message in messages if message.kind == MessageKind.CUSTOMER), "")
    return found(session, ticket, "\n".join((ticket.subject, *ticket.tags, first[:_LENGTH])))


def found(session: Session, ticket: Ticket, words: str) -> list[Find]:
    """Return the articles that answer `words` and that the ticket's customer may read."""
    reader, language = ticket.customer.as_actor(), BY_CODE[ticket.language]
    return finding.find(session, words, language, actor=reader, limit=_SUGGESTED).finds


def sendable(session: Session, ticket: Ticket, article_id: int) -> Article:
    """Return an article that the ticket's customer may read, or raise `NotFound`."""
    return articles.get(session, article_id, actor=ticket.customer.as_actor())


def draft_of(session: Session, ticket: Ticket) -> int | None:
    """Return the id of the article that was written from the ticket."""
    mine = TicketAnswer.ticket_id == ticket.id, TicketAnswer.kind == AnswerKind.DRAFT
    return session.scalar(select(TicketAnswer.article_id).where(*mine).limit(1))


def reply_count(session: Session, article: Article) -> int:
    """Return to how many tickets the article was sent."""
    sent = TicketAnswer.article_id == article.id, TicketAnswer.kind == AnswerKind.REPLY
    return session.scalar(select(func.count()).where(*sent)) or 0


def tickets_of(session: Session, article: Article, *, actor: Actor, limit: int = 5) -> Sequence[Ticket]:
    """Return the tickets that `actor` may see to which the article was sent or from which it was written, the newest first."""
    ids = select(TicketAnswer.ticket_id).where(TicketAnswer.article_id == article.id)
    query = tickets_visible_to(actor).where(Ticket.id.in_(ids)).options(joinedload(Ticket.customer), raiseload("*"))
    return session.scalars(query.order_by(Ticket.id.desc()).limit(limit)).all()


def tickets_by_id(session: Session, ids: Sequence[int], *, actor: Actor) -> Sequence[Ticket]:
    """Return those of the tickets with these ids that `actor` may see, the newest first."""
    if not ids:
        return []
    query = tickets_visible_to(actor).where(Ticket.id.in_(ids)).options(raiseload("*"))
    return session.scalars(query.order_by(Ticket.id.desc())).all()


def linked(session: Session, article: Article, number: int, *, actor: Actor) -> Ticket:
    """Return the ticket with this number if it belongs to the article, or raise `NotFound`."""
    ids = select(TicketAnswer.ticket_id).where(TicketAnswer.article_id == article.id)
    query = tickets_visible_to(actor).where(Ticket.number == number, Ticket.id.in_(ids))
    ticket = session.scalar(query.options(joinedload(Ticket.customer), raiseload("*")))
    if ticket is None:
        raise NotFound()
    return ticket
