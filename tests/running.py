"""The whole service as a user starts it: its own home, its own port, real processes that can be killed."""

import contextlib
import http.client
import json
import os
import re
import signal
import socket
import subprocess
import sys
import time
import urllib.parse
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from infra.embedded import make_home, temporary_home
from kernel.settings import PROJECT
from tests.visiting import Visitor

START_SECONDS = 120


class RunningService:
    """A demo that runs. `localhost:<port>` is the platform, `<slug>.localhost:<port>` a tenant."""

    def __init__(self, home: Path, port: int, **environment: str) -> None:
        self.home, self.port = home, port
        hidden = ("DATABASE_URL", "OWNER_DATABASE_URL", "REDIS_URL", "FRONTDESK_SMTP_URL")
        inherited = {name: value for name, value in os.environ.items() if name not in hidden}
        own = {"FRONTDESK_HOME": str(home), "FRONTDESK_PORT": str(port), "FRONTDESK_MODE": "demo"}
        self.environment = {**inherited, **own, **environment}
        self.process: subprocess.Popen[str] | None = None

    def start(self) -> None:
        make_home(self.home)
        log = (self.home / "up.log").open("w")
        command = [sys.executable, "-m", "cli", "up"]
        self.process = subprocess.Popen(command, cwd=PROJECT, env=self.environment, stdout=log, stderr=log, text=True)
        self.wait_until_ready(START_SECONDS)

    def wait_until_ready(self, seconds: float) -> None:
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            assert self.process is not None
            assert self.process.poll() is None, (self.home / "up.log").read_text()[-3000:]
            if "Frontdesk is ready" in (self.home / "up.log").read_text():
                return
            time.sleep(0.1)
        raise TimeoutError((self.home / "up.log").read_text()[-3000:])

    def stop(self) -> None:
        if self.process and self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
            try:
                self.process.wait(40)
            except subprocess.TimeoutExpired:
                self.process.kill()

    def url(self, slug: str | None, path: str = "/") -> str:
        host = f"{slug}.localhost" if slug else "localhost"
        return f"http://{host}:{self.port}{path}"

    def command(self, *arguments: str) -> str:
        """Run `frontdesk` beside the running service and return what it prints."""
        done = subprocess.run(
            [sys.executable, "-m", "cli", *arguments],
            cwd=PROJECT,
            env=self.environment,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    def mails(self, to: str) -> list[dict[str, Any]]:
        """Return the captured mails to an address, oldest first."""
        answer = self.visitor(None).get("/dev/mail.json?" + urllib.parse.urlencode({"to": to}))
        found: list[dict[str, Any]] = json.loads(answer.text)
        return found

    def visitor(self, slug: str | None) -> Visitor:
        """Return somebody new at a tenant's address, or at the platform's."""
        return Visitor(f"{slug}.localhost:{self.port}" if slug else f"localhost:{self.port}", self.port)

    def wait_for_mail(self, to: str, containing: str, seconds: float = 30) -> dict[str, Any]:
        """Return the newest mail to `to` whose subject or text holds `containing`, once it has come.

        A service that is just being killed is asked again.
        """
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            with contextlib.suppress(OSError, http.client.HTTPException, json.JSONDecodeError):
                for mail in reversed(self.mails(to)):
                    if containing in mail["subject"] or containing in mail["text"]:
                        return mail
            time.sleep(0.2)
        raise TimeoutError(f"no mail to {to} with {containing!r}")

    def pids(self, name: str) -> list[int]:
        """Return the processes of this service whose name begins with `name`: web, worker, sweeper, valkey, postgres."""
        table = json.loads((self.home / "run" / "processes.json").read_text())
        return [int(pid) for key, pid in table.items() if key.startswith(name)]

    def kill(self, name: str) -> None:
        """Kill -9 every process of this name, now."""
        for pid in self.pids(name):
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)

    def is_answering(self) -> bool:
        with contextlib.suppress(OSError, http.client.HTTPException, json.JSONDecodeError):
            return bool(json.loads(self.visitor(None).get("/readyz").text)["status"] == "ready")
        return False

    def wait_until_answering(self, seconds: float = 60) -> None:
        deadline = time.monotonic() + seconds
        while not self.is_answering():
            if time.monotonic() > deadline:
                raise TimeoutError("the service did not come back")
            time.sleep(0.2)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextlib.contextmanager
def running_demo(**environment: str) -> Iterator[RunningService]:
    """A demo of its own, stopped and forgotten at the end."""
    with temporary_home() as home:
        service = RunningService(home, free_port(), **environment)
        try:
            service.start()
            yield service
        finally:
            service.stop()


def links_in(text: str) -> list[str]:
    return re.findall(r"https?://[^\s<>\"]+", text)
