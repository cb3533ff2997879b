"""One clock for all processes: the machine's, shifted in demo and test mode by an offset kept in a file."""

import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import UTC, datetime, timedelta
from pathlib import Path

from kernel import settings

# (modification stamp, offset): a stat a call is cheaper than a read, and notices at once that another process moved the clock.
_seen: tuple[int, timedelta] = (-1, timedelta())


# Set only while a demonstration's past is written.
_pinned: ContextVar[datetime | None] = ContextVar("pinned", default=None)


def now() -> datetime:
    """Return the present instant, aware, in UTC."""
    return _pinned.get() or datetime.now(UTC) + _offset()


@contextmanager
def set_to(moment: datetime) -> Iterator[None]:
    """Let it be `moment` for the block: to write down what happened before, in demonstrations and tests."""
    token = _pinned.set(moment)
    try:
        yield
    finally:
        _pinned.reset(token)


def advance(by: timedelta) -> datetime:
    """Move the clock of every process of this installation forward and return the new present.

    Raises `PermissionError` outside demo and test mode, `ValueError` when `by` is negative, and `OverflowError`
    when no calendar goes that far.
    """
    if not settings.current().has_test_hooks:
        raise PermissionError("The clock can be moved in demo and test mode only.")
    if by < timedelta():
        raise ValueError("The clock only moves forward.")
    offset = _offset() + by
    datetime.now(UTC) + offset + timedelta(days=366)  # raises before anything is written that no clock could show
    path = _offset_file()
    path.parent.mkdir(parents=True, exist_ok=True)
    # Written beside and renamed, so that no process ever reads half a number.
    draft = path.with_suffix(f".{os.getpid()}.{time.monotonic_ns()}")
    draft.write_text(str(offset.total_seconds()))
    draft.replace(path)
    return now()


def _offset() -> timedelta:
    global _seen
    if not settings.current().has_test_hooks:
        return timedelta()
    path = _offset_file()
    try:
        stamp = path.stat().st_mtime_ns
    except FileNotFoundError:
        return timedelta()
    if stamp != _seen[0]:
        _seen = (stamp, timedelta(seconds=float(path.read_text())))
    return _seen[1]


def _offset_file() -> Path:
    return settings.current().home / "run" / "clock"
