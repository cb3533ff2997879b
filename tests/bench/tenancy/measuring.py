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


def quick_ms(seconds: list[float]) -> float:
    """Return the lower quartile: what it takes when nobody else wants the processor."""
    return statistics.quantiles(seconds, n=4)[0] * 1000 if len(seconds) > 1 else median_ms(seconds)


def timed(work: Callable[[], Any]) -> float:
    """Return how many seconds it took."""
    began = time.perf_counter()
    work()
    return time.perf_counter() - began


def take_turns(contenders: dict[str, Callable[[], list[float]]], rounds: int) -> dict[str, list[float]]:
    """Let every contender have its turn in every round, so that noise falls on all alike; return their seconds."""
    took: dict[str, list[float]] = {name: [] for name in contenders}
    for number in range(rounds + 1):
        for name, turn in contenders.items():
            say(f"round {number} of {rounds}: {name}")
            seconds = turn()
            # The first round only warms up.
            if number:
                took[name] += seconds
    return took


def say(what: str) -> None:
    print(f"\r  {what:<78}", end="", file=sys.stderr, flush=True)


@contextmanager
def database_time() -> Iterator[list[float]]:
    """Collect the seconds that this process waits for the database, a value a statement (BEGIN and COMMIT too)."""
    waits: list[float] = []
    execute, commit = psycopg.Cursor.execute, psycopg.Connection.commit

    def noting(function: Callable[..., Any]) -> Callable[..., Any]:
        def note(*given: Any, **named: Any) -> Any:
            began = time.perf_counter()
            try:
                return function(*given, **named)
            finally:
                waits.append(time.perf_counter() - began)

        return note

    psycopg.Cursor.execute, psycopg.Connection.commit = noting(execute), noting(commit)
    try:
        yield waits
    finally:
        psycopg.Cursor.execute, psycopg.Connection.commit = execute, commit


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


def report(lines: list[Line], title: str) -> None:
    print(f"\n\n{title}\nload of the machine when this ended: {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores\n")
    row = "{:<44}{:>17}{:>17}{:>17}  {:<30}{}"
    print(row.format("", "Frontdesk", "raw PostgreSQL", "django-tenants", "goal", ""))
    for line in lines:
        verdict = {True: "holds", False: "MISSED", None: ""}[line.is_held]
        print(row.format(line.what, line.ours, line.raw, line.rival, line.goal, verdict))
