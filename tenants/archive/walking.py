"""Walking through a tenant's tables: which they are is known from the models, so that no catalogue is searched."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import cache
from typing import Any

from psycopg import Copy, sql
from psycopg.abc import PQGen
from sqlalchemy import Column, Sequence, Table, text
from sqlalchemy.dialects import postgresql
from sqlalchemy.orm import Session

from kernel import database
from kernel.database import TenantBase

_PIECE_BYTES = 64 * 1024
_NEXT = re.compile(r"nextval\('(\w+)'\)")


@dataclass(frozen=True)
class Sheet:
    """What of one table goes along: `columns` in their order, rows by primary key."""

    table: Table
    columns: tuple[Column[Any], ...]

    @property
    def name(self) -> str:
        return self.table.name

    @property
    def columns_left(self) -> list[str]:
        """Return the columns that stay behind."""
        going = {column.name for column in self.columns}
        return [column.name for column in self.table.columns if column.name not in going]

    def described(self) -> dict[str, Any]:
        """Return the table as the manifest describes it."""
        dialect = postgresql.dialect()  # type: ignore[no-untyped-call]
        columns = [
            {"name": column.name, "type": column.type.compile(dialect), "nullable": bool(column.nullable)}
            for column in self.columns
        ]
        return {"columns": columns, "key": [column.name for column in self.table.primary_key]}

    def csv(self, session: Session) -> Iterator[bytes]:
        """Yield the rows as CSV with a header: NULL is nothing at all, an empty text is ""."""
        statement = sql.SQL("COPY ({}) TO STDOUT (FORMAT csv, HEADER true)").format(self._rows())
        return _copied(session, statement)

    def json_lines(self, session: Session) -> Iterator[bytes]:
        """Yield the rows as JSON, an object a line."""
        statement = sql.SQL("COPY (SELECT row_to_json(r) FROM ({}) r) TO STDOUT").format(self._rows())
        # COPY's own text form doubles backslashes; JSON writes every other character that it would escape as an escape itself.
        return (line.replace(b"\\\\", b"\\") for line in _copied(session, statement))

    def _rows(self) -> sql.Composed:
        """Return the query for the rows.  Only our own names come into it."""
        names = sql.SQL(", ").join(sql.Identifier(column.name) for column in self.columns)
        order = sql.SQL(", ").join(sql.Identifier(column.name) for column in self.table.primary_key)
        condition = sql.SQL(self.table.info.get("rows_that_leave", "true"))
        query = sql.SQL("SELECT {} FROM {} WHERE {} ORDER BY {}")
        return query.format(names, sql.Identifier(self.name), condition, order)


def _copied(session: Session, statement: sql.Composed) -> Iterator[bytes]:
    """Yield what comes in pieces of whole rows; a row at a time would cost more to pack than to read."""
    driver = database.driver_of(session)
    with driver.cursor() as cursor, cursor.copy(statement) as copy:
        while piece := driver.wait(_next_piece(copy)):
            yield piece


def _next_piece(copy: Copy) -> PQGen[bytes]:
    """Read rows until they make a piece; nothing after the last.

    `Copy.read` would ask the event loop of the driver for each row anew, which takes longer than the row.
    """
    piece = bytearray()
    while len(piece) < _PIECE_BYTES and (row := (yield from copy._read_gen())):
        piece += row
    return bytes(piece)


@cache
def sheets() -> tuple[Sheet, ...]:
    """Return what goes along, every table after those that it refers to.  What follows from other columns is made anew."""
    leaving = (table for table in TenantBase.metadata.sorted_tables if not table.info.get("stays_here"))
    return tuple(Sheet(table, tuple(column for column in table.columns if _goes_along(column))) for table in leaving)


def _goes_along(column: Column[Any]) -> bool:
    return not column.info.get("stays_here") and column.computed is None


def sheets_at(session: Session) -> list[Sheet]:
    """Return what goes along of a schema that may be a revision behind, or older: what it does not have yet is left out."""
    there = _columns_at(session, [sheet.name for sheet in sheets()])
    cut = (replace(one, columns=tuple(column for column in one.columns if column.name in there[one.name])) for one in sheets())
    return [sheet for sheet in cut if sheet.columns]


def _columns_at(session: Session, names: list[str]) -> dict[str, set[str]]:
    """Ask for each table by its name, which costs the same whatever else the catalogue holds."""
    query = text("""
        SELECT name, attname FROM unnest(CAST(:names AS text[])) AS name
        JOIN pg_attribute ON attrelid = to_regclass(quote_ident(name)) AND attnum > 0 AND NOT attisdropped""")
    found: dict[str, set[str]] = {name: set() for name in names}
    for name, column in session.execute(query, {"names": names}):
        found[name].add(column)
    return found


def tables_left() -> list[str]:
    """Return the tables that stay behind."""
    return sorted(table.name for table in TenantBase.metadata.sorted_tables if table.info.get("stays_here"))


def sequences(session: Session) -> dict[str, int | None]:
    """Return how far each sequence has counted; one that was never asked has not."""
    names = sequence_names()
    query = ", ".join(f"pg_sequence_last_value(to_regclass('{name}'))" for name in names)
    return dict(zip(names, session.execute(text(f"SELECT {query}")).one(), strict=True))


@cache
def sequence_names() -> tuple[str, ...]:
    found = set()
    for table in TenantBase.metadata.sorted_tables:
        for column in table.columns:
            if isinstance(column.default, Sequence):
                found.add(column.default.name)
            found.update(_NEXT.findall(str(getattr(column.server_default, "arg", ""))))
    return tuple(sorted(found))
