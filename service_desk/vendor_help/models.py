"""Which tenant asked which of the vendor's tickets."""

import uuid
from datetime import datetime

from sqlalchemy import BigInteger, Index
from sqlalchemy.dialects.postgresql import UUID
from sqlalchemy.orm import Mapped, mapped_column

from kernel.database import PlatformBase


class HelpRequest(PlatformBase):
    """A ticket in the vendor's house that a tenant's member of staff asked; `public_id` is the ticket's own.

    It names nobody: who asked is the ticket's customer, which is the vendor's to know.
    """

    __tablename__ = "help_request"
    __table_args__ = (Index("ix_help_request_tenant", "tenant_id", "created_at"),)

    public_id: Mapped[uuid.UUID] = mapped_column(UUID(as_uuid=True), primary_key=True)
    tenant_id: Mapped[int] = mapped_column(BigInteger)
    ticket_number: Mapped[int] = mapped_column(BigInteger)
    staff_id: Mapped[int] = mapped_column(BigInteger)
    created_at: Mapped[datetime]
