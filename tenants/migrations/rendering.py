"""Alembic revisions, rendered once to plain SQL: a list of single statements, which every schema is given one by one."""

import threading
from dataclasses import dataclass
from functools import cache
from typing import Any

from alembic.operations import Operations
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory

from kernel import settings

FOLDER = settings.PROJECT / "infra" / "migrations"
# Tables whose lines a tenant's role may add and read, never change.
APPEND_ONLY = ("event", "audit_seal")
_rendering = threading.Lock()


@dataclass(frozen=True)
class Step:
    """One revision as plain SQL.

    A module may say `after_backfill = "name"`: a tenant takes the step when that backfill is done for it.  It may say
    `contract = "why"`: what the step takes away is used by no release that may still be running.
    """

    revision: str
    statements: tuple[str, ...]
    after_backfill: str = ""
    contract: str = ""


@cache
def steps(branch: str) -> tuple[Step, ...]:
    """Return the revisions of `branch` ("shared", "tenant"), oldest first."""
    # Alembic's `op` is one for the whole process.
    with _rendering:
        return tuple(_rendered(script) for script in scripts(branch))


def scripts(branch: str) -> list[Any]:
    """Return Alembic's own view of the revisions, oldest first."""
    folder = str(FOLDER / branch)
    return list(reversed(list(ScriptDirectory(folder, version_locations=[folder]).walk_revisions())))


def _rendered(script: Any) -> Step:
    written = _Statements()
    context = MigrationContext.configure(dialect_name="postgresql", opts={"as_sql": True, "output_buffer": written})
    with Operations.context(context):
        script.module.upgrade()
    told = (getattr(script.module, name, "") for name in ("after_backfill", "contract"))
    return Step(script.revision, tuple(written), *told)


class _Statements(list[str]):
    """What Alembic takes for a file; it writes one statement at a time, with its semicolon."""

    def write(self, text: str) -> None:
        self.append(text.strip().removesuffix(";"))

    def flush(self) -> None:
        return


def head(branch: str) -> str:
    return steps(branch)[-1].revision


def after(branch: str, revision: str) -> tuple[Step, ...]:
    """Return the steps that a schema at `revision` ("" when it is empty) still lacks; none when it is newer than this code."""
    return tuple(step for step in steps(branch) if step.revision > revision)


def append_only(revision: str) -> list[str]:
    """Return the append-only tables that a tenant's schema has at this revision."""
    created = " ".join(statement for step in steps("tenant") if step.revision <= revision for statement in step.statements)
    return [table for table in APPEND_ONLY if f"CREATE TABLE {table} (" in created]
