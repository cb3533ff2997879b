"""What django-tenants is given to be like us: as many tables as our models have now, with their columns and indexes."""

from typing import Any

from sqlalchemy import (
    ARRAY,
    BigInteger,
    Boolean,
    Column,
    Date,
    DateTime,
    Index,
    Integer,
    LargeBinary,
    PrimaryKeyConstraint,
    Table,
    UniqueConstraint,
)
from sqlalchemy.dialects.postgresql import JSONB, UUID

from kernel.database import TenantBase
from tenants.migrations import rendering

# The first that fits; whatever is left is text.
_KINDS = (
    (BigInteger, "big"),
    (Integer, "int"),
    (Boolean, "bool"),
    (DateTime, "time"),
    (Date, "date"),
    ((JSONB, ARRAY), "json"),
    (UUID, "uuid"),
    (LargeBinary, "bytes"),
)


def migrations() -> int:
    """Return how many steps a tenant's schema takes to head."""
    return len(rendering.steps("tenant"))


def tables() -> list[dict[str, Any]]:
    """Describe each table of a tenant, every one after those that it refers to.

    `step` is the migration, counted from 0, in which the table, column, index or constraint came.
    """
    return [_described(table) for table in TenantBase.metadata.sorted_tables]


def _described(table: Table) -> dict[str, Any]:
    step = _step(f"CREATE TABLE {table.name} (")
    unique = [one for one in table.constraints if isinstance(one, UniqueConstraint)]
    indexes = sorted(table.indexes, key=lambda one: str(one.name))
    return {
        "name": table.name,
        "step": step,
        "key": _names(table.primary_key),
        "columns": [
            {**_column(column), "step": _step(f"ALTER TABLE {table.name} ADD COLUMN {column.name} ", step)}
            for column in table.columns
        ],
        "unique": [(_names(one), _step(f"ALTER TABLE {table.name} ADD CONSTRAINT {one.name} ", step)) for one in unique],
        "indexes": [(_names(one), _step(f"CREATE INDEX {one.name} ON ", step)) for one in indexes],
    }


def _step(beginning: str, default: int = 0) -> int:
    """Return the number of the step with a statement that begins so, or `default`."""
    chain = enumerate(rendering.steps("tenant"))
    return next((number for number, step in chain if any(one.startswith(beginning) for one in step.statements)), default)


def _names(of: Index | PrimaryKeyConstraint | UniqueConstraint) -> list[str]:
    return [column.name for column in of.columns]


def _column(column: Column[Any]) -> dict[str, Any]:
    kind = next((name for kinds, name in _KINDS if isinstance(column.type, kinds)), "text")  # type: ignore[arg-type]
    foreign = next(iter(column.foreign_keys), None)
    target = foreign.column.table.name if foreign else ""
    return {"name": column.name, "kind": kind, "null": bool(column.nullable), "foreign": target}
