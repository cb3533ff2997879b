"""The shared schema of each database, and what must be there before its first revision: roles, schemas, an extension."""

from typing import Any

import psycopg
from psycopg import sql

from kernel import database, privileges, settings
from kernel.settings import HOME_PLACEMENT
from kernel.tenancy import PLATFORM, TENANT_GROUP
from tenants.migrations.rendering import after, head

_ONE_AT_A_TIME = 0x46444D31
# Citus would make every schema a tenant's; elsewhere the name means nothing and does no harm.
NOT_DISTRIBUTED = "SET LOCAL citus.enable_schema_based_sharding TO off"
DISTRIBUTED = "SET LOCAL citus.enable_schema_based_sharding TO on"


def migrate_shared(placement: str = HOME_PLACEMENT) -> int:
    """Bring the shared schema of one database to head; return whether it changed, as 1 or 0."""
    with database.owner_transaction(placement) as connection:
        if is_at_head(connection):
            return 0
        connection.execute("SELECT pg_advisory_xact_lock(%s)", [_ONE_AT_A_TIME])
        _prepare(connection, placement)
        missing = after("shared", _revision(connection))
        for statement in (statement for step in missing for statement in step.statements):
            connection.execute(statement.encode())
        if missing:
            connection.execute("UPDATE platform.revision SET revision = %s", [head("shared")])
    return 1 if missing else 0


def is_at_head(connection: psycopg.Connection[Any]) -> bool:
    """Whether the shared schema of the connection's database needs nothing."""
    return _revision(connection) >= head("shared")


def _revision(connection: psycopg.Connection[Any]) -> str:
    row = connection.execute("SELECT to_regclass('platform.revision')").fetchone()
    if row is None or row[0] is None:
        return ""
    row = connection.execute("SELECT revision FROM platform.revision").fetchone()
    return str(row[0]) if row else ""


def _prepare(connection: psycopg.Connection[Any], placement: str) -> None:
    """Make what must be there before the first revision: the roles, the shared schema, the empty one to fail in."""
    connection.execute(NOT_DISTRIBUTED)
    for role in (PLATFORM.role, TENANT_GROUP):
        if not connection.execute("SELECT 1 FROM pg_roles WHERE rolname = %s", [role]).fetchone():
            connection.execute(sql.SQL("CREATE ROLE {} NOLOGIN").format(sql.Identifier(role)))
    if may_become := application_may_become(PLATFORM.role, placement):
        connection.execute(may_become.encode())
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
    connection.execute("INSERT INTO platform.revision SELECT '' WHERE NOT EXISTS (SELECT FROM platform.revision)")


def _have_trigrams(connection: psycopg.Connection[Any]) -> None:
    """`ext` is on every tenant's path; an extension that somebody put elsewhere is moved there."""
    query = "SELECT n.nspname FROM pg_extension e JOIN pg_namespace n ON n.oid = e.extnamespace WHERE e.extname = 'pg_trgm'"
    row = connection.execute(query).fetchone()
    if row is None:
        connection.execute("CREATE EXTENSION pg_trgm SCHEMA ext")
    elif row[0] != "ext":
        connection.execute("ALTER EXTENSION pg_trgm SET SCHEMA ext")


def application_may_become(role: str, placement: str) -> str:
    """Return the grant by which the role that serves requests may take `role`, or "" where its address names none."""
    name = application_role(placement)
    return sql.SQL("GRANT {} TO {}").format(sql.Identifier(role), sql.Identifier(name)).as_string() if name else ""


def application_role(placement: str) -> str:
    """Return the name of the role that serves requests, as its address has it."""
    address = database.plain_address(settings.current().placements[placement].url)
    return str(psycopg.conninfo.conninfo_to_dict(address).get("user") or "")


def advice(placement: str = HOME_PLACEMENT) -> list[str]:
    """Return what a superuser still has to do in this database, as SQL; what we may do ourselves is done.

    The role that serves requests finds nothing by itself when its own path is the empty schema, and a statement of a tenant's
    cannot change its role when the functions that could are not everybody's.  Nor does anybody need a temporary table.
    """
    with database.owner_transaction(placement) as connection:
        missing = [*_path_of_application(connection, placement), *_temporary_tables(connection)]
        if risky := privileges.risky_functions(connection):
            missing.append(f"-- everybody may call {', '.join(risky)}")
            missing += [privileges.REVOKE_RISKY_FUNCTIONS + ";", *(f"{grant};" for grant in privileges.GRANTS_TO_OWN_ROLES)]
    return missing


def _path_of_application(connection: psycopg.Connection[Any], placement: str) -> list[str]:
    role = application_role(placement)
    query = "SELECT 1 FROM pg_roles WHERE rolname = %s AND NOT 'search_path=no_tenant' = ANY (COALESCE(rolconfig, '{}'))"
    if not role or not connection.execute(query, [role]).fetchone():
        return []
    setting = sql.SQL("ALTER ROLE {} SET search_path = no_tenant").format(sql.Identifier(role))
    try:
        with connection.transaction():
            connection.execute(setting)
    except psycopg.errors.InsufficientPrivilege:
        return [f"{setting.as_string()};"]
    return []


def _temporary_tables(connection: psycopg.Connection[Any]) -> list[str]:
    """One of a tenant's table's name would hide it, and stay in the session when the next tenant comes."""
    query = """
        SELECT datname FROM pg_database, aclexplode(COALESCE(datacl, acldefault('d', datdba))) g
        WHERE datname = current_database() AND g.grantee = 0 AND g.privilege_type = 'TEMPORARY'"""
    row = connection.execute(query).fetchone()
    if row is None:
        return []
    revoke = sql.SQL("REVOKE TEMPORARY ON DATABASE {} FROM PUBLIC").format(sql.Identifier(row[0]))
    # Whoever does not own the database gets a warning and revokes nothing.
    connection.execute(revoke)
    return [f"{revoke.as_string()};"] if connection.execute(query).fetchone() else []
