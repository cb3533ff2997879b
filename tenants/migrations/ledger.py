"""The ledger: each database knows how far its own schemas have come, and the registry keeps a copy of all."""

from dataclasses import dataclass
from typing import Any

import psycopg
from sqlalchemy import text

from kernel import database, settings
from kernel.settings import HOME_PLACEMENT
from kernel.tenancy import Stand, platform_at
from tenants.migrations.rendering import head
from tenants.models import State

_COPYING = 0x46444D32
# A schema that is being built, and one that is gone, wait for nobody.
IN_USE = (State.SPARE, State.LIVE, State.SUSPENDED, State.CLOSING)


@dataclass(frozen=True)
class Standing:
    """How far the schemas have come: whether the shared one is at head, and how many tenants' are not."""

    is_shared_at_head: bool
    tenants_behind: int

    @property
    def is_at_head(self) -> bool:
        return self.is_shared_at_head and not self.tenants_behind


def standing() -> Standing:
    """Ask by a probe how far the schemas have come: an answer within seconds, or an error of the driver."""
    query = """
        SELECT (SELECT max(revision) FROM platform.revision), count(*) FILTER (WHERE revision < %s AND state = ANY(%s))
        FROM platform.tenant"""
    shared, behind = database.probe(query, head("tenant"), list(IN_USE))
    return Standing(shared == head("shared"), behind)


@dataclass(frozen=True)
class Waiting:
    """A tenant whose schema is not at head."""

    stand: Stand
    ring: int


# Rings, in the order in which they are migrated; the registry says who is a canary.
SPARES, CANARIES, EARLY, ALL = RINGS = (0, 1, 2, 3)
RING_NAMES = {SPARES: "spares", CANARIES: "canaries", EARLY: "the first tenth", ALL: "everybody"}
_CANARY = 1


def refreshed() -> list[Waiting]:
    """Let the registry know how far every schema has come, and return the tenants that are not at head, oldest first."""
    with database.owner_transaction() as home:
        return refreshed_by(home)


def refreshed_by(home: psycopg.Connection[Any]) -> list[Waiting]:
    """Do the same in a transaction of the home database that is open already."""
    _copy_all(home)
    return _behind(home)


def _behind(home: psycopg.Connection[Any]) -> list[Waiting]:
    query = """
        SELECT id, schema_name, placement,
               CASE WHEN state = 'spare' THEN 0 WHEN ring <= %s THEN 1 WHEN id %% 10 = 0 THEN 2 ELSE 3 END
        FROM platform.tenant WHERE revision < %s AND state = ANY(%s) ORDER BY id"""
    rows = home.execute(query, [_CANARY, head("tenant"), list(IN_USE)]).fetchall()
    return [Waiting(Stand(schema, f"r_{schema}", number, placement), ring) for number, schema, placement, ring in rows]


def _copy_all(home: psycopg.Connection[Any]) -> None:
    home.execute("SELECT pg_advisory_xact_lock(%s)", [_COPYING])
    for placement in settings.current().placements:
        if placement == HOME_PLACEMENT:
            _copy(home, "platform.schema_revision AS s", placement, [])
        else:
            _copy(home, "unnest(%s::text[], %s::text[]) AS s (schema_name, revision)", placement, _notes_of(placement))
    mended = "UPDATE platform.tenant SET migration_error = '' WHERE migration_error <> '' AND revision >= %s"
    home.execute(mended, [head("tenant")])


def _notes_of(placement: str) -> list[list[str]]:
    with database.owner_transaction(placement) as connection:
        rows = connection.execute("SELECT schema_name, revision FROM platform.schema_revision").fetchall()
    return [[row[0] for row in rows], [row[1] for row in rows]]


def _copy(home: psycopg.Connection[Any], source: str, placement: str, values: list[Any]) -> None:
    query = f"""
        UPDATE platform.tenant t SET revision = s.revision FROM {source}
        WHERE s.schema_name = t.schema_name AND t.placement = %s AND s.revision <> t.revision AND s.revision <> ''"""
    home.execute(query.encode(), [*values, placement])


@dataclass(frozen=True)
class Count:
    """How many schemas of one database are in one state at one revision."""

    placement: str
    state: str
    revision: str
    count: int


def states() -> list[Count]:
    """Return how many tenants stand where, as far as the registry knows; those that are gone are left out."""
    query = """
        SELECT placement, state, revision, count(*) FROM platform.tenant WHERE state <> 'purged'
        GROUP BY 1, 2, 3 ORDER BY 1, 2, 3"""
    with database.owner_transaction() as connection:
        return [Count(*row) for row in connection.execute(query).fetchall()]


@dataclass(frozen=True)
class Trouble:
    """What keeps one schema from head, a backfill from its end, or makes it differ from a fresh one."""

    placement: str
    schema: str
    name: str
    error: str


def problems() -> list[Trouble]:
    """Return every error that is kept of a migration or a backfill, and every schema that has drifted."""
    failed = "SELECT placement, schema_name, 'migration', migration_error FROM platform.tenant WHERE migration_error <> ''"
    local = """
        SELECT :placement, schema_name, 'drift', drift FROM platform.schema_revision WHERE drift <> ''
        UNION ALL SELECT :placement, schema_name, name, error FROM platform.backfill WHERE error <> ''"""
    with database.transaction() as session:
        found = [*session.execute(text(failed))]
    for placement in settings.current().placements:
        with database.transaction(platform_at(placement)) as session:
            found += session.execute(text(local), {"placement": placement})
    return [Trouble(*row) for row in found]
