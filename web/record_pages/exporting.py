"""Lists as files: CSV and XLSX that open in any spreadsheet, numbers as numbers, and nothing in them that runs."""

import csv
import io
import tempfile
from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import date, datetime
from decimal import Decimal
from typing import IO, Any

import xlsxwriter
from flask_babel import gettext as _

from kernel.actors import Actor
from kernel.i18n import spoken
from kernel.records import MASK, Field, Kind
from web.languages import joined, zone

Cell = str | int | Decimal | date | datetime | None
Writer = Callable[[IO[bytes], Sequence[Field], Iterable[list[Cell]]], None]

# What spreadsheets take for the start of a formula, the full-width twins that some fold to it included (OWASP, CSV injection).
_FORMULA_STARTS = tuple("=+-@\t\r\n＝＋－＠")
_IN_MEMORY = 2_000_000


def as_file(write: Writer, fields: Sequence[Field], rows: Iterable[Any], *, actor: Actor) -> tuple[IO[bytes], int]:
    """Return a temporary file with a line of labels and one for each row, and how many rows; they are read one by one."""
    file = tempfile.SpooledTemporaryFile(max_size=_IN_MEMORY)  # noqa: SIM115  # the answer that sends it closes it
    count = 0

    def lines() -> Iterator[list[Cell]]:
        nonlocal count
        for row in rows:
            count += 1
            yield [cell(one, one.value_of(row, actor=actor)) for one in fields]

    write(file, fields, lines())
    file.seek(0)
    return file, count


def cell(one: Field, value: Any) -> Cell:
    """Return a value as a spreadsheet should hold it; moments are in the tenant's time zone, without saying so."""
    if value is None or value == MASK:
        return None if value is None else MASK
    if read := _CELLS.get(one.kind):
        return read(one, value)
    return value if isinstance(value, int | Decimal | date) else str(value)


def _moment(_one: Field, value: datetime) -> datetime:
    return value.astimezone(zone()).replace(tzinfo=None, microsecond=0)


_CELLS: dict[Kind, Callable[[Field, Any], Cell]] = {
    Kind.CHOICE: lambda one, value: str(one.choices.get(value, value)),
    Kind.TAGS: lambda one, value: joined(value),
    Kind.MOMENT: _moment,
    Kind.BOOLEAN: lambda one, value: str(_("Yes") if value else _("No")),
    Kind.MONEY: lambda one, value: Decimal(value) / 100,
}


def write_csv(file: IO[bytes], fields: Sequence[Field], rows: Iterable[list[Cell]]) -> None:
    """The mark at the beginning tells spreadsheets that it is UTF-8."""
    text = io.TextIOWrapper(file, encoding="utf-8-sig", newline="", write_through=True)
    lines = csv.writer(text)
    lines.writerow([harmless(str(one.label)) for one in fields])
    lines.writerows([harmless(value) if isinstance(value, str) else value for value in row] for row in rows)
    text.detach()


def harmless(text: str) -> str:
    """Return `text` with an apostrophe before what a spreadsheet would run."""
    return f"'{text}" if text.startswith(_FORMULA_STARTS) else text


def write_xlsx(file: IO[bytes], fields: Sequence[Field], rows: Iterable[list[Cell]]) -> None:
    book = xlsxwriter.Workbook(file, {"constant_memory": True})
    sheet = book.add_worksheet()
    bold = book.add_format({"bold": True})
    looks: dict[type, Any] = {
        datetime: book.add_format({"num_format": "yyyy-mm-dd hh:mm"}),
        date: book.add_format({"num_format": "yyyy-mm-dd"}),
    }
    sheet.freeze_panes(1, 0)
    for column, one in enumerate(fields):
        sheet.set_column(column, column, 18)
        sheet.write_string(0, column, str(one.label), bold)
    for line, row in enumerate(rows, start=1):
        for column, value in enumerate(row):
            _write(sheet, line, column, value, looks.get(type(value)))
    book.close()


def _write(sheet: Any, line: int, column: int, value: Cell, look: Any) -> None:
    """Say what each cell is: `write()` would guess, and take a text that begins with = for a formula."""
    if isinstance(value, date):
        sheet.write_datetime(line, column, value, look)
    elif isinstance(value, int | Decimal):
        sheet.write_number(line, column, value)
    elif value:
        sheet.write_string(line, column, value)


FORMATS: dict[str, tuple[Writer, str]] = {
    "csv": (write_csv, "text/csv; charset=utf-8"),
    "xlsx": (write_xlsx, "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"),
}


def file_name(plural: str, today: date, extension: str) -> str:
    return f"{plural.lower() if spoken().code == 'en' else plural}-{today.isoformat()}.{extension}"
