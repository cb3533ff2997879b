"""`frontdesk up`, run for real around a web page and a worker of two lines each."""

import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from http.client import HTTPConnection
from pathlib import Path
from typing import Any

import pytest

from infra.embedded import processes, temporary_home
from kernel.settings import PROJECT

WSGI = """
def application(environ, start_response):
    start_response("200 OK", [("Content-Type", "text/plain")])
    return [b"hello"]
"""
WORKER = "import time\nwhile True: time.sleep(1)\n"
UP = """
import sys
from infra.supervisor import up
from kernel import settings
sys.exit(up(settings.current(), prepare=lambda: print("prepared"), greeting=lambda: "Sign in as Sam"))
"""


class Checkout:
    """A copy of the launcher beside a product of a few lines."""

    def __init__(self, place: Path) -> None:
        self.place = place
        for package in ("infra", "kernel"):
            shutil.copytree(PROJECT / package, place / package, ignore=shutil.ignore_patterns("demo", "__pycache__"))
        for name, text in (("wsgi", WSGI), ("worker", WORKER), ("go", UP)):
            (place / f"{name}.py").write_text(text)
        self.home = place / "home"
        self.port = _free_port()
        self.launcher: subprocess.Popen[str] | None = None

    def start(self, **environment: str) -> subprocess.Popen[str]:
        known = {name: value for name, value in os.environ.items() if name not in ("DATABASE_URL", "REDIS_URL")}
        mine = {"FRONTDESK_HOME": str(self.home), "FRONTDESK_PORT": str(self.port), "FRONTDESK_MODE": "demo"}
        return subprocess.Popen(
            [sys.executable, "go.py"],
            cwd=self.place,
            env={**known, **mine, **environment},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )

    def start_and_wait(self) -> list[str]:
        """Return what was printed up to the line after `Frontdesk is ready`."""
        self.launcher = self.start()
        assert self.launcher.stdout
        said: list[str] = []
        for line in self.launcher.stdout:
            said.append(line.strip())
            if said[-2:-1] == ["Frontdesk is ready"]:
                return said
        raise AssertionError("\n".join(said))

    def stop(self) -> int:
        assert self.launcher
        self.launcher.send_signal(signal.SIGINT)
        self.launcher.communicate(timeout=25)
        return self.launcher.returncode

    @property
    def table(self) -> dict[str, int]:
        table: dict[str, int] = json.loads((self.home / "run" / "processes.json").read_text())
        return table

    def page(self) -> bytes:
        connection = HTTPConnection("127.0.0.1", self.port, timeout=5)
        connection.request("GET", "/")
        return connection.getresponse().read()


@pytest.fixture(scope="module")
def place() -> Iterator[Checkout]:
    with temporary_home() as directory:
        directory.mkdir()
        yield Checkout(directory)


@pytest.fixture(scope="module")
def checkout(place: Checkout) -> Iterator[Checkout]:
    said = place.start_and_wait()
    assert said[0] == "prepared"
    assert said[-1] == "Sign in as Sam"
    yield place
    place.stop()


def test_all_processes_are_in_the_table(checkout: Checkout) -> None:
    assert set(checkout.table) == {"launcher", "postgres", "valkey", "web", "sweeper", "worker-1", "worker-2"}
    assert checkout.page() == b"hello"


@pytest.mark.parametrize("name", ["web", "worker-1", "sweeper", "valkey", "postgres"])
def test_whatever_is_killed_comes_back(checkout: Checkout, name: str) -> None:
    killed = checkout.table[name]
    os.kill(killed, signal.SIGKILL)
    eventually(lambda: checkout.table.get(name, killed) != killed)
    eventually(lambda: checkout.page() == b"hello")


def test_a_second_start_in_the_same_home_is_refused(checkout: Checkout) -> None:
    second = checkout.start(FRONTDESK_PORT=str(_free_port()))
    said, _ = second.communicate(timeout=20)
    assert second.returncode == 1
    assert "already running" in said
    assert checkout.page() == b"hello"


def test_a_taken_port_is_named(checkout: Checkout) -> None:
    second = checkout.start(FRONTDESK_HOME=str(checkout.place / "other"))
    said, _ = second.communicate(timeout=20)
    assert second.returncode == 1
    assert f"port {checkout.port} is taken" in said


def test_a_killed_launcher_leaves_nothing_in_the_way_and_ctrl_c_stops_everything(checkout: Checkout) -> None:
    assert checkout.launcher
    checkout.launcher.kill()
    checkout.launcher.communicate()
    checkout.start_and_wait()
    pids = list(checkout.table.values())
    assert checkout.stop() == 0
    assert not [pid for pid in pids if processes.command(pid)]
    checkout.start_and_wait()


def eventually(is_so: Callable[[], Any], seconds: float = 10) -> None:
    """Wait until `is_so`, taking a refused connection or a table being replaced for "not yet"."""
    deadline = time.monotonic() + seconds
    while True:
        try:
            if is_so():
                return
        except OSError:
            pass
        assert time.monotonic() < deadline
        time.sleep(0.05)


def _free_port() -> int:
    with socket.socket() as trial:
        trial.bind(("127.0.0.1", 0))
        port: int = trial.getsockname()[1]
        return port
