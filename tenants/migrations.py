"""Migrations: Alembic revisions rendered once to SQL, applied to the shared schema and to every tenant's."""

import io
import threading
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import cache
from typing import Any

import psycopg
from alembic.operations import Operations
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from psycopg import sql

from kernel import database, settings
from kernel.tenancy import PLATFORM, TENANT_GROUP, Stand

_FOLDER = settings.PROJECT / "infra" / "migrations"
# Tables whose lines a tenant's role may add and read, never change.
APPEND_ONLY = ("event",)
_ONE_AT_A_TIME = 0x46444D31
_rendering = threading.Lock()


@dataclass(frozen=True)
class Step:
    """One revision as plain SQL."""

    revision: str
    sql: str


@cache
def steps(branch: str) -> tuple[Step, ...]:
    """Return the revisions of `branch` ("shared", "tenant"), oldest first."""
    folder = str(_FOLDER / branch)
    # Alembic's `op` is one for the whole process.
    with _rendering:
        scripts = ScriptDirectory(folder, version_locations=[folder])
        revisions = reversed(list(scripts.walk_revisions()))
        return tuple(Step(script.revision, _render(script.module)) for script in revisions)


def _render(module: Any) -> str:
    buffer = io.StringIO()
    context = MigrationContext.configure(dialect_name="postgresql", opts={"as_sql": True, "output_buffer": buffer})
    with Operations.context(context):
        module.upgrade()
    return buffer.getvalue()


def head(branch: str) -> str:
    return steps(branch)[-1].revision


def after(branch: str, revision: str) -> tuple[Step, ...]:
    """Return the steps that a schema at `revision` ("" when it is empty) still lacks."""
    known = [step.revision for step in steps(branch)]
    return steps(branch)[known.index(revision) + 1 :] if revision else steps(branch)


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
        SELECT (SELECT max(revision) FROM platform.revision), count(*) FILTER (WHERE revision <> %s)
        FROM platform.tenant"""
    shared, behind = database.probe(query, head("tenant"))
    return Standing(shared == head("shared"), behind)


def run_all(progress: Callable[[str, int, int], None] = lambda name, done, of: None) -> int:
    """Bring the shared schema and then every tenant to head, a transaction each; return how many schemas changed.

    Restartable: a schema's revision is written in the transaction that changes it.
    """
    changed = migrate_shared()
    waiting = _behind()
    for place, (stand, revision) in enumerate(waiting):
        progress(stand.schema, place, len(waiting))
        changed += _migrate_tenant(stand, revision)
    progress("", len(waiting), len(waiting))
    return changed


def migrate_shared() -> int:
    with database.owner_transaction() as connection:
        connection.execute("SELECT pg_advisory_xact_lock(%s)", [_ONE_AT_A_TIME])
        revision = _prepare_cluster(connection)
        missing = after("shared", revision)
        for step in missing:
            connection.execute(step.sql)
        connection.execute("UPDATE platform.revision SET revision = %s", [head("shared")])
    return 1 if missing else 0


def _prepare_cluster(connection: psycopg.Connection[Any]) -> str:
    """Make what must be there before the first revision: the roles, the shared schema, the empty one to fail in."""
    for role in (PLATFORM.role, TENANT_GROUP):
        if not connection.execute("SELECT 1 FROM pg_roles WHERE rolname = %s", [role]).fetchone():
            connection.execute(sql.SQL("CREATE ROLE {} NOLOGIN").format(sql.Identifier(role)))
    _let_application_become(connection, PLATFORM.role)
    connection.execute("CREATE SCHEMA IF NOT EXISTS no_tenant")
    connection.execute("CREATE SCHEMA IF NOT EXISTS ext")
    connection.execute("CREATE SCHEMA IF NOT EXISTS platform")
    _have_trigrams(connection)
    connection.execute("GRANT USAGE ON SCHEMA ext TO PUBLIC")
    connection.execute(f"GRANT USAGE ON SCHEMA platform TO {PLATFORM.role}, {TENANT_GROUP}")
    connection.execute(
        f"ALTER DEFAULT PRIVILEGES IN SCHEMA platform GRANT SELECT, INSERT, UPDATE, DELETE ON TABLES TO {PLATFORM.role}"
    )
    connection.execute(f"ALTER DEFAULT PRIVILEGES IN SCHEMA platform GRANT USAGE ON SEQUENCES TO {PLATFORM.role}")
    connection.execute("CREATE TABLE IF NOT EXISTS platform.revision (revision text NOT NULL)")
    row = connection.execute("SELECT revision FROM platform.revision").fetchone()
    if row is None:
        connection.execute("INSERT INTO platform.revision VALUES ('')")
    return str(row[0]) if row else ""


def _have_trigrams(connection: psycopg.Connection[Any]) -> None:
    """`ext` is on every tenant's path; an extension that somebody put elsewhere is moved there."""
    query = "SELECT n.nspname FROM pg_extension e JOIN pg_namespace n ON n.oid = e.extnamespace WHERE e.extname = 'pg_trgm'"
    row = connection.execute(query).fetchone()
    if row is None:
        connection.execute("CREATE EXTENSION pg_trgm SCHEMA ext")
    elif row[0] != "ext":
        connection.execute("ALTER EXTENSION pg_trgm SET SCHEMA ext")


def _let_application_become(connection: psycopg.Connection[Any], role: str) -> None:
    application = psycopg.conninfo.conninfo_to_dict(settings.current().database_url.replace("+psycopg", "", 1)).get("user")
    if application:
        grant = sql.SQL("GRANT {} TO {}").format(sql.Identifier(role), sql.Identifier(str(application)))
        connection.execute(grant)


def build_schema(connection: psycopg.Connection[Any], stand: Stand) -> None:
    """Make a tenant's role and schema at head inside the connection's transaction."""
    role, schema = sql.Identifier(stand.role), sql.Identifier(stand.schema)
    connection.execute(sql.SQL("CREATE ROLE {} NOLOGIN").format(role))
    connection.execute(sql.SQL("GRANT {} TO {}").format(sql.Identifier(TENANT_GROUP), role))
    _let_application_become(connection, stand.role)
    connection.execute(sql.SQL("CREATE SCHEMA {}").format(schema))
    connection.execute(sql.SQL("GRANT USAGE ON SCHEMA {} TO {}").format(schema, role))
    default = sql.SQL("ALTER DEFAULT PRIVILEGES IN SCHEMA {} GRANT {} TO {}")
    connection.execute(default.format(schema, sql.SQL("SELECT, INSERT, UPDATE, DELETE ON TABLES"), role))
    connection.execute(default.format(schema, sql.SQL("USAGE ON SEQUENCES"), role))
    _apply(connection, stand, steps("tenant"))


def _behind() -> list[tuple[Stand, str]]:
    query = "SELECT id, schema_name, revision FROM platform.tenant WHERE revision <> %s ORDER BY id"
    with database.owner_transaction() as connection:
        rows = connection.execute(query, [head("tenant")]).fetchall()
    return [(Stand(schema, f"r_{schema}", tenant_id), revision) for tenant_id, schema, revision in rows]


def _migrate_tenant(stand: Stand, revision: str) -> int:
    with database.owner_transaction() as connection:
        claim = "SELECT 1 FROM platform.tenant WHERE id = %s AND revision = %s FOR UPDATE SKIP LOCKED"
        if not connection.execute(claim, [stand.tenant_id, revision]).fetchone():
            return 0
        _apply(connection, stand, after("tenant", revision))
        connection.execute("UPDATE platform.tenant SET revision = %s WHERE id = %s", [head("tenant"), stand.tenant_id])
    return 1


def _apply(connection: psycopg.Connection[Any], stand: Stand, missing: Iterable[Step]) -> None:
    connection.execute(f'SET LOCAL search_path TO "{stand.schema}", ext')
    for step in missing:
        connection.execute(step.sql)
    for table in APPEND_ONLY:
        revoke = sql.SQL("REVOKE UPDATE, DELETE, TRUNCATE ON {} FROM {}")
        connection.execute(revoke.format(sql.Identifier(table), sql.Identifier(stand.role)))
