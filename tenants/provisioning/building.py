"""Building a tenant's place in transactions so small that no neighbour feels them, each of which may be the last.

One transaction with a whole schema in it would empty the catalogue cache of every other connection of the cluster, and
make their next pages three times slower; of three statements each, they are a tenth slower (measured).
"""

import time
from collections.abc import Callable

import psycopg

from kernel import logs
from kernel.owners import OwnerConnection
from kernel.tenancy import Stand
from tenants.migrations import creation, head
from tenants.migrations.shared import DISTRIBUTED

STATEMENTS_AT_ONCE = 3
_log = logs.get(__name__)

Show = Callable[[int, int], None]


class RecipeChanged(RuntimeError):
    """The schema was begun by another release: an older one's is thrown away, a newer one's is its own business."""

    def __init__(self, *, is_newer: bool) -> None:
        self.is_newer = is_newer
        super().__init__("This schema was begun by another release.")


def build(connection: OwnerConnection, stand: Stand, show: Show = lambda done, of: None, *, pause_seconds: float = 0) -> None:
    """Make the role and the schema of `stand` at head, going on where a killed call stopped; two calls help each other.

    Raises `RecipeChanged`.
    """
    statements, name = creation.recipe(stand), creation.name_of_recipe()
    done = 0
    while done < len(statements):
        done = _go_on(connection, stand, statements, name)
        show(done, len(statements))
        time.sleep(pause_seconds)
    connection.note_schema()


def _go_on(connection: OwnerConnection, stand: Stand, statements: list[str], name: str) -> int:
    """Send the next few statements and write down how many are done, in one transaction; return that number."""
    query = "SELECT position, recipe, revision FROM platform.schema_revision WHERE schema_name = %s FOR UPDATE"
    begin = """
        INSERT INTO platform.schema_revision (schema_name, revision, recipe) VALUES (%s, '', %s) ON CONFLICT DO NOTHING"""
    with connection.transaction() as opened:
        row = opened.execute(query, [stand.schema]).fetchone()
        if row is None:
            opened.execute(begin, [stand.schema, name])
            return 0
        position, recipe, revision = int(row[0]), row[1], row[2]
        if revision:
            return len(statements)
        if recipe != name:
            raise RecipeChanged(is_newer=creation.is_newer(recipe))
        _send(opened, stand, statements, position)
    return min(position + STATEMENTS_AT_ONCE, len(statements))


def _send(connection: "psycopg.Connection[object]", stand: Stand, statements: list[str], position: int) -> None:
    done = position + STATEMENTS_AT_ONCE
    revision = head("tenant") if done >= len(statements) else ""
    note = "UPDATE platform.schema_revision SET position = %s, revision = %s WHERE schema_name = %s"
    if revision:
        creation.let_nodes_in(connection, stand)
    with connection.pipeline():
        connection.execute(DISTRIBUTED)
        connection.execute(f'SET LOCAL search_path TO "{stand.schema}", ext'.encode())
        for statement in statements[position:done]:
            connection.execute(statement.encode())
        connection.execute(note, [done, revision, stand.schema])
