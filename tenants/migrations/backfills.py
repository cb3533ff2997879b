"""Backfills: changes of a tenant's rows that follow a change of its schema, in small batches that may stop at any moment."""

import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

import psycopg
from sqlalchemy import select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from kernel import clock, database, logs, settings
from kernel.tenancy import Stand, platform_at
from tenants.migrations.ledger import IN_USE
from tenants.migrations.rendering import Step
from tenants.models import Backfill, Tenant

_log = logs.get(__name__)


class BackfillMissing(RuntimeError):
    """A step waits for a backfill that this tenant does not have behind it."""


@dataclass(frozen=True)
class Batch:
    """What one call has done: so many rows, and where the next goes on; `position` is None when nothing is left."""

    rows: int
    position: str | None


# Called in a tenant's place with the position that the last call returned ("" at first); it should take well under a second.
Fill = Callable[[Session, str], Batch]


@dataclass(frozen=True)
class _Declared:
    fill: Fill
    since: str


_declared: dict[str, _Declared] = {}


def backfill(name: str, *, since: str) -> Callable[[Fill], Fill]:
    """Declare a function that every tenant needs once, from revision `since` on, in as many batches as it takes."""

    def declare(fill: Fill) -> Fill:
        _declared[name] = _Declared(fill, since)
        return fill

    return declare


def require(connection: psycopg.Connection[Any], stand: Stand, missing: Iterable[Step]) -> None:
    """Raise `BackfillMissing` when one of these steps waits for a backfill; an unused spare has nothing to fill."""
    query = """
        SELECT 1 FROM platform.backfill WHERE name = %s AND schema_name = %s AND done_at IS NOT NULL
        UNION ALL SELECT 1 FROM platform.schema_revision WHERE schema_name = %s AND NOT is_taken"""
    for step in missing:
        needed = [step.after_backfill, stand.schema, stand.schema]
        if step.after_backfill and not connection.execute(query, needed).fetchone():
            raise BackfillMissing(f"Step {step.revision} waits for the backfill {step.after_backfill!r}.")


@dataclass
class Tally:
    """How a run of backfills goes: tenants done of those that had something left, rows changed, and errors by schema."""

    of: int = 0
    done: int = 0
    rows: int = 0
    failed: int = 0


def run(show: Callable[[Tally], None] = lambda tally: None, *, seconds: float = float("inf")) -> Tally:
    """Go on with every backfill that a tenant still lacks, for at most so many seconds; any number of processes may."""
    end = time.monotonic() + seconds
    tally = Tally()
    for name, declared in _declared.items():
        waiting = _waiting(name, declared.since)
        tally.of += len(waiting)
        for stand in waiting:
            if time.monotonic() > end:
                return tally
            _fill(name, declared, stand, tally, end)
            show(tally)
    return tally


def _waiting(name: str, since: str) -> list[Stand]:
    with database.transaction() as session:
        query = select(Tenant).where(Tenant.revision >= since, Tenant.state.in_(IN_USE)).order_by(Tenant.id)
        stands = [tenant.stand for tenant in session.scalars(query)]
    done: set[str] = set()
    for placement in settings.current().placements:
        with database.transaction(platform_at(placement)) as session:
            query_done = select(Backfill.schema_name).where(Backfill.name == name, Backfill.done_at.is_not(None))
            done.update(session.scalars(query_done))
    return [stand for stand in stands if stand.schema not in done]


def _fill(name: str, declared: _Declared, stand: Stand, tally: Tally, end: float) -> None:
    try:
        while batch := _one_batch(name, declared, stand):
            tally.rows += batch.rows
            if batch.position is None:
                tally.done += 1
            if batch.position is None or time.monotonic() > end:
                return
    except Exception as error:
        _log.error("backfill failed", backfill=name, schema=stand.schema, exc_info=error)
        tally.failed += 1
        with database.transaction(platform_at(stand.placement)) as session:
            row = update(Backfill).where(Backfill.name == name, Backfill.schema_name == stand.schema)
            session.execute(row.values(error=repr(error)[:2000]))


def _one_batch(name: str, declared: _Declared, stand: Stand) -> Batch | None:
    """Change the next rows and move the bookmark in the same transaction; nothing when it is done or in other hands."""
    platform = platform_at(stand.placement)
    key = (Backfill.name == name) & (Backfill.schema_name == stand.schema)
    with database.transaction(platform) as session:
        session.execute(insert(Backfill).values(name=name, schema_name=stand.schema).on_conflict_do_nothing())
    with database.transaction(platform) as session:
        row = session.scalar(select(Backfill).where(key, Backfill.done_at.is_(None)).with_for_update(skip_locked=True))
        if row is None:
            return None
        database.move(session, stand)
        batch = declared.fill(session, row.position)
        database.move(session, platform)
        done_at = clock.now() if batch.position is None else None
        values = {"position": batch.position or "", "rows": Backfill.rows + batch.rows, "error": "", "done_at": done_at}
        session.execute(update(Backfill).where(key).values(values))
    return batch
