"""The exports that a tenant asked for."""

import uuid
from datetime import datetime

from sqlalchemy import BigInteger, Integer
from sqlalchemy.dialects.postgresql import UUID
from sqlalchemy.orm import Mapped, mapped_column

from kernel import clock
from kernel.database import STAYS_HERE, TenantBase, tenant_id_column


class DataExport(TenantBase):
    """An export from the moment it is asked for until its file expires; `key` is its name in addresses and on disk.

    `done` of `total` tables and files are packed while it is being made; `size` and `sha256` are those of the finished file.
    """

    __tablename__ = "data_export"
    __table_args__ = {"info": STAYS_HERE}

    id: Mapped[int] = tenant_id_column()
    key: Mapped[uuid.UUID] = mapped_column(UUID(as_uuid=True))
    asked_by: Mapped[int] = mapped_column(BigInteger)
    asked_at: Mapped[datetime]
    done: Mapped[int] = mapped_column(Integer, server_default="0")
    total: Mapped[int] = mapped_column(Integer, server_default="0")
    ready_at: Mapped[datetime | None]
    expires_at: Mapped[datetime | None]
    size: Mapped[int | None] = mapped_column(BigInteger)
    sha256: Mapped[str] = mapped_column(server_default="")

    @property
    def is_ready(self) -> bool:
        return self.ready_at is not None

    @property
    def is_expired(self) -> bool:
        return self.expires_at is not None and self.expires_at <= clock.now()

    @property
    def percent(self) -> int:
        return 100 * self.done // self.total if self.total else 0
