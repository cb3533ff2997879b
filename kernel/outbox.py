"""The outbox: one row of the shared schema for every piece of work that must happen after a commit, or at a later hour."""

import uuid
from datetime import datetime
from typing import Any

from sqlalchemy import BigInteger, Index, Integer, insert, text
from sqlalchemy.dialects.postgresql import UUID
from sqlalchemy.orm import Mapped, Session, mapped_column

from kernel import clock, database, doorbell, logs
from kernel.database import PlatformBase

MAX_ATTEMPTS = 12


class OutboxRow(PlatformBase):
    """A promise: run `job` with `args` where `tenant_id` lives, not before `due_at`, until `done_at` is set.

    `tenant_role` is written by the database from the role that inserts; row-level security lets a tenant's role put in rows of
    its own name only, so that no statement of one tenant can make work for another.  `ring_at` is when the sweeper next
    looks; it moves on with every ring, attempt and failure.  A row that failed `MAX_ATTEMPTS` times gets `dead_at`.
    """

    __tablename__ = "outbox"
    __table_args__ = (
        Index("ix_outbox_open", "ring_at", postgresql_where=text("done_at IS NULL AND dead_at IS NULL")),
        Index("ix_outbox_done", "done_at", postgresql_where=text("done_at IS NOT NULL")),
    )

    id: Mapped[uuid.UUID] = mapped_column(UUID(as_uuid=True), primary_key=True)
    tenant_id: Mapped[int | None] = mapped_column(BigInteger)
    tenant_role: Mapped[str] = mapped_column(server_default=text("CURRENT_USER"))
    job: Mapped[str]
    args: Mapped[dict[str, Any]]
    request_id: Mapped[str] = mapped_column(server_default="")
    created_at: Mapped[datetime]
    due_at: Mapped[datetime]
    ring_at: Mapped[datetime]
    attempts: Mapped[int] = mapped_column(Integer, server_default="0")
    error: Mapped[str] = mapped_column(server_default="")
    done_at: Mapped[datetime | None]
    dead_at: Mapped[datetime | None]


def put(
    session: Session, job: str, args: dict[str, Any], *, id: uuid.UUID | None = None, due_at: datetime | None = None
) -> None:
    """Promise, in the session's transaction, that `job(**args)` will run here at or after `due_at` (now, when omitted).

    `args` must be JSON.  An `id` that follows from its cause (`uuid5`) makes the promise once however often it is given;
    that check needs the platform's rights, which a tenant's role has not, so commands leave it out.
    """
    now = clock.now()
    due = due_at or now
    row_id = id or uuid.uuid4()
    values = {
        "id": row_id,
        "tenant_id": database.stand_of(session).tenant_id,
        "job": job,
        "args": args,
        "request_id": logs.request_id(),
        "created_at": now,
        "due_at": due,
        # The doorbell is rung at the commit; the sweeper gives it three seconds before it rings itself.
        "ring_at": max(due, now + doorbell.GRACE) if due <= now else due,
    }
    session.execute(insert(OutboxRow).values(values))
    if due <= now:
        doorbell.ring_after_commit(session, row_id)
