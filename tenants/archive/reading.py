"""Reading an archive: first whether it is whole and ours to read, then into a fresh tenant, in one transaction."""

import hashlib
import json
import re
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import IO, Any

from psycopg import sql
from sqlalchemy.orm import Session

from kernel import database, files
from kernel.errors import DomainError
from kernel.i18n import lazy_text as _l
from tenants import migrations
from tenants.archive import walking
from tenants.archive.packing import Member
from tenants.archive.writing import FORMAT, MANIFEST
from tenants.migrations.rendering import APPEND_ONLY

_FILE = re.compile(r"files/[0-9a-f]{2}/([0-9a-f]{64})")
_CHUNK_BYTES = 1024 * 1024
_LARGEST_MANIFEST = 64 * _CHUNK_BYTES
Progress = Callable[[int, int], None]


class ArchiveDamaged(DomainError):
    message = _l("This export is damaged or was changed: %(what)s. Nothing was imported.")


class ArchiveTooNew(DomainError):
    message = _l("This export comes from a newer Frontdesk (%(what)s). Update this installation first. Nothing was imported.")


class TenantNotEmpty(DomainError):
    status = 409
    message = _l("An export can only be read into a tenant that is empty. Nothing was imported.")


@dataclass(frozen=True)
class Archive:
    """An archive that is open, its manifest read, every member checked against it."""

    zip: zipfile.ZipFile
    manifest: dict[str, Any]
    sha256: str

    @property
    def facts(self) -> dict[str, Any]:
        facts: dict[str, Any] = self.manifest["tenant"]
        return facts

    @cached_property
    def members(self) -> dict[str, Member]:
        return {name: Member(**facts) for name, facts in self.manifest["members"].items()}

    @property
    def rows(self) -> int:
        return sum(int(table["rows"]) for table in self.manifest["tables"].values())


def check(path: Path, *, progress: Progress = lambda done, of: None) -> Archive:
    """Open the archive at `path` and look at every byte of it before anything is believed.

    Raises `ArchiveDamaged` or `ArchiveTooNew`.
    """
    try:
        opened = zipfile.ZipFile(path)
        manifest = _manifest(opened)
        archive = Archive(opened, manifest, _digest(path.open("rb")))
        _check_version(manifest)
        _check_tables(archive)
        _check_members(archive, progress)
    except (zipfile.BadZipFile, KeyError, TypeError, ValueError, OSError, EOFError, NotImplementedError) as error:
        raise ArchiveDamaged(what=str(error) or type(error).__name__) from error
    return archive


def _manifest(opened: zipfile.ZipFile) -> dict[str, Any]:
    if opened.getinfo(MANIFEST).file_size > _LARGEST_MANIFEST:
        raise ArchiveDamaged(what=MANIFEST)
    manifest: dict[str, Any] = json.loads(opened.read(MANIFEST))
    if manifest["product"] != "frontdesk":
        raise ArchiveDamaged(what=MANIFEST)
    return manifest


def _check_version(manifest: dict[str, Any]) -> None:
    if int(manifest["format"]) > FORMAT:
        raise ArchiveTooNew(what=f"format {manifest['format']}")
    known = {step.revision for step in migrations.steps("tenant")}
    if manifest["revision"] not in known:
        raise ArchiveTooNew(what=f"revision {manifest['revision']}")


def _check_tables(archive: Archive) -> None:
    """Its tables and columns must be ours: what we do not know, a newer Frontdesk wrote."""
    ours = {sheet.name: {column.name for column in sheet.table.columns} for sheet in walking.sheets()}
    for name, table in archive.manifest["tables"].items():
        unknown = {column["name"] for column in table["columns"]} - ours.get(name, set())
        if name not in ours or unknown:
            raise ArchiveTooNew(what=f"{name} {' '.join(sorted(unknown))}".strip())
        if f"tables/{name}.csv" not in archive.members:
            raise ArchiveDamaged(what=f"tables/{name}.csv")


def _check_members(archive: Archive, progress: Progress) -> None:
    """What the manifest lists is there, is nothing more, and is what it was."""
    names = [info.filename for info in archive.zip.infolist()]
    if sorted(names) != sorted([*archive.members, MANIFEST]):
        odd = sorted(set(names) ^ {*archive.members, MANIFEST}) or sorted(name for name in names if names.count(name) > 1)
        raise ArchiveDamaged(what=odd[0])
    for done, (name, member) in enumerate(archive.members.items(), start=1):
        is_same = archive.zip.getinfo(name).file_size == member.size and _digest(archive.zip.open(name)) == member.sha256
        named = _FILE.fullmatch(name)
        if not is_same or (named and named[1] != member.sha256):
            raise ArchiveDamaged(what=name)
        progress(done, len(archive.members))


def _digest(stream: IO[bytes]) -> str:
    digest = hashlib.sha256()
    with stream:
        for chunk in _chunks(stream):
            digest.update(chunk)
    return digest.hexdigest()


def _chunks(stream: IO[bytes]) -> Iterator[bytes]:
    while chunk := stream.read(_CHUNK_BYTES):
        yield chunk


def load(session: Session, archive: Archive, *, progress: Progress = lambda done, of: None) -> None:
    """Put everything where the session stands: an empty tenant.  Ids are kept; the caller commits all of it, or nothing.

    Raises `TenantNotEmpty`, or `ArchiveDamaged` where rows do not fit together.
    """
    _empty(session)
    _count_on(session, archive)
    placed = [name for name in archive.members if _FILE.fullmatch(name)]
    tables = archive.manifest["order"]
    for done, name in enumerate(placed, start=1):
        files.keep(session, archive.zip.read(name))
        progress(done, len(placed) + len(tables))
    for done, name in enumerate(tables, start=1):
        _fill(session, archive, name)
        progress(len(placed) + done, len(placed) + len(tables))


def _empty(session: Session) -> None:
    """Take away what a fresh tenant begins with; one whose trail has begun is not fresh."""
    connection = database.driver_of(session)
    for sheet in reversed(walking.sheets()):
        table = sql.Identifier(sheet.name)
        if sheet.name not in APPEND_ONLY:
            connection.execute(sql.SQL("DELETE FROM {}").format(table))
        elif connection.execute(sql.SQL("SELECT 1 FROM {} LIMIT 1").format(table)).fetchone():
            raise TenantNotEmpty()


def _count_on(session: Session, archive: Archive) -> None:
    """Let the sequences go on from where they were: only the owner of a schema may say so, and it holds at once."""
    stand = database.stand_of(session)
    with database.owner_transaction(stand.placement) as connection:
        for name, value in archive.manifest["sequences"].items():
            if value is not None and name in walking.sequence_names():
                sequence = sql.Literal(f'"{stand.schema}"."{name}"')
                connection.execute(sql.SQL("SELECT setval({}::regclass, {})").format(sequence, sql.Literal(int(value))))


def _fill(session: Session, archive: Archive, name: str) -> None:
    table = archive.manifest["tables"][name]
    columns = sql.SQL(", ").join(sql.Identifier(column["name"]) for column in table["columns"])
    statement = sql.SQL("COPY {} ({}) FROM STDIN (FORMAT csv, HEADER true)").format(sql.Identifier(name), columns)
    with database.driver_of(session).cursor() as cursor:
        with cursor.copy(statement) as copy, archive.zip.open(f"tables/{name}.csv") as rows:
            for chunk in _chunks(rows):
                copy.write(chunk)
        if cursor.rowcount != table["rows"]:
            raise ArchiveDamaged(what=f"tables/{name}.csv")
