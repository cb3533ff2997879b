"""Mails that were written, and the items of the staff's bell."""

import uuid
from datetime import datetime
from typing import Any

from sqlalchemy import BigInteger, ForeignKey, Index, UniqueConstraint
from sqlalchemy.dialects.postgresql import UUID
from sqlalchemy.orm import Mapped, mapped_column

from kernel.database import PlatformBase, TenantBase, rows_that_leave, tenant_id_column


class Mail(TenantBase):
    """A mail to one reader about one event; the pair is unique, so that nobody is told twice."""

    __tablename__ = "mail"
    __table_args__ = (
        UniqueConstraint("event_id", "to_address", name="uq_mail_event_id"),
        # These hold codes and links that open an account.
        {"info": rows_that_leave("letter NOT IN ('sign_in_code', 'sign_up_code', 'staff_invited', 'staff_password_reset')")},
    )

    id: Mapped[int] = tenant_id_column()
    event_id: Mapped[uuid.UUID] = mapped_column(UUID(as_uuid=True))
    to_address: Mapped[str]
    to_name: Mapped[str]
    letter: Mapped[str]
    subject: Mapped[str]
    text: Mapped[str]
    html: Mapped[str]
    message_id: Mapped[str]
    created_at: Mapped[datetime]
    sent_at: Mapped[datetime | None]
    refused: Mapped[str] = mapped_column(server_default="")


class BellItem(TenantBase):
    """Something a member of staff should see, about a ticket or an article.

    `data` holds what its line says: number (an article's is that of the version), subject, who, score.
    """

    __tablename__ = "bell_item"
    __table_args__ = (
        UniqueConstraint("event_id", "staff_id", name="uq_bell_item_event_id"),
        Index("ix_bell_item_staff", "staff_id", "at"),
    )

    id: Mapped[int] = tenant_id_column()
    staff_id: Mapped[int] = mapped_column(ForeignKey("staff_member.id"))
    event_id: Mapped[uuid.UUID] = mapped_column(UUID(as_uuid=True))
    kind: Mapped[str]
    ticket_id: Mapped[int | None] = mapped_column(BigInteger)
    article_id: Mapped[int | None] = mapped_column(BigInteger)
    data: Mapped[dict[str, Any]]
    at: Mapped[datetime]
    read_at: Mapped[datetime | None]


class CapturedMail(PlatformBase):
    """A mail caught instead of sent, where no mail server is configured; for `/dev/mail`, in demo and test mode."""

    __tablename__ = "captured_mail"
    __table_args__ = (Index("ix_captured_mail_to", "to_address", "sent_at"),)

    message_id: Mapped[str] = mapped_column(primary_key=True)
    to_address: Mapped[str]
    sender: Mapped[str]
    subject: Mapped[str]
    text: Mapped[str]
    html: Mapped[str]
    sent_at: Mapped[datetime]
