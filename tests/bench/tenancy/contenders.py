"""Who else runs: django-tenants in a process of its own, and a builder of spares beside those who are measured."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psycopg
from psycopg.conninfo import conninfo_to_dict

from infra.embedded import EmbeddedServices
from kernel.settings import PROJECT
from tests.bench.tenancy import likeness

INTERPRETER = os.environ.get("DJANGO_TENANTS_PYTHON", sys.executable)


class Rival:
    """django-tenants, asked by lines."""

    def __init__(self, process: "subprocess.Popen[str]") -> None:
        self._process = process

    @property
    def pid(self) -> int:
        return self._process.pid

    def ask(self, command: str, number: int = 0) -> list[float]:
        """Return the seconds that something took: create N tenants, visit (1: few often), migrate, nothing."""
        self.tell(f"{command} {number}")
        return self.answer()

    def tell(self, line: str) -> None:
        assert self._process.stdin is not None
        self._process.stdin.write(f"{line}\n")
        self._process.stdin.flush()

    def answer(self) -> list[float]:
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        if not line:
            raise RuntimeError("django-tenants stopped; see above")
        found: list[float] = json.loads(line)
        return found


@contextmanager
def rival(services: EmbeddedServices) -> Iterator[Rival | None]:
    """Start django-tenants in a database of its own in the same cluster; nothing where it is not installed."""
    installed = subprocess.run([INTERPRETER, "-c", "import django_tenants"], capture_output=True, check=False, cwd="/")
    if installed.returncode:
        yield None
        return
    with psycopg.connect(services.postgres.url(database="postgres"), autocommit=True) as connection:
        connection.execute("CREATE DATABASE rival OWNER frontdesk_owner")
    known = conninfo_to_dict(services.postgres.url("frontdesk_owner", "rival"))
    names = {"NAME": "dbname", "USER": "user", "PASSWORD": "password", "HOST": "host", "PORT": "port"}
    address = {name: str(known[key]) for name, key in names.items()}
    process = _start([INTERPRETER, str(Path(__file__).with_name("rival.py"))])
    try:
        asked = Rival(process)
        asked.tell(json.dumps({"address": address, "tables": likeness.tables(), "migrations": likeness.migrations()}))
        asked.answer()
        yield asked
    finally:
        process.terminate()
        process.wait(20)


class Builder:
    """A process that builds spares at the keeper's pace while it is told to."""

    def __init__(self, process: "subprocess.Popen[str]") -> None:
        self._process = process

    def tell(self, word: str) -> str:
        """Say `go` or `stop`, and return when it does so."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(f"{word}\n")
        self._process.stdin.flush()
        return self._process.stdout.readline()


@contextmanager
def builder(home: Path) -> Iterator[Builder]:
    environment: dict[str, Any] = {"FRONTDESK_HOME": str(home), "FRONTDESK_MODE": "test", "PYTHONPATH": str(PROJECT)}
    process = _start([sys.executable, "-m", "tests.bench.tenancy.building"], **environment)
    try:
        yield Builder(process)
    finally:
        process.terminate()
        process.wait(20)


def _start(command: list[str], **environment: str) -> "subprocess.Popen[str]":
    pipes: dict[str, Any] = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True}
    return subprocess.Popen(command, cwd=PROJECT, env={**os.environ, **environment}, **pipes)
