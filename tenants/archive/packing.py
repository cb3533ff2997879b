"""Packing: a zip file whose bytes follow from its contents alone, and the manifest that vouches for every member."""

import hashlib
import os
import zipfile
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, Self

# The day before which no zip file can have been made.
_NO_DATE = (1980, 1, 1, 0, 0, 0)


@dataclass(frozen=True)
class Member:
    """What the manifest says of one member."""

    size: int
    sha256: str


@dataclass(frozen=True)
class Receipt:
    """What a finished archive is: its size in bytes, its checksum, and how much is in it."""

    size: int
    sha256: str
    rows: int
    files: int


class Bundle:
    """An archive being written beside its place and moved there when it is whole, so that nobody ever reads half of one."""

    def __init__(self, target: Path) -> None:
        self.target = target
        self.draft = target.with_name(f"{target.name}.part")
        self.members: dict[str, Member] = {}

    def __enter__(self) -> Self:
        self.target.parent.mkdir(parents=True, exist_ok=True)
        self._file = self.draft.open("wb")
        self._zip = zipfile.ZipFile(self._file, "w", compression=zipfile.ZIP_DEFLATED, compresslevel=6)
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        try:
            self._zip.close()
            self._file.flush()
            os.fsync(self._file.fileno())
            if kind is None:
                self.draft.replace(self.target)
        finally:
            self._file.close()
            self.draft.unlink(missing_ok=True)

    def add(self, name: str, chunks: Iterable[bytes], *, is_packed_already: bool = False) -> None:
        """Write one member as it comes; a picture or film is not packed a second time."""
        info = zipfile.ZipInfo(name, _NO_DATE)
        info.compress_type = zipfile.ZIP_STORED if is_packed_already else zipfile.ZIP_DEFLATED
        info.create_system, info.external_attr = 3, 0o644 << 16
        digest, size = hashlib.sha256(), 0
        with self._zip.open(info, "w", force_zip64=True) as member:
            for chunk in chunks:
                member.write(chunk)
                digest.update(chunk)
                size += len(chunk)
        self.members[name] = Member(size, digest.hexdigest())

    def described(self) -> dict[str, Any]:
        return {name: asdict(member) for name, member in sorted(self.members.items())}


def checksum(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
