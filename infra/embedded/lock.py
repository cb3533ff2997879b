"""One launcher per home: an advisory lock that vanishes with its process, however that ends."""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


class HomeInUse(RuntimeError):
    """Another launcher runs in this home; the text names it."""


@contextmanager
def hold(path: Path) -> Iterator[None]:
    """Hold the lock at `path`; raises `HomeInUse` at once when another process does."""
    with open(os.open(path, os.O_RDWR | os.O_CREAT, 0o600), "r+") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            holder = file.read().strip() or "unknown"
            raise HomeInUse(
                f"Frontdesk is already running in {path.parent.parent} (process {holder}). "
                "Stop it first, or set FRONTDESK_HOME and FRONTDESK_PORT to run a second one beside it."
            ) from None
        file.truncate()
        file.write(str(os.getpid()))
        file.flush()
        yield
