"""Other processes, told apart by their command lines: who was left behind, and sending them home."""

import os
import signal
import subprocess
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

_PROC = Path("/proc")


def commands() -> Iterator[tuple[int, str]]:
    """Yield (pid, command line) of every living process; a zombie has none and is left out."""
    if not (_PROC / "self" / "cmdline").exists():
        yield from _commands_by_ps()
        return
    for entry in _PROC.iterdir():
        if entry.name.isdigit():
            # The command line is open to all, unlike cwd and environ, which a container's root may not see.
            with suppress(OSError):
                if line := (entry / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace").strip():
                    yield int(entry.name), line


def command(pid: int) -> str:
    """Return the command line of `pid`, empty when there is no such process or only its zombie."""
    return next((line for found, line in commands() if found == pid), "")


def marked(mark: str) -> list[int]:
    """Return the processes whose command line holds `mark`, without ourselves."""
    return [pid for pid, line in commands() if mark in line and pid != os.getpid()]


def dismiss(*, leader: str, kin: str, gentle: signal.Signals, seconds: float) -> None:
    """Ask those marked `leader` to leave, wait for all marked `kin`, and kill whoever is left after `seconds`."""
    for pid in marked(leader):
        send(pid, gentle)
    if not gone_within(kin, seconds):
        for pid in marked(kin):
            send(pid, signal.SIGKILL)
        gone_within(kin, 5)


def dismiss_one(pid: int, *, seconds: float) -> None:
    """Ask `pid` to leave and kill it after `seconds`."""
    send(pid, signal.SIGTERM)
    deadline = time.monotonic() + seconds
    while command(pid):
        if time.monotonic() > deadline:
            send(pid, signal.SIGKILL)
        time.sleep(0.05)


def gone_within(mark: str, seconds: float) -> bool:
    deadline = time.monotonic() + seconds
    while marked(mark):
        if time.monotonic() > deadline:
            return False
        time.sleep(0.05)
    return True


def send(pid: int, what: signal.Signals) -> None:
    """Signal `pid`; one that has gone meanwhile is what we wanted."""
    with suppress(ProcessLookupError):
        os.kill(pid, what)


def _commands_by_ps() -> Iterator[tuple[int, str]]:
    listed = subprocess.run(["ps", "-axo", "pid=,stat=,command="], capture_output=True, text=True, check=True)
    for row in listed.stdout.splitlines():
        pid, state, line = row.split(maxsplit=2)
        if not state.startswith("Z"):
            yield int(pid), line
