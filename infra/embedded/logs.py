"""Log files of what we start: one per name, the previous run's kept beside it."""

from pathlib import Path
from typing import BinaryIO


def rotate(path: Path) -> Path:
    """Put the previous run's log aside, as `NAME.log.1`."""
    if path.exists():
        path.replace(path.with_name(path.name + ".1"))
    return path


def append_to(path: Path) -> BinaryIO:
    """Open `path` for a child's output."""
    path.parent.mkdir(parents=True, exist_ok=True)
    return path.open("ab")


def tail(path: Path, *, lines: int = 15) -> str:
    """Return the last `lines` of the log, empty when there is none."""
    if not path.exists():
        return ""
    with path.open("rb") as file:
        file.seek(max(0, path.stat().st_size - 16_384))
        return "\n".join(file.read().decode(errors="replace").splitlines()[-lines:])
