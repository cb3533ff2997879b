"""One tenant's export at many tenants: filled with rows first, then walked by COPY, bare and by the product."""

import uuid
from pathlib import Path
from typing import Any

import psycopg
from psycopg.types.json import Jsonb
from sqlalchemy import ARRAY, BigInteger, Boolean, Date, DateTime, Integer, Table
from sqlalchemy.dialects.postgresql import JSONB, UUID

from kernel import clock, database, settings
from kernel.database import TenantBase
from kernel.tenancy import Stand
from tenants.archive import writing
from tenants.models import Tenant

ROWS = 100
_FIRST_ID = 500_000


def fill(stand: Stand) -> None:
    """Put a hundred rows into every table."""
    with database.owner_transaction() as connection:
        connection.execute(f'SET LOCAL search_path TO "{stand.schema}", ext'.encode())
        for table in TenantBase.metadata.sorted_tables:
            names = ", ".join(column.name for column in table.columns)
            places = ", ".join("%s" for _column in table.columns)
            rows = [[_value(table, column, number) for column in table.columns] for number in range(ROWS)]
            with connection.cursor() as cursor:
                cursor.executemany(f"INSERT INTO {table.name} ({names}) VALUES ({places})".encode(), rows)


_VALUES: tuple[tuple[type, Any], ...] = (
    (UUID, uuid.uuid4),
    (JSONB, lambda: Jsonb({"en": "One"})),
    (ARRAY, list),
    (Boolean, lambda: True),
    (DateTime, clock.now),
    (Date, lambda: clock.now().date()),
)


_GIVEN = {"language": "en", "parent_id": None}


def _value(table: Table, column: Any, number: int) -> Any:
    if column.name in _GIVEN:
        return _GIVEN[column.name]
    for kind, make in _VALUES:
        if isinstance(column.type, kind):
            return make()
    if isinstance(column.type, BigInteger):
        return _FIRST_ID + number
    if isinstance(column.type, Integer):
        return 1
    length = getattr(column.type, "length", None)
    return f"{number} {table.name} {column.name}"[:length]


def copy_raw(stand: Stand) -> int:
    """COPY every table out in one snapshot, by the bare driver over a fresh connection; return the bytes."""
    size = 0
    with psycopg.connect(database.plain_address(settings.current().owner_database_url)) as connection:
        connection.isolation_level = psycopg.IsolationLevel.REPEATABLE_READ
        for table in TenantBase.metadata.sorted_tables:
            with connection.cursor().copy(f'COPY "{stand.schema}"."{table.name}" TO STDOUT CSV HEADER'.encode()) as copy:
                size += sum(len(chunk) for chunk in copy)
    return size


def export(tenant: Tenant, folder: Path) -> None:
    """Make the file that an administrator downloads: tables twice, articles, manifest, packed and synced."""
    writing.write(tenant.stand, folder / "export.zip", facts=writing.facts_of(tenant), revision=tenant.revision)
