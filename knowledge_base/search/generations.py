"""Generations: an index's place on disk, its pointer to the generation in force, and its single writer.

- `{directory}/CURRENT` names the generation in force and is replaced by an atomic rename;
- `{directory}/1.1-1795415243007/` is one generation: the format it was written in, and a running number;
- `{directory}/WRITER` is locked by whoever writes; the system releases it when a process dies.
"""

import fcntl
import os
import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from knowledge_base.search.documents import IndexBusy

POLL_SECONDS = 0.05


def current(directory: Path) -> Path | None:
    """Return the generation in force, or `None` where nothing has been indexed yet."""
    try:
        name = (directory / "CURRENT").read_text().strip()
    except FileNotFoundError:
        return None
    return directory / name if name else None


def is_written_in(generation: Path, format_version: str) -> bool:
    return generation.name.rpartition("-")[0] == format_version


def create(directory: Path, format_version: str) -> Path:
    """Make the directory of a new generation, which is not yet in force."""
    numbers = [int(path.name.rpartition("-")[2]) for path in _generations(directory)]
    # Where somebody removed the folder, counting again from one would give readers back the generation they still hold open.
    last = max(numbers, default=time.time_ns() // 1_000_000)
    generation = directory / f"{format_version}-{last + 1:06d}"
    generation.mkdir(parents=True)
    return generation


def put_in_force(generation: Path) -> None:
    """Point readers to `generation` and remove all others, including those a killed rebuild left behind.

    Readers that still hold an old generation open keep reading it: its files live until they are closed.
    """
    directory = generation.parent
    draft = directory / "CURRENT.new"
    with open(draft, "w") as file:
        file.write(generation.name)
        file.flush()
        os.fsync(file.fileno())
    os.replace(draft, directory / "CURRENT")
    for other in _generations(directory):
        if other != generation:
            shutil.rmtree(other, ignore_errors=True)


def _generations(directory: Path) -> list[Path]:
    return [path for path in directory.iterdir() if path.is_dir() and path.name.rpartition("-")[2].isdecimal()]


@contextmanager
def writing(directory: Path, *, wait_seconds: float) -> Iterator[None]:
    """Be the only writer of `directory`, among all threads and processes; raise `IndexBusy` after `wait_seconds`."""
    directory.mkdir(parents=True, exist_ok=True)
    with open(directory / "WRITER", "w") as lock:
        give_up_at = time.monotonic() + wait_seconds
        while not _locked(lock.fileno()):
            if time.monotonic() > give_up_at:
                raise IndexBusy(f"{directory} has been written by someone else for {wait_seconds:g} seconds.")
            time.sleep(POLL_SECONDS)
        yield


def _locked(descriptor: int) -> bool:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
