"""The tests against Citus: `CITUS_URL=postgresql://superuser:…@coordinator/database make test ARGS=tests/tenants`.

The database must be empty, Citus 12 or newer must be in it, and it is left full.
"""

import os
import secrets
from dataclasses import replace

import psycopg
from psycopg import sql
from psycopg.conninfo import conninfo_to_dict, make_conninfo

from infra.embedded.postgres import APP, DATABASE_SETUP, OWNER, ROLES
from kernel.settings import Settings

URL = os.environ.get("CITUS_URL", "")
NOT_RUN = "NOT RUN: no Citus here. Set CITUS_URL to a superuser's address of an empty database on its coordinator."

# What is made here belongs to no tenant, whatever the server's own setting is.
NOBODYS = "SET citus.enable_schema_based_sharding TO off"


def in_its_place(settings: Settings) -> Settings:
    """Return the settings with Citus in the place of the tests' own PostgreSQL, when `CITUS_URL` is set."""
    if not URL:
        return settings
    passwords = {role: secrets.token_urlsafe(16) for role in (OWNER, APP)}
    with psycopg.connect(URL, autocommit=True) as connection:
        connection.execute(NOBODYS)
        for role, password in passwords.items():
            _have_role(connection, role, password)
        connection.execute(sql.SQL("GRANT ALL ON DATABASE {} TO frontdesk_owner").format(_name(connection)))
        connection.execute(sql.SQL("REVOKE TEMPORARY ON DATABASE {} FROM PUBLIC").format(_name(connection)))
        for statement in DATABASE_SETUP:
            connection.execute(statement)
    app, owner = (_address(role, passwords[role]) for role in (APP, OWNER))
    return replace(settings, database_url=app, owner_database_url=owner)


def _have_role(connection: psycopg.Connection, role: str, password: str) -> None:
    if not connection.execute("SELECT 1 FROM pg_roles WHERE rolname = %s", [role]).fetchone():
        connection.execute(sql.SQL(ROLES[role]).format(password=sql.Literal(password)))
    renew = sql.SQL("ALTER ROLE {} PASSWORD {}").format(sql.Identifier(role), sql.Literal(password))
    connection.execute(renew)


def _name(connection: psycopg.Connection) -> sql.Identifier:
    return sql.Identifier(connection.info.dbname)


def _address(role: str, password: str) -> str:
    known = conninfo_to_dict(make_conninfo(URL))
    return f"postgresql+psycopg://{role}:{password}@{known['host']}:{known.get('port', 5432)}/{known['dbname']}"
