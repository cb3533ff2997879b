"""Which article has to do with which ticket."""

from datetime import datetime
from enum import StrEnum

from sqlalchemy import ForeignKey, Index, String
from sqlalchemy.orm import Mapped, mapped_column

from kernel.database import TenantBase
from knowledge_base.articles.models import Article
from service_desk.tickets.models import Ticket


class AnswerKind(StrEnum):
    """The article was sent in a reply, or it was written from the ticket."""

    REPLY = "reply"
    DRAFT = "draft"


class TicketAnswer(TenantBase):
    """An article and a ticket that belong together; each kind counts once, however often the link was sent."""

    __tablename__ = "ticket_answer"
    __table_args__ = (Index("ix_ticket_answer_ticket", "ticket_id"),)

    article_id: Mapped[int] = mapped_column(ForeignKey(Article.id), primary_key=True)
    ticket_id: Mapped[int] = mapped_column(ForeignKey(Ticket.id), primary_key=True)
    kind: Mapped[str] = mapped_column(String(20), primary_key=True)
    at: Mapped[datetime]
