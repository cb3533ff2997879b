"""Taking a tenant's place down, a table a transaction: dropping a schema at once would lock all and disturb everybody."""

import time
from collections.abc import Callable
from typing import LiteralString

import psycopg
from psycopg import sql

from kernel.owners import OwnerConnection
from kernel.tenancy import Stand

_TRIES, _PAUSE_SECONDS = 5, 0.5
_KINDS: dict[str, LiteralString] = {
    "v": "DROP VIEW IF EXISTS {}.{} CASCADE",
    "m": "DROP MATERIALIZED VIEW IF EXISTS {}.{} CASCADE",
    "r": "DROP TABLE IF EXISTS {}.{} CASCADE",
    "p": "DROP TABLE IF EXISTS {}.{} CASCADE",
    "S": "DROP SEQUENCE IF EXISTS {}.{} CASCADE",
}

Show = Callable[[int, int], None]


def tear_down(stand: Stand, show: Show = lambda done, of: None) -> None:
    """Drop the schema and the role of `stand`, its sealing key and notes; where nothing is left, do nothing.

    May be killed at any moment and called again.  A table that somebody reads is waited for, then the driver's
    `LockNotAvailable` is raised.  The registry's row is the caller's.
    """
    with OwnerConnection(stand.placement) as connection:
        left = _relations(connection, stand)
        for done, (kind, name) in enumerate(left):
            show(done, len(left))
            _patiently(connection, sql.SQL(_KINDS[kind]).format(sql.Identifier(stand.schema), sql.Identifier(name)))
        _patiently(connection, sql.SQL("DROP SCHEMA IF EXISTS {} CASCADE").format(sql.Identifier(stand.schema)))
        _forget(connection, stand)
        show(len(left), len(left))


def _relations(connection: OwnerConnection, stand: Stand) -> list[tuple[str, str]]:
    # Tables before sequences, which their ids are drawn from.
    query = """
        SELECT relkind::text, relname FROM pg_class
        WHERE relnamespace = to_regnamespace(%s) AND relkind = ANY (%s)
        ORDER BY array_position(%s, relkind::text), relname"""
    kinds = list(_KINDS)
    with connection.transaction() as opened:
        return opened.execute(query, [f'"{stand.schema}"', kinds, kinds]).fetchall()


def _patiently(connection: OwnerConnection, statement: sql.Composed) -> None:
    for tries in range(1, _TRIES + 1):
        try:
            with connection.transaction() as opened:
                opened.execute(statement)
            return
        except (psycopg.errors.LockNotAvailable, psycopg.errors.DeadlockDetected):
            if tries == _TRIES:
                raise
            time.sleep(_PAUSE_SECONDS * tries)


def _forget(connection: OwnerConnection, stand: Stand) -> None:
    with connection.transaction() as opened:
        opened.execute(sql.SQL("DROP ROLE IF EXISTS {}").format(sql.Identifier(stand.role)))
        opened.execute("DELETE FROM platform.sealing_key WHERE schema_name = %s", [stand.schema])
        opened.execute("DELETE FROM platform.backfill WHERE schema_name = %s", [stand.schema])
        opened.execute("DELETE FROM platform.schema_revision WHERE schema_name = %s", [stand.schema])
