"""Measuring: time by the clock, time in the database, the memory of a backend, and rounds in which contenders take turns."""

import os
import statistics
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psycopg


def median_ms(seconds: list[float]) -> float:
    return statistics.median(seconds) * 1000


def timed(work: Callable[[], Any]) -> float:
    """Return how many seconds it took."""
    began = time.perf_counter()
    work()
    return time.perf_counter() - began


class Meter:
    """The processor's time that a process and the database server (all its backends, ended ones too) have taken.

    On a machine where others work, the clock tells how long the queue was; this tells how long the work was.
    """

    def __init__(self, postmaster: int, pid: int) -> None:
        self._postmaster, self._pid = postmaster, pid

    def read(self) -> tuple[float, float]:
        """Return seconds since their beginning: the process's, and the server's."""
        children = Path(f"/proc/{self._postmaster}/task/{self._postmaster}/children").read_text().split()
        server = sum(_processor_seconds(int(child)) for child in children)
        return _processor_seconds(self._pid), server + _processor_seconds(self._postmaster, of_the_dead=True)


def _processor_seconds(pid: int, *, of_the_dead: bool = False) -> float:
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return 0.0
    ticks = int(fields[13]) + int(fields[14]) if of_the_dead else int(fields[11]) + int(fields[12])
    return ticks / os.sysconf("SC_CLK_TCK")


@contextmanager
def noting_waits() -> Iterator[list[float]]:
    """Collect the seconds that the driver waits for the database in the block: a number for each round trip."""
    waits: list[float] = []
    wait = psycopg.Connection.wait

    def noted(self: Any, *args: Any, **options: Any) -> Any:
        began = time.perf_counter()
        try:
            return wait(self, *args, **options)
        finally:
            waits.append(time.perf_counter() - began)

    psycopg.Connection.wait = noted  # type: ignore[method-assign]
    try:
        yield waits
    finally:
        psycopg.Connection.wait = wait  # type: ignore[method-assign]


@dataclass
class Taken:
    """What a contender took: seconds by the clock, one a piece of work, and the processor's for all of them together."""

    seconds: list[float]
    application: float = 0.0
    database: float = 0.0

    @property
    def p50_ms(self) -> float:
        return median_ms(self.seconds)

    @property
    def database_ms(self) -> float:
        return self.database * 1000 / len(self.seconds)

    @property
    def processor_ms(self) -> float:
        return (self.application + self.database) * 1000 / len(self.seconds)


def metered(work: Callable[[], list[float]], meter: Meter, taken: Taken) -> None:
    """Add what `work` takes to `taken`."""
    before = meter.read()
    taken.seconds += work()
    after = meter.read()
    taken.application += after[0] - before[0]
    taken.database += after[1] - before[1]


def take_turns(contenders: dict[str, tuple[Callable[[], list[float]], Meter]], rounds: int) -> dict[str, Taken]:
    """Let every contender have its turn in every round, so that noise falls on all alike; return what each took."""
    taken = {name: Taken([]) for name in contenders}
    for number in range(rounds + 1):
        for name, (turn, meter) in contenders.items():
            say(f"round {number} of {rounds}: {name}")
            # The first round only warms up.
            metered(turn, meter, taken[name] if number else Taken([]))
    return taken


def say(what: str) -> None:
    print(f"\r  {what:<78}", end="", file=sys.stderr, flush=True)


def memory_of_process(pid: int) -> int:
    """Return the bytes that a process of this machine has for itself (not what it shares), 0 where that cannot be told."""
    status = Path(f"/proc/{pid}/status")
    if not status.exists():
        return 0
    lines = dict(line.split(":", 1) for line in status.read_text().splitlines() if ":" in line)
    return int(lines["RssAnon"].split()[0]) * 1024


@dataclass(frozen=True)
class Line:
    """One line of the report.  `goal` is in words; `is_held` None when it could not be judged."""

    what: str
    ours: str
    raw: str = ""
    rival: str = ""
    goal: str = ""
    is_held: bool | None = None


_ROW = "{:<46}{:>13}{:>17}{:>17}  {:<24}{}"


def heading(title: str) -> None:
    print(f"{title}\n\n" + _ROW.format("", "Frontdesk", "raw PostgreSQL", "django-tenants", "goal", ""), flush=True)


def show(line: Line) -> None:
    """Print a line at once: a run takes minutes, and whatever goes wrong late must not take the rest with it."""
    verdict = {True: "holds", False: "MISSED", None: ""}[line.is_held]
    say("")
    print("\r" + _ROW.format(line.what, line.ours, line.raw, line.rival, line.goal, verdict), flush=True)
