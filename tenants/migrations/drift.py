"""Drift: where a tenant's schema differs from a fresh one of the same revision, whoever changed it and however."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cache
from typing import Any

import psycopg

from kernel import clock, database, logs, settings
from kernel.owners import OwnerConnection
from kernel.tenancy import Stand
from tenants.migrations import creation
from tenants.migrations.rendering import head
from tenants.migrations.shared import NOT_DISTRIBUTED

_TEMPLATE = Stand("t_template", "r_t_template")
_LINES = 40
_log = logs.get(__name__)

# One line for everything that a step can change; names of the schema and its role are taken out afterwards.
_DESCRIBE = """
    WITH relation AS (
      SELECT c.oid, c.relname, c.relkind, c.relacl, c.relrowsecurity FROM pg_class c
      WHERE c.relnamespace = to_regnamespace(%(schema)s))
    SELECT 'relation ' || relname || ' ' || relkind::text || CASE WHEN relrowsecurity THEN ' guarded' ELSE '' END
      || ' ' || CASE WHEN relkind IN ('r', 'S') THEN
           (SELECT COALESCE(string_agg(one::text, ' ' ORDER BY one::text), '') FROM unnest(relacl) one) ELSE '' END
      FROM relation WHERE relkind IN ('r', 'S', 'v', 'm', 'p', 'f')
    UNION ALL
    SELECT 'column ' || relname || '.' || attname || ' ' || format_type(atttypid, atttypmod)
      || CASE WHEN attnotnull THEN ' not null' ELSE '' END
      || COALESCE(' default ' || pg_get_expr(adbin, adrelid), '')
      FROM relation JOIN pg_attribute ON attrelid = relation.oid AND attnum > 0 AND NOT attisdropped
      LEFT JOIN pg_attrdef ON adrelid = attrelid AND adnum = attnum WHERE relkind IN ('r', 'p', 'v', 'm')
    UNION ALL
    SELECT 'index ' || pg_get_indexdef(indexrelid) || CASE WHEN indisvalid THEN '' ELSE ' invalid' END
      FROM relation JOIN pg_index ON indrelid = relation.oid WHERE relkind IN ('r', 'm')
    UNION ALL
    SELECT 'constraint ' || relname || ' ' || conname || ' ' || pg_get_constraintdef(con.oid)
      FROM relation JOIN pg_constraint con ON conrelid = relation.oid
    UNION ALL
    SELECT 'trigger ' || relname || ' ' || tgname FROM relation JOIN pg_trigger ON tgrelid = relation.oid AND NOT tgisinternal
    UNION ALL
    SELECT 'function ' || proname FROM pg_proc WHERE pronamespace = to_regnamespace(%(schema)s)
    UNION ALL
    SELECT 'schema ' || COALESCE((SELECT string_agg(one::text, ' ' ORDER BY one::text) FROM unnest(nspacl) one), '')
      FROM pg_namespace WHERE oid = to_regnamespace(%(schema)s)"""


def describe(connection: psycopg.Connection[Any], stand: Stand) -> frozenset[str]:
    """Return what the schema is made of, a line a thing, without the names that only this tenant has."""
    connection.execute(f'SET LOCAL search_path TO "{stand.schema}", ext'.encode())
    rows = connection.execute(_DESCRIBE, {"schema": stand.schema}).fetchall()
    return frozenset(row[0].replace(stand.role, "ROLE").replace(stand.schema, "SCHEMA") for row in rows)


class _NotKept(Exception):
    """Ends the transaction in which the template was built."""


@cache
def template(placement: str) -> frozenset[str]:
    """Return what a fresh schema of this database is made of: one is built, described and never kept."""
    found: frozenset[str] = frozenset()
    try:
        with database.owner_transaction(placement) as connection:
            # A node of Citus knows a schema only when it is kept.
            connection.execute(NOT_DISTRIBUTED)
            connection.execute(f'SET LOCAL search_path TO "{_TEMPLATE.schema}", ext'.encode())
            for statement in creation.recipe(replace(_TEMPLATE, placement=placement)):
                connection.execute(statement.encode())
            found = describe(connection, _TEMPLATE)
            raise _NotKept
    except _NotKept:
        return found


@dataclass(frozen=True)
class Drifted:
    """A schema that is not as it should be: what it lacks and what it has too much."""

    schema: str
    lacks: tuple[str, ...]
    has: tuple[str, ...]

    def __str__(self) -> str:
        lines = [*(f"- {line}" for line in self.lacks), *(f"+ {line}" for line in self.has)]
        return "\n".join(lines[:_LINES])


def check(show: Callable[[int, int], None] = lambda done, of: None, *, unless_within_hours: int = 0) -> list[Drifted]:
    """Compare every schema at head with a fresh one, and note what is found beside its revision; return those that differ.

    Schemas looked at within the last so many hours are left out.
    """
    due = {placement: _due(placement, unless_within_hours) for placement in settings.current().placements}
    drifted: list[Drifted] = []
    done, of = 0, sum(map(len, due.values()))
    for placement, schemas in due.items():
        with OwnerConnection(placement) as connection:
            for schema in schemas:
                show(done, of)
                drifted += _compare(connection, Stand(schema, f"r_{schema}", placement=placement))
                done += 1
    show(of, of)
    return drifted


def _due(placement: str, hours: int) -> list[str]:
    query = """
        SELECT schema_name FROM platform.schema_revision
        WHERE revision = %s AND (checked_at IS NULL OR checked_at <= %s::timestamptz - make_interval(hours => %s))
        ORDER BY checked_at NULLS FIRST, schema_name"""
    with database.owner_transaction(placement) as connection:
        return [row[0] for row in connection.execute(query, [head("tenant"), clock.now(), hours]).fetchall()]


def _compare(connection: OwnerConnection, stand: Stand) -> list[Drifted]:
    expected = template(stand.placement)
    with connection.transaction() as opened:
        found = describe(opened, stand)
        connection.note_schema()
        drifted = Drifted(stand.schema, tuple(sorted(expected - found)), tuple(sorted(found - expected)))
        note = "UPDATE platform.schema_revision SET drift = %s, checked_at = %s WHERE schema_name = %s"
        opened.execute(note, [str(drifted), clock.now(), stand.schema])
    if not str(drifted):
        return []
    _log.error("schema drifted", schema=stand.schema, lacks=drifted.lacks, has=drifted.has)
    return [drifted]
