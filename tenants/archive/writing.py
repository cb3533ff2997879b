"""Writing an archive: every table as CSV and JSON, every file, and what rooms add to read, from one instant."""

import json
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from kernel import clock, database, files
from kernel.files import StoredFile
from kernel.tenancy import Stand
from tenants.archive import walking
from tenants.archive.packing import Bundle, Receipt, checksum
from tenants.models import Tenant

# Raise it when a reader of today could not read what is written; docs/export-format.md says what each held.
FORMAT = 1
MANIFEST = "manifest.json"
Progress = Callable[[int, int], None]
# What the registry knows of a tenant that belongs to it; its address, plan and place belong to the installation.
FACTS = ("name", "locale", "time_zone", "brand_color", "phone", "languages", "modules_off", "branding", "template")
Reading = Callable[[Session], Iterable[tuple[str, bytes]]]
_readings: dict[str, Reading] = {}


def adds(folder: str) -> Callable[[Reading], Reading]:
    """Declare a function that yields (path below `folder`, content), in the order of the paths, for people to read.

    Importing ignores such members: the tables hold the same.
    """

    def declare(function: Reading) -> Reading:
        _readings[folder] = function
        return function

    return declare


def facts_of(tenant: Tenant) -> dict[str, Any]:
    """Return what goes along of the tenant's registry row."""
    return {name: getattr(tenant, name) for name in FACTS}


def write(
    stand: Stand,
    target: Path,
    *,
    facts: dict[str, Any],
    revision: str,
    progress: Progress = lambda done, of: None,
) -> Receipt:
    """Write the archive of the tenant in `stand` to `target`, whole or not at all; show (done, of) as it goes.

    `facts` are those of the registry, `revision` that of its schema.  Read as the tenant's own role: whatever might be wrong
    here, nothing of another tenant can be in it.
    """
    with database.snapshot(stand) as session, Bundle(target) as bundle:
        sheets = walking.sheets_at(session)
        stored = _stored(session)
        steps = _Steps(len(sheets) + len(stored), progress)
        for folder, reading in sorted(_readings.items()):
            for path, content in reading(session):
                bundle.add(f"{folder}/{path}", [content])
        missing = [sha256 for sha256 in stored if not _add_file(session, bundle, sha256, steps)]
        tables = {sheet.name: _add_table(session, bundle, sheet, steps) for sheet in sheets}
        manifest = {
            "product": "frontdesk",
            "format": FORMAT,
            "made_at": clock.now().isoformat(),
            "revision": revision,
            "tenant": facts,
            "sequences": walking.sequences(session),
            "order": [sheet.name for sheet in sheets],
            "tables": dict(sorted(tables.items())),
            "left_out": _left_out(sheets),
            "missing_files": missing,
            "members": bundle.described(),
        }
        bundle.add(MANIFEST, [_legible(manifest).encode()])
    rows = sum(table["rows"] for table in tables.values())
    return Receipt(target.stat().st_size, checksum(target), rows, len(stored) - len(missing))


def _legible(manifest: dict[str, Any]) -> str:
    """Write the manifest as JSON with a line for each fact, table and member.

    The standard library's indentation is written in Python and took a fifth of a small export's time.
    """
    return f"{{\n{_lines(manifest, deeper=True)}\n}}\n"


def _lines(facts: dict[str, Any], *, deeper: bool = False) -> str:
    encoded = []
    for name, fact in sorted(facts.items()):
        is_list_of_facts = deeper and isinstance(fact, dict) and fact
        text = f"{{\n{_lines(fact)}\n}}" if is_list_of_facts else json.dumps(fact, ensure_ascii=False, sort_keys=True)
        encoded.append(f"{json.dumps(name)}: {text}")
    return ",\n".join(encoded)


class _Steps:
    """Counts what is packed."""

    def __init__(self, total: int, progress: Progress) -> None:
        self.done, self.total, self.progress = 0, total, progress
        progress(0, total)

    def take(self) -> None:
        self.done += 1
        self.progress(self.done, self.total)


def _stored(session: Session) -> list[str]:
    pairs = session.execute(select(StoredFile.sha256, StoredFile.thumbnail_sha256)).all()
    return sorted({sha256 for pair in pairs for sha256 in pair if sha256})


def _add_file(session: Session, bundle: Bundle, sha256: str, steps: _Steps) -> bool:
    steps.take()
    try:
        content = files.read(session, sha256)
    except FileNotFoundError:
        return False
    bundle.add(f"files/{sha256[:2]}/{sha256}", [content], is_packed_already=True)
    return True


def _add_table(session: Session, bundle: Bundle, sheet: walking.Sheet, steps: _Steps) -> dict[str, Any]:
    counter = _Counter()
    bundle.add(f"tables/{sheet.name}.csv", sheet.csv(session))
    bundle.add(f"tables/{sheet.name}.jsonl", counter.counted(sheet.json_lines(session)))
    steps.take()
    return {"rows": counter.rows, **sheet.described()}


class _Counter:
    """Counts rows on their way: JSON lines hold no line feed but the one at the end of each."""

    rows = 0

    def counted(self, chunks: Iterable[bytes]) -> Iterator[bytes]:
        for chunk in chunks:
            self.rows += chunk.count(b"\n")
            yield chunk


def _left_out(sheets: Iterable[walking.Sheet]) -> dict[str, Any]:
    columns = {sheet.name: sheet.columns_left for sheet in sheets if sheet.columns_left}
    return {"tables": walking.tables_left(), "columns": columns}
