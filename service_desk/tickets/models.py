"""The ticket, its messages and their attachments."""

import uuid
from datetime import datetime
from enum import IntEnum, StrEnum

from sqlalchemy import BigInteger, ForeignKey, Index, Integer, SmallInteger, Text, text
from sqlalchemy.dialects.postgresql import ARRAY, UUID
from sqlalchemy.orm import Mapped, mapped_column, relationship

from crm.customers.models import Customer
from kernel.database import TenantBase, tenant_id_column
from kernel.files import StoredFile
from kernel.i18n import LazyText
from kernel.i18n import lazy_text as _l
from tenants.models import StaffMember


class Status(StrEnum):
    """Where a ticket stands.  Solved may be reopened by either side; closed, seven days later, by staff only."""

    NEW = "new"
    OPEN = "open"
    WAITING = "waiting"
    SOLVED = "solved"
    CLOSED = "closed"


class Priority(IntEnum):
    LOW = 1
    NORMAL = 2
    HIGH = 3
    URGENT = 4


class MessageKind(StrEnum):
    """Who wrote a message, and whether the customer may read it."""

    CUSTOMER = "customer"
    REPLY = "reply"
    NOTE = "note"


UNSOLVED = (Status.NEW, Status.OPEN, Status.WAITING)
STATUS_NAMES: dict[Status, LazyText] = {
    Status.NEW: _l("New"),
    Status.OPEN: _l("Open"),
    Status.WAITING: _l("Waiting for customer"),
    Status.SOLVED: _l("Solved"),
    Status.CLOSED: _l("Closed"),
}
# The same five as the customer understands them.
CUSTOMER_STATUS_NAMES: dict[Status, LazyText] = {
    Status.NEW: _l("Received"),
    Status.OPEN: _l("In progress"),
    Status.WAITING: _l("Waiting for you"),
    Status.SOLVED: _l("Solved"),
    Status.CLOSED: _l("Closed"),
}
PRIORITY_NAMES: dict[Priority, LazyText] = {
    Priority.LOW: _l("Low"),
    Priority.NORMAL: _l("Normal"),
    Priority.HIGH: _l("High"),
    Priority.URGENT: _l("Urgent"),
}


class Ticket(TenantBase):
    """A customer's request.  Staff know it by `number`, which counts up; the world by `public_id`, which cannot be guessed.

    `form_key` is the key of the form that sent it, so that a form sent twice makes one ticket.
    """

    __tablename__ = "ticket"
    __table_args__ = (
        Index("ix_ticket_customer", "customer_id", "updated_at"),
        Index("ix_ticket_assignee", "assignee_id", "updated_at"),
        Index("ix_ticket_updated", "updated_at", "id"),
        Index(
            "ix_ticket_search_text",
            "search_text",
            postgresql_using="gin",
            postgresql_ops={"search_text": "gin_trgm_ops"},
        ),
    )

    id: Mapped[int] = tenant_id_column()
    number: Mapped[int] = mapped_column(BigInteger, server_default=text("nextval('ticket_numbers')"), unique=True)
    public_id: Mapped[uuid.UUID] = mapped_column(UUID(as_uuid=True), unique=True)
    form_key: Mapped[str | None] = mapped_column(unique=True)
    subject: Mapped[str]
    status: Mapped[str]
    priority: Mapped[int] = mapped_column(SmallInteger)
    tags: Mapped[list[str]] = mapped_column(ARRAY(Text), server_default="{}")
    language: Mapped[str]
    customer_id: Mapped[int] = mapped_column(ForeignKey("customer.id"))
    assignee_id: Mapped[int | None] = mapped_column(ForeignKey("staff_member.id"))
    search_text: Mapped[str]
    created_at: Mapped[datetime]
    updated_at: Mapped[datetime]
    first_replied_at: Mapped[datetime | None]
    solved_at: Mapped[datetime | None]
    rating: Mapped[int | None] = mapped_column(SmallInteger)
    rating_comment: Mapped[str] = mapped_column(server_default="")
    rated_at: Mapped[datetime | None]
    version: Mapped[int] = mapped_column(Integer)

    customer: Mapped[Customer] = relationship(lazy="raise")
    assignee: Mapped[StaffMember | None] = relationship(lazy="raise")

    __mapper_args__ = {"version_id_col": version}

    @property
    def is_unsolved(self) -> bool:
        return self.status in UNSOLVED

    @property
    def is_closed(self) -> bool:
        return self.status == Status.CLOSED

    @property
    def may_be_rated(self) -> bool:
        return self.status in (Status.SOLVED, Status.CLOSED)


class Message(TenantBase):
    """One message of a ticket's conversation, as typed.  `author_name` stays when its author leaves.

    `search_text` is the body folded, so that a search in either Chinese script finds it.
    """

    __tablename__ = "ticket_message"
    __table_args__ = (
        Index("ix_ticket_message_ticket", "ticket_id", "id"),
        Index(
            "ix_ticket_message_search_text",
            "search_text",
            postgresql_using="gin",
            postgresql_ops={"search_text": "gin_trgm_ops"},
        ),
    )

    id: Mapped[int] = tenant_id_column()
    ticket_id: Mapped[int] = mapped_column(ForeignKey("ticket.id"))
    form_key: Mapped[str | None] = mapped_column(unique=True)
    kind: Mapped[str]
    author_id: Mapped[int | None] = mapped_column(BigInteger)
    author_name: Mapped[str]
    body: Mapped[str]
    search_text: Mapped[str]
    created_at: Mapped[datetime]

    files: Mapped[list[StoredFile]] = relationship(secondary="ticket_attachment", order_by=StoredFile.id, lazy="raise")

    @property
    def is_internal(self) -> bool:
        return self.kind == MessageKind.NOTE


class Attachment(TenantBase):
    """A file on a message."""

    __tablename__ = "ticket_attachment"
    __table_args__ = (Index("ix_ticket_attachment_file", "file_id"),)

    message_id: Mapped[int] = mapped_column(ForeignKey("ticket_message.id"), primary_key=True)
    file_id: Mapped[int] = mapped_column(ForeignKey("stored_file.id"), primary_key=True)
