"""Bringing every tenant to head: claimed one by one, by any number of threads and processes, ring after ring."""

import random
import threading
import time
from collections import deque
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any

import psycopg
from psycopg import sql

from kernel import database, logs, settings
from kernel.owners import OwnerConnection
from kernel.tenancy import Stand
from tenants.migrations import backfills, ledger, rendering, shared
from tenants.migrations.ledger import RING_NAMES, RINGS, Waiting
from tenants.migrations.rendering import Step, append_only

THREADS = 2
# A lock that is held for long (a report, a backup) is asked for again, with growing pauses.
_TRIES = 4
_PAUSE_SECONDS = 0.25
_log = logs.get(__name__)
_BUSY = (psycopg.errors.LockNotAvailable, psycopg.errors.DeadlockDetected)


class MigrationsFailed(RuntimeError):
    """Some tenants stayed where they were, with the reason in the registry; `failed` has it by schema."""

    def __init__(self, ring: int, failed: dict[str, str]) -> None:
        self.ring, self.failed = ring, failed
        schema, error = next(iter(failed.items()))
        later = "" if ring == RINGS[-1] else ", so the later rings were not begun"
        super().__init__(f"{len(failed)} of {RING_NAMES[ring]} could not be migrated{later}. {schema}: {error}")


class SchemaUnknown(RuntimeError):
    """The registry has a tenant whose database does not have its schema."""


@dataclass
class Tally:
    """How a run goes: tenants done (by us or by somebody else) of all that were behind, and what went wrong by schema."""

    of: int = 0
    done: int = 0
    changed: int = 0
    ring: int = 0
    last: str = ""
    failed: dict[str, str] = field(default_factory=dict)


Show = Callable[[Tally], None]


def run(show: Show = lambda tally: None, *, threads: int = THREADS) -> Tally:
    """Bring the shared schema of every database and then every tenant to head, a transaction each.

    Restartable: a schema's revision is written in the transaction that changes it.  A ring in which a tenant fails is the last.
    Raises `MigrationsFailed`.
    """
    changed, waiting = _begin()
    tally = Tally(of=len(waiting), changed=changed)
    show(tally)
    for tally.ring in RINGS:
        _bring([one for one in waiting if one.ring == tally.ring], tally, show, threads)
        if tally.failed:
            raise MigrationsFailed(tally.ring, tally.failed)
    return tally


def _begin() -> tuple[int, list[Waiting]]:
    """Bring the shared schemas to head; return how many that changed, and the tenants that are not at head.

    Where there is nothing to do at home, everything is asked on one connection: to connect takes longer than all the asking.
    """
    home, *others = settings.current().placements
    with database.owner_transaction(home) as connection:
        if shared.is_at_head(connection):
            return sum(map(shared.migrate_shared, others)), ledger.refreshed_by(connection)
    return sum(map(shared.migrate_shared, [home, *others])), ledger.refreshed()


def _bring(waiting: list[Waiting], tally: Tally, show: Show, threads: int) -> None:
    """Bring these to head, and wait for those that another process has in hand."""
    while waiting:
        crew = _Crew([one.stand for one in waiting], tally, show)
        crew.work(threads)
        left = {one.stand.schema for one in ledger.refreshed()} - set(tally.failed)
        _note_failures(tally.failed)
        waiting = [one for one in waiting if one.stand.schema in left]
        if waiting:
            time.sleep(_PAUSE_SECONDS)


def _note_failures(failed: dict[str, str]) -> None:
    with database.owner_transaction() as connection:
        for schema, error in failed.items():
            connection.execute("UPDATE platform.tenant SET migration_error = %s WHERE schema_name = %s", [error, schema])


class _Crew:
    """Threads that work off one list; each has a connection of its own to every database it comes to."""

    def __init__(self, stands: list[Stand], tally: Tally, show: Show) -> None:
        # Processes that start together would otherwise stand in each other's way at every tenant.
        random.shuffle(stands)
        self._queue = deque((stand, 1) for stand in stands)
        self._tally, self._show = tally, show
        self._counting = threading.Lock()
        self._broken: list[BaseException] = []

    def work(self, threads: int) -> None:
        crew = [threading.Thread(target=self._work, daemon=True) for _ in range(min(threads, len(self._queue)) - 1)]
        for thread in crew:
            thread.start()
        self._work()
        for thread in crew:
            thread.join()
        if self._broken:
            raise self._broken[0]

    def _work(self) -> None:
        connections: dict[str, OwnerConnection] = {}
        try:
            while self._queue and not self._broken:
                try:
                    stand, tries = self._queue.popleft()
                except IndexError:
                    return
                connection = connections.setdefault(stand.placement, OwnerConnection(stand.placement))
                self._take(connection, stand, tries)
        except BaseException as error:
            self._broken.append(error)
        finally:
            for connection in connections.values():
                connection.close()

    def _take(self, connection: OwnerConnection, stand: Stand, tries: int) -> None:
        try:
            is_changed = migrate_tenant(connection, stand)
        except _BUSY as error:
            if tries < _TRIES:
                time.sleep(_PAUSE_SECONDS * tries)
                self._queue.append((stand, tries + 1))
            else:
                self._fail(stand, error)
        except (psycopg.Error, backfills.BackfillMissing, SchemaUnknown) as error:
            if connection.is_broken:
                raise  # nobody else will be luckier
            self._fail(stand, error)
        else:
            self._count(stand, is_changed)

    def _count(self, stand: Stand, is_changed: bool | None) -> None:
        if is_changed is None:
            return
        with self._counting:
            self._tally.done += 1
            self._tally.changed += is_changed
            self._tally.last = stand.schema
            self._show(self._tally)

    def _fail(self, stand: Stand, error: Exception) -> None:
        _log.error("migration failed", schema=stand.schema, error=repr(error))
        with self._counting:
            self._tally.failed[stand.schema] = str(error).strip()[:2000]
            self._show(self._tally)


def migrate_tenant(connection: OwnerConnection, stand: Stand) -> bool | None:
    """Bring one tenant to head in one transaction; return whether it changed, or nothing when somebody else has it in hand."""
    with connection.transaction() as opened:
        claim = "SELECT revision FROM platform.schema_revision WHERE schema_name = %s FOR UPDATE SKIP LOCKED"
        row = opened.execute(claim, [stand.schema]).fetchone()
        if row is None:
            _require_known(opened, stand)
            return None
        missing = rendering.after("tenant", row[0])
        if missing:
            backfills.require(opened, stand, missing)
            apply(opened, stand, missing)
            connection.note_schema()
    return bool(missing)


def _require_known(connection: psycopg.Connection[Any], stand: Stand) -> None:
    query = "SELECT 1 FROM platform.schema_revision WHERE schema_name = %s"
    if not connection.execute(query, [stand.schema]).fetchone():
        raise SchemaUnknown(f"The database “{stand.placement}” knows no schema {stand.schema}: is its backup older?")


def apply(connection: psycopg.Connection[Any], stand: Stand, missing: Iterable[Step]) -> None:
    """Take these steps, and write down how far the schema has come, in the connection's transaction."""
    taken = tuple(missing)
    with connection.pipeline():
        connection.execute(f'SET LOCAL search_path TO "{stand.schema}", ext'.encode())
        for statement in (statement for step in taken for statement in step.statements):
            connection.execute(statement.encode())
        for statement in revokes(stand, taken):
            connection.execute(statement.encode())
        connection.execute(
            "UPDATE platform.schema_revision SET revision = %s WHERE schema_name = %s", [taken[-1].revision, stand.schema]
        )


def revokes(stand: Stand, taken: Iterable[Step]) -> list[str]:
    """Return the statements that make tables append-only, of those that exist after these steps."""
    last = max((step.revision for step in taken), default="")
    revoke = sql.SQL("REVOKE UPDATE, DELETE, TRUNCATE ON {}.{} FROM {}")
    place, role = sql.Identifier(stand.schema), sql.Identifier(stand.role)
    return [revoke.format(place, sql.Identifier(table), role).as_string() for table in append_only(last)]
