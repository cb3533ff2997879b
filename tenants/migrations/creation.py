"""What a tenant's place is made of: the list of single statements that make its role and its schema at head."""

import hashlib
from typing import Any

import psycopg
from psycopg import sql

from kernel import database
from kernel.tenancy import TENANT_GROUP, Stand
from tenants.migrations.rendering import head, steps
from tenants.migrations.running import revokes
from tenants.migrations.shared import application_may_become

_NOBODY = Stand("t_x", "r_t_x")


def recipe(stand: Stand) -> list[str]:
    """Return the statements that make the role and the schema of `stand`, to be sent one by one with its schema as the path."""
    role, schema, group = sql.Identifier(stand.role), sql.Identifier(stand.schema), sql.Identifier(TENANT_GROUP)
    default = sql.SQL("ALTER DEFAULT PRIVILEGES IN SCHEMA {} GRANT {} TO {}")
    place = [
        sql.SQL("CREATE ROLE {} NOLOGIN").format(role),
        sql.SQL("GRANT {} TO {}").format(group, role),
        sql.SQL("CREATE SCHEMA {}").format(schema),
        sql.SQL("GRANT USAGE ON SCHEMA {} TO {}").format(schema, role),
        default.format(schema, sql.SQL("SELECT, INSERT, UPDATE, DELETE ON TABLES"), role),
        default.format(schema, sql.SQL("USAGE ON SEQUENCES"), role),
    ]
    chain = steps("tenant")
    tables = [statement for step in chain for statement in step.statements]
    may_become = application_may_become(stand.role, stand.placement)
    return [*(one.as_string() for one in place), *filter(None, [may_become]), *tables, *revokes(stand, chain)]


def let_nodes_in(connection: psycopg.Connection[Any], stand: Stand) -> None:
    """On Citus, let the role of `stand` log in: the coordinator comes to the node that has the schema as whoever asks.

    The role has no password, so nobody else comes in by it (docs/decisions/0044).  Elsewhere nothing is done.
    """
    if connection.execute(database.IS_CITUS).fetchone():
        connection.execute(sql.SQL("ALTER ROLE {} LOGIN").format(sql.Identifier(stand.role)))


def name_of_recipe() -> str:
    """Return a name that is the same as long as the list is: its revision first, so that an older one is known for it."""
    digest = hashlib.sha256("\n".join(recipe(_NOBODY)).encode()).hexdigest()[:12]
    return f"{head('tenant')}:{digest}"


def is_newer(name: str) -> bool:
    """Whether a recipe is of a later release than this code."""
    return name.partition(":")[0] > head("tenant")
