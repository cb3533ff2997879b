"""Migrations: Alembic revisions rendered once to SQL, applied to the shared schemas and to every tenant's."""

from collections.abc import Callable

from tenants.migrations.ledger import Standing, standing
from tenants.migrations.rendering import Step, after, head, steps
from tenants.migrations.running import MigrationsFailed, Tally, run
from tenants.migrations.shared import migrate_shared

__all__ = [
    "MigrationsFailed",
    "Standing",
    "Step",
    "Tally",
    "after",
    "head",
    "migrate_shared",
    "run",
    "run_all",
    "standing",
    "steps",
]


def run_all(progress: Callable[[str, int, int], None] = lambda name, done, of: None) -> int:
    """Bring every schema to head; `progress` is told the last schema, how many are done and of how many.

    Returns how many schemas changed.  Raises `MigrationsFailed`.
    """
    return run(lambda tally: progress(tally.last, tally.done, tally.of)).changed
