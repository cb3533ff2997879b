"""Tenants whose schemas stand where a test wants them: at an old revision, in a state, in a ring."""

import itertools
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import psycopg

from kernel import settings
from kernel.owners import OwnerConnection
from kernel.tenancy import Stand
from tenants import migrations, provisioning, registry
from tenants.migrations import creation, running, shared
from tenants.migrations.rendering import Step

_count = itertools.count(1)
_owners: dict[str, OwnerConnection] = {}


@contextmanager
def owner(placement: str = "main") -> Iterator[psycopg.Connection[Any]]:
    """One transaction of the role that owns the schemas, over a connection that is kept for all tests."""
    address = settings.current().placements[placement].owner_url
    with _owners.setdefault(address, OwnerConnection(placement, most_schemas=10**9)).transaction() as connection:
        yield connection


def tenant_at(revision: str = "0001", *, state: str = "live", ring: int = 2, placement: str = "main") -> Stand:
    """Make a tenant that stopped at `revision`, quickly: with one transaction for all its tables."""
    number = next(_count)
    schema = f"t_old{number}"
    stand = Stand(schema, f"r_{schema}", placement=placement)
    known = tuple(step for step in migrations.steps("tenant") if step.revision <= revision)
    with owner(placement) as connection:
        connection.execute(shared.DISTRIBUTED)
        for statement in creation.recipe(stand)[:7]:
            connection.execute(statement.encode())
    with owner(placement) as connection:
        connection.execute(
            "INSERT INTO platform.schema_revision (schema_name, revision, is_taken) VALUES (%s, '', %s)",
            [schema, state != "spare"],
        )
        running.apply(connection, stand, known)
        creation.let_nodes_in(connection, stand)
    with owner() as connection:
        row = connection.execute(
            "INSERT INTO platform.tenant"
            " (slug, schema_name, name, state, revision, locale, time_zone, created_at, ring, placement)"
            " VALUES (%s, %s, 'Old', %s, %s, 'en', 'UTC', now(), %s, %s) RETURNING id",
            [None if state == "spare" else f"old{number}", schema, state, revision, ring, placement],
        ).fetchone()
    return Stand(schema, f"r_{schema}", row[0], placement)


def revision_of(stand: Stand) -> str:
    """Return the revision that the tenant's own database has noted."""
    with owner(stand.placement) as connection:
        query = "SELECT revision FROM platform.schema_revision WHERE schema_name = %s"
        return connection.execute(query, [stand.schema]).fetchone()[0]


def columns_of(stand: Stand, table: str) -> set[str]:
    with owner(stand.placement) as connection:
        query = "SELECT column_name FROM information_schema.columns WHERE table_schema = %s AND table_name = %s"
        return {row[0] for row in connection.execute(query, [stand.schema, table]).fetchall()}


def all_schemas(placement: str = "main") -> set[str]:
    """Return the tenants' schemas that exist in a database, registered or not."""
    with owner(placement) as connection:
        query = "SELECT nspname FROM pg_namespace WHERE nspname LIKE 't\\_%'"
        return {row[0] for row in connection.execute(query.encode()).fetchall()}


def all_roles() -> set[str]:
    with owner() as connection:
        return {row[0] for row in connection.execute(b"SELECT rolname FROM pg_roles WHERE rolname LIKE 'r\\_t\\_%'").fetchall()}


def registered() -> dict[str, str]:
    """Return the state of every registered schema by name."""
    with owner() as connection:
        return dict(connection.execute("SELECT schema_name, state FROM platform.tenant").fetchall())


def next_step(*statements: str, revision: str = "9001", **facts: str) -> Step:
    return Step(revision, statements, **facts)


def forget_spares() -> None:
    """Take every spare down, so that a test counts from none."""
    for schema, state in registered().items():
        if state in ("spare", "building"):
            for placement in settings.current().placements:
                provisioning.tear_down(Stand(schema, f"r_{schema}", placement=placement))
            with owner() as connection:
                connection.execute("DELETE FROM platform.tenant WHERE schema_name = %s", [schema])
    registry.forget()
