"""A server program as our direct child: started, waited for, stopped, started again on the same port."""

import hashlib
import json
import os
import secrets
import signal
import socket
import subprocess
import time
from abc import ABC, abstractmethod
from pathlib import Path
from typing import ClassVar

from infra.embedded import identity, logs, processes

START_SECONDS = 120  # crash recovery of a large database takes its time


class ServiceFailed(RuntimeError):
    """A service did not come up; the text ends with the last lines of its log."""


class Service(ABC):
    """What PostgreSQL and Valkey have in common.

    Everything of a service lies in `home/<name>`: its data, and its passwords (made at first start, readable by us
    only).  `mark` stands in the command line of each of its processes, so that one whose launcher was killed is found.
    """

    name: ClassVar[str]
    death_signal: ClassVar[signal.Signals]  # also the polite way to stop it
    hard_signal: ClassVar[signal.Signals]
    roles: ClassVar[tuple[str, ...]]  # who gets a password
    start_seconds: float = START_SECONDS

    def __init__(self, home: Path, *, durable: bool = True) -> None:
        self.home = home
        self.durable = durable
        self.directory = home / self.name
        self.data = self.directory / "data"
        self.log = home / "log" / f"{self.name}.log"
        self.mark = f"frontdesk-{hashlib.sha256(os.fsencode(self.data)).hexdigest()[:12]}"
        self.port = 0
        self.passwords: dict[str, str] = {}
        self.identity = identity.Identity()
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Come up and be ready to serve; does nothing when it runs already."""
        if self._process and self.poll() is None:
            return
        self._make_directory()
        self.identity = identity.choose(self.program, self.directory)
        self.passwords = self._kept_passwords()
        self.dismiss_previous()
        logs.rotate(self.log)
        self.install()
        self.port = self._kept_port()
        self._launch()

    def attach(self) -> None:
        """Learn how to reach one that another launcher has started in this home."""
        self.identity = identity.choose(self.program, self.directory)
        self.passwords = self._kept_passwords()
        self.port = int((self.home / "run" / f"{self.name}.port").read_text())

    def restart(self) -> None:
        """Stop if need be and come up on the same port, so that everybody's addresses stay true."""
        self.stop()
        self.dismiss_previous()
        self._launch()

    def stop(self) -> None:
        """Stop politely, then firmly, then by force."""
        if not self._process:
            return
        for demand, seconds in ((self.death_signal, 10), (self.hard_signal, 5), (signal.SIGKILL, 5)):
            self._process.send_signal(demand)
            try:
                self._process.wait(seconds)
                break
            except subprocess.TimeoutExpired:
                continue
        self._process = None

    def signal_at_once(self) -> None:
        if self._process:
            self._process.send_signal(self.hard_signal)

    @property
    def pid(self) -> int | None:
        return self._process.pid if self._process else None

    def poll(self) -> int | None:
        """Return the exit status, or None while it runs (or before it was started)."""
        return self._process.poll() if self._process else None

    @property
    @abstractmethod
    def program(self) -> Path: ...

    @abstractmethod
    def command(self) -> list[str | Path]: ...

    @abstractmethod
    def environment(self) -> dict[str, str]:
        """Return the variables by which Frontdesk reaches it."""

    @abstractmethod
    def is_ready(self) -> bool: ...

    def install(self) -> None:
        """Make the data directory if there is none."""
        if not self.data.exists():
            self.data.mkdir(mode=0o700)
            self.identity.own(self.data)

    def on_ready(self) -> None:
        """Do what needs the running service; most need nothing."""
        return

    def dismiss_previous(self) -> None:
        """Send home the processes that a killed launcher, or a killed server, left behind."""
        processes.dismiss(leader=self.mark, kin=self.mark, gentle=self.death_signal, seconds=15)

    def run(self, command: list[str | Path]) -> None:
        """Run a program of the service to its end, as its account."""
        with logs.append_to(self.log) as log:
            ended = subprocess.run(
                command,
                cwd="/",
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                preexec_fn=self.identity.before_exec(),
                check=False,
                **self.identity.popen_arguments,
            )
        if ended.returncode:
            raise self._failed(f"{Path(command[0]).name} failed")

    def _launch(self) -> None:
        with logs.append_to(self.log) as log:
            self._process = subprocess.Popen(
                self.command(),
                # Both servers look at their working directory, which the account may be unable to enter.
                cwd="/",
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                # Ctrl-C reaches the launcher only, which stops everything in order.
                start_new_session=True,
                preexec_fn=self.identity.before_exec(self.death_signal),  # noqa: PLW1509 - the launcher has one thread
                **self.identity.popen_arguments,
            )
        self._wait_until_ready()
        self.on_ready()

    def _wait_until_ready(self) -> None:
        deadline = time.monotonic() + self.start_seconds
        while not self.is_ready():
            if self.poll() is not None:
                raise self._failed(f"{self.name} stopped while starting")
            if time.monotonic() > deadline:
                raise self._failed(f"{self.name} was not ready after {self.start_seconds} seconds")
            time.sleep(0.02)

    def _failed(self, what: str) -> ServiceFailed:
        return ServiceFailed(f"{what}. The end of {self.log}:\n{logs.tail(self.log)}")

    def _make_directory(self) -> None:
        if not self.directory.is_dir():
            self.directory.mkdir(parents=True)
            self.directory.chmod(0o711)

    def _kept_passwords(self) -> dict[str, str]:
        path = self.directory / "passwords.json"
        if not path.exists():
            made = {role: secrets.token_urlsafe(24) for role in self.roles}
            write_private(path, json.dumps(made))
        kept: dict[str, str] = json.loads(path.read_text())
        return kept

    def _kept_port(self) -> int:
        path = self.home / "run" / f"{self.name}.port"
        kept = int(path.read_text()) if path.exists() else 0
        port = kept if kept and _is_free(kept) else _free_port()
        path.write_text(str(port))
        return port


def write_private(path: Path, text: str) -> Path:
    """Write a file that is never, not even for a moment, readable by others."""
    fresh = path.with_name(path.name + ".new")
    fresh.unlink(missing_ok=True)
    with open(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
        file.write(text)
    return fresh.replace(path)


def _is_free(port: int) -> bool:
    with socket.socket() as trial:
        # As the servers do: a connection in TIME_WAIT does not occupy the port.
        trial.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            trial.bind(("127.0.0.1", port))
        except OSError:
            return False
        return True


def _free_port() -> int:
    with socket.socket() as trial:
        trial.bind(("127.0.0.1", 0))
        port: int = trial.getsockname()[1]
        return port
