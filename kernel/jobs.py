"""Jobs: the functions that the outbox may promise to run, and how a worker keeps such a promise."""

import random
import uuid
from collections.abc import Callable
from datetime import timedelta
from typing import Any

from sqlalchemy import delete, func, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from kernel import clock, database, doorbell, events, logs, settings
from kernel.outbox import MAX_ATTEMPTS, OutboxRow
from kernel.settings import HOME_PLACEMENT
from kernel.tenancy import PLATFORM, Stand, platform_at

# While a worker holds the row's lock a second ring finds it taken; this is only how soon a killed worker's row is tried again.
_RING_AGAIN = timedelta(seconds=5)
_LONGEST_WAIT = timedelta(hours=1)
_log = logs.get(__name__)

Job = Callable[..., None]
_jobs: dict[str, Job] = {}


def job(name: str) -> Callable[[Job], Job]:
    """Declare a function `(session, **args)` that the outbox can promise under `name`.

    It runs in one transaction where the promise was made, together with the mark that it is done.  It may run twice when it
    reaches outside (a mail), and must then harm nothing.
    """

    def declare(function: Job) -> Job:
        _jobs[name] = function
        return function

    return declare


_HELD_FOR = timedelta(seconds=60)
_reasons_to_hold: list[Callable[[str], bool]] = []


def hold_while(is_held: Callable[[str], bool]) -> None:
    """Name a question, asked with a tenant's schema, whether its work rests for now: it stays open, and costs no attempt."""
    if is_held not in _reasons_to_hold:
        _reasons_to_hold.append(is_held)


_on_telling: list[Callable[[Session, OutboxRow], None]] = []


def when_told(also: Callable[[Session, OutboxRow], None]) -> None:
    """Name what is done besides whenever an event is told, on the platform and with the event's promise."""
    if also not in _on_telling:
        _on_telling.append(also)


def drain(row_ids: list[str], placement: str = HOME_PLACEMENT) -> None:
    """Keep the promises of these outbox rows, each in a transaction of its own (called by RQ)."""
    for row_id in row_ids:
        keep(uuid.UUID(row_id), placement)


def keep(row_id: uuid.UUID, placement: str = HOME_PLACEMENT) -> bool:
    """Run one outbox row if it is due, open and held by nobody else; say whether it is done now."""
    if not _count_attempt(row_id, placement):
        return False
    session = database.session_at(platform_at(placement))
    try:
        row = session.scalar(select(OutboxRow).where(OutboxRow.id == row_id, _is_open()).with_for_update(skip_locked=True))
        if row is None:
            database.settle(session, keep=False)
            return False
        logs.begin(request_id=row.request_id or str(row_id), job=row.job, tenant=row.tenant_id)
        events.come_from("")
        is_run = _run_unless_held(session, row)
        database.settle(session, keep=True)
        return is_run
    except Exception as error:
        database.settle(session, keep=False)
        _note_failure(row_id, placement, error)
        return False


def _run_unless_held(session: Session, row: OutboxRow) -> bool:
    if row.tenant_role != PLATFORM.role and any(is_held(row.schema) for is_held in _reasons_to_hold):
        row.attempts -= 1
        row.ring_at = clock.now() + _HELD_FOR
        return False
    _run(session, row)
    return True


def _is_open() -> Any:
    return OutboxRow.done_at.is_(None) & OutboxRow.dead_at.is_(None)


def _count_attempt(row_id: uuid.UUID, placement: str) -> bool:
    """Count before the work: a job that kills its worker must still come to its last attempt."""
    now = clock.now()
    free = (
        select(OutboxRow.id)
        .where(OutboxRow.id == row_id, _is_open(), OutboxRow.due_at <= now)
        .with_for_update(skip_locked=True)
    )
    with database.transaction(platform_at(placement)) as session:
        attempts = session.scalar(
            update(OutboxRow)
            .where(OutboxRow.id.in_(free))
            .values(attempts=OutboxRow.attempts + 1, ring_at=now + _RING_AGAIN)
            .returning(OutboxRow.attempts)
        )
        if attempts is not None and attempts > MAX_ATTEMPTS:
            session.execute(
                update(OutboxRow).where(OutboxRow.id == row_id).values(dead_at=now, error="its worker died at every attempt")
            )
            return False
    return attempts is not None


def _run(session: Session, row: OutboxRow) -> None:
    """The work and its mark are one transaction, so that a kill at any moment leaves both or neither."""
    if row.job == "events.tell":
        _tell(session, row)
    else:
        # The role, which the database wrote, decides where; the tenant's id in the row is only what it said of itself.
        platform = database.stand_of(session)
        if row.tenant_role != PLATFORM.role:
            database.move(session, stand_of(row, platform.placement))
        _jobs[row.job](session, **row.args)
        database.move(session, platform)
    session.execute(update(OutboxRow).where(OutboxRow.id == row.id).values(done_at=clock.now(), error=""))


def stand_of(row: OutboxRow, placement: str = HOME_PLACEMENT) -> Stand:
    """Return where the row's tenant lives: the role was written by the database itself, and the schema carries its name."""
    return Stand(row.schema, row.tenant_role, row.tenant_id, placement)


def _tell(session: Session, row: OutboxRow) -> None:
    """Give each listener of an event a row of its own, so that one that fails is tried again alone."""
    now = clock.now()
    for listener in events.listeners_of(row.args["name"]):
        row_id = uuid.uuid5(row.id, listener)
        values = {
            "id": row_id,
            "tenant_id": row.tenant_id,
            "tenant_role": row.tenant_role,
            "job": "events.listen",
            "args": {"event_id": row.args["event_id"], "listener": listener},
            "request_id": row.request_id,
            "created_at": now,
            "due_at": now,
            "ring_at": now + doorbell.GRACE,
        }
        session.execute(insert(OutboxRow).values(values).on_conflict_do_nothing())
        doorbell.ring_after_commit(session, row_id)
    for also in _on_telling:
        also(session, row)


@job("events.listen")
def _listen(session: Session, *, event_id: str, listener: str) -> None:
    event = session.get_one(events.Event, uuid.UUID(event_id))
    events.listeners_of(event.name)[listener](session, event)


def _note_failure(row_id: uuid.UUID, placement: str, error: Exception) -> None:
    _log.warning("job failed", error=repr(error), exc_info=error)
    now = clock.now()
    with database.transaction(platform_at(placement)) as session:
        row = session.scalar(select(OutboxRow).where(OutboxRow.id == row_id, _is_open()).with_for_update())
        if row is None:
            return
        # Operators read it, who have no business with what is in a tenant's rows.
        row.error = logs.masked(repr(error))[:2000]
        if row.attempts >= MAX_ATTEMPTS:
            row.dead_at = now
            return
        row.due_at = row.ring_at = now + min(timedelta(seconds=2**row.attempts), _LONGEST_WAIT) * random.uniform(0.8, 1.2)


def sweep(limit: int = 200) -> int:
    """Ring for open rows whose hour has come and that nobody rang for; one sweeper at a time, by advisory lock.

    Visits every database, at most `limit` rows in each.  Returns the number of rows rung for.
    """
    return sum(_sweep_at(placement, limit) for placement in settings.current().placements)


def _sweep_at(placement: str, limit: int) -> int:
    now = clock.now()
    with database.transaction(platform_at(placement)) as session:
        if not session.scalar(select(func.pg_try_advisory_xact_lock(_SWEEPER_LOCK))):
            return 0
        due = (
            select(OutboxRow.id)
            .where(_is_open(), OutboxRow.ring_at <= now)
            .order_by(OutboxRow.ring_at)
            .limit(limit)
            .with_for_update(skip_locked=True)
        )
        rows = session.scalars(
            update(OutboxRow).where(OutboxRow.id.in_(due)).values(ring_at=now + _RING_AGAIN).returning(OutboxRow.id)
        ).all()
    if rows:
        doorbell.ring(list(rows), placement)
    return len(rows)


_SWEEPER_LOCK = 0x46444B31


def run_due() -> int:
    """Run, here and now, everything that is due, including what that work makes due; return how many rows were kept."""
    kept = 0
    while rows := [(placement, row_id) for placement in settings.current().placements for row_id in _due_now(placement)]:
        progress = sum(keep(row_id, placement) for placement, row_id in rows)
        if not progress:
            break
        kept += progress
    return kept


def _due_now(placement: str) -> list[uuid.UUID]:
    with database.transaction(platform_at(placement)) as session:
        query = select(OutboxRow.id).where(_is_open(), OutboxRow.due_at <= clock.now()).order_by(OutboxRow.due_at).limit(500)
        return list(session.scalars(query))


def forget_done(older_than: timedelta = timedelta(days=7), batch: int = 5000) -> int:
    """Delete what was done long ago, a batch a transaction; dead rows stay until an operator has looked."""
    return sum(_forget_done_at(placement, older_than, batch) for placement in settings.current().placements)


def _forget_done_at(placement: str, older_than: timedelta, batch: int) -> int:
    old = select(OutboxRow.id).where(OutboxRow.done_at < clock.now() - older_than).limit(batch)
    forgotten = 0
    while True:
        with database.transaction(platform_at(placement)) as session:
            count = len(session.scalars(delete(OutboxRow).where(OutboxRow.id.in_(old)).returning(OutboxRow.id)).all())
        forgotten += count
        if count < batch:
            return forgotten


def wake(session: Session, role: str) -> None:
    """Let the held work of a tenant, known by its role, go on at once.  `session` stands on the platform of its database."""
    held = update(OutboxRow).where(OutboxRow.tenant_role == role, _is_open(), OutboxRow.due_at <= clock.now())
    session.execute(held.values(ring_at=clock.now()))
