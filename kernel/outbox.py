"""The outbox: one row of the shared schema for every piece of work that must happen after a commit, or at a later hour."""

import uuid
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from typing import Any, cast

from sqlalchemy import BigInteger, ColumnElement, Index, Insert, Integer, Table, bindparam, func, insert, select, text, update
from sqlalchemy.dialects.postgresql import UUID
from sqlalchemy.orm import Mapped, Session, mapped_column

from kernel import clock, database, doorbell, logs
from kernel.database import PlatformBase
from kernel.errors import NotFound

# With waits that double up to an hour: more than a day for a mail server to come back.
MAX_ATTEMPTS = 36


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
        Index("ix_outbox_dead", "dead_at", postgresql_where=text("dead_at IS NOT NULL")),
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

    @property
    def schema(self) -> str:
        """Whose it is by what the database wrote: a role carries the name of its schema, and `tenant_id` only what was said."""
        return self.tenant_role.removeprefix("r_")


def put(
    session: Session,
    job: str,
    args: dict[str, Any],
    *,
    id: uuid.UUID | None = None,
    due_at: datetime | None = None,
    beside: tuple[Insert, dict[str, Any]] | None = None,
) -> None:
    """Promise, in the session's transaction, that `job(**args)` will run here at or after `due_at` (now, when omitted).

    `args` must be JSON.  `id` names the promise after its cause; a second one of the same name is an error.  `beside` is an
    insert (always the same object) with its parameters, which goes along in the same statement and saves a round trip;
    on Citus, which knows no such statement, it goes before.
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
        "ring_at": now + doorbell.GRACE if due <= now else due,
    }
    along, further = beside or (None, {})
    if along is not None and database.is_sharded(session):
        session.execute(along, further)
        along, further = None, {}
    session.execute(_promise(along), {**{f"promise_{name}": value for name, value in values.items()}, **further})
    if due <= now:
        doorbell.ring_after_commit(session, row_id)


_WRITTEN = ("id", "tenant_id", "job", "args", "request_id", "created_at", "due_at", "ring_at")


@cache
def _promise(beside: Insert | None) -> Insert:
    """Return the statement that writes a promise: to put it together takes as long as to send it, as would a model's insert."""
    promise = insert(cast(Table, OutboxRow.__table__)).values({name: bindparam(f"promise_{name}") for name in _WRITTEN})
    return promise if beside is None else promise.add_cte(beside.cte("beside"))


@dataclass(frozen=True)
class Backlog:
    """What the outbox still holds: due now, and since when the oldest; promised for later; given up."""

    due: int
    oldest_due_at: datetime | None
    later: int
    dead: int


def backlog(session: Session) -> Backlog:
    """Return how much work is open in one database (operators only: a tenant's role cannot read the outbox)."""
    # What failed waits for its next attempt, and is in hand all the same.
    is_begun = (OutboxRow.due_at <= clock.now()) | (OutboxRow.attempts > 0)
    columns = (func.count().filter(is_begun), func.min(OutboxRow.due_at).filter(is_begun), func.count().filter(~is_begun))
    # Each condition has an index of its own; together they would make the database read a week of what is done.
    due, oldest, later = session.execute(select(*columns).where(*_is_open())).one()
    dead = session.scalar(select(func.count()).where(OutboxRow.dead_at.is_not(None))) or 0
    return Backlog(due, oldest, later, dead)


def _is_open() -> tuple[ColumnElement[bool], ...]:
    return OutboxRow.done_at.is_(None), OutboxRow.dead_at.is_(None)


@dataclass(frozen=True)
class Pile:
    """Open work of one job and one schema, a tenant's or the platform's: how much, and since when the oldest has been due."""

    job: str
    schema: str
    rows: int
    oldest_due_at: datetime


def piles(session: Session, *, limit: int = 50) -> list[Pile]:
    """Return the open work by job and schema, the largest piles first."""
    counted = func.count()
    query = select(OutboxRow.job, OutboxRow.tenant_role, counted, func.min(OutboxRow.due_at)).where(*_is_open())
    grouped = query.group_by(OutboxRow.job, OutboxRow.tenant_role).order_by(counted.desc(), OutboxRow.job)
    found = session.execute(grouped.limit(limit))
    return [Pile(job, role.removeprefix("r_"), rows, oldest) for job, role, rows, oldest in found]


def dead_rows(session: Session, *, role: str = "", limit: int = 100) -> Sequence[OutboxRow]:
    """Return the promises given up after their last attempt, the latest first, of one tenant's role where it is named."""
    query = select(OutboxRow).where(OutboxRow.dead_at.is_not(None)).order_by(OutboxRow.dead_at.desc()).limit(limit)
    return session.scalars(query.where(OutboxRow.tenant_role == role) if role else query).all()


def dead_by_role(session: Session, roles: Iterable[str]) -> dict[str, int]:
    """Return how many promises of each of these tenants' roles were given up."""
    query = select(OutboxRow.tenant_role, func.count()).where(OutboxRow.dead_at.is_not(None), OutboxRow.tenant_role.in_(roles))
    return dict(session.execute(query.group_by(OutboxRow.tenant_role)).all())


def revive(session: Session, row_id: uuid.UUID) -> OutboxRow:
    """Give a dead promise all its attempts again, from now on.  Raises `NotFound` when it is not, or no longer, dead."""
    revived = _revive(session, OutboxRow.id == row_id)
    if not revived:
        raise NotFound()
    return revived[0]


def revive_all(session: Session, job: str) -> int:
    """Give every dead promise of one job all its attempts again; return how many there were."""
    return len(_revive(session, OutboxRow.job == job))


def _revive(session: Session, which: ColumnElement[bool]) -> Sequence[OutboxRow]:
    now = clock.now()
    again = {"dead_at": None, "attempts": 0, "due_at": now, "ring_at": now + doorbell.GRACE}
    dead = update(OutboxRow).where(which, OutboxRow.dead_at.is_not(None)).values(again).returning(OutboxRow)
    rows = session.scalars(dead).all()
    for row in rows:
        doorbell.ring_after_commit(session, row.id)
    return rows
