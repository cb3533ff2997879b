"""`frontdesk up`: the services, then the preparation, then web, workers and sweeper, until told to stop."""

import json
import os
import signal
import socket
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, suppress
from http.client import HTTPConnection, HTTPException
from pathlib import Path
from types import FrameType

from infra import address
from infra.embedded import EmbeddedServices, HomeInUse, ServiceFailed, make_home, processes
from infra.embedded.binaries import ProgramMissing
from infra.embedded.identity import NoUnprivilegedAccount
from infra.embedded.lock import hold
from infra.embedded.service import Service
from infra.program import Program
from kernel import settings as kernel_settings
from kernel.settings import Settings

READY_SECONDS = 90
STOP_SECONDS = {
    "web": 19.0,
    "sweeper": 20.0,
    "worker": 21.0,
}  # since the first Ctrl-C; the services need the rest of 25
TICK_SECONDS = 0.2
GIVE_UP_AFTER = 3  # deaths of the web server before it was ever ready: it will not get better


class CannotStart(RuntimeError):
    """What keeps Frontdesk from starting, in words for the person at the keyboard."""


class Interrupted(BaseException):
    """The first Ctrl-C or SIGTERM."""


def up(settings: Settings, *, prepare: Callable[[], None], greeting: Callable[[], str]) -> int:
    """Run Frontdesk until a signal; return the exit status.

    `prepare` runs once the database is there (migrations, demo); `greeting` is shown once pages are served.  By then
    `kernel.settings.current()` names the database.
    """
    launcher = Launcher(settings)
    try:
        with launcher.heeding_signals():
            make_home(settings.home)
            with hold(settings.run_dir / "launcher.lock"):
                launcher.run(prepare, greeting)
    except Interrupted:
        return 0
    except (CannotStart, HomeInUse, NoUnprivilegedAccount, ProgramMissing, ServiceFailed) as problem:
        print(f"Frontdesk cannot start: {problem}", file=sys.stderr)
        return 1
    return 0


class Launcher:
    """What runs, and what is done about it."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.services = EmbeddedServices(
            settings.home, postgres=not os.environ.get("DATABASE_URL"), valkey=not os.environ.get("REDIS_URL")
        )
        self.programs = _programs(settings)
        self.is_stopping = False

    def run(self, prepare: Callable[[], None], greeting: Callable[[], str]) -> None:
        dismiss_leftovers(self.settings)
        require_free_port(self.settings)
        try:
            self.services.start()
            self._record()
            kernel_settings.use(None)
            prepare()
            for program in self.programs:
                program.start()
            self._record()
            self._wait_until_ready()
            print(f"\nFrontdesk is ready\n{greeting()}\n", flush=True)
            while True:
                self._watch()
        finally:
            self.is_stopping = True
            self._stop()

    @contextmanager
    def heeding_signals(self) -> Iterator[None]:
        previous = {which: signal.signal(which, self._on_signal) for which in (signal.SIGINT, signal.SIGTERM)}
        try:
            yield
        finally:
            for which, handler in previous.items():
                signal.signal(which, handler)

    def _on_signal(self, number: int, frame: FrameType | None) -> None:
        if not self.is_stopping:
            self.is_stopping = True
            raise Interrupted
        # Whoever waits in `_stop` is released by the deaths.
        for program in self.programs:
            program.signal(signal.SIGKILL)
        self.services.stop_at_once()

    def _wait_until_ready(self) -> None:
        deadline = time.monotonic() + READY_SECONDS
        web = self.programs[0]
        while not answers(self.settings):
            self._watch()
            if web.deaths >= GIVE_UP_AFTER:
                raise CannotStart(f"the web server keeps stopping; see {web.log}.")
            if time.monotonic() > deadline:
                raise CannotStart(f"no page was served within {READY_SECONDS} seconds; see {web.log}.")

    def _watch(self) -> None:
        """Bring back what died, show errors, and pause for a moment."""
        changes = [_revive(service) for service in self.services.services if service.poll() is not None]
        for program in self.programs:
            for line in program.new_errors():
                print(f"{program.name}: {line}", file=sys.stderr, flush=True)
            changes.append(program.keep_running())
        if any(changes):
            self._record()
        time.sleep(TICK_SECONDS)

    def _stop(self) -> None:
        """Stop in order, each as late as its deadline allows: nobody loses the database under a running request."""
        print("Stopping …", flush=True)
        began = time.monotonic()
        for kind, seconds in STOP_SECONDS.items():
            group = [program for program in self.programs if program.kind == kind]
            for program in group:
                program.signal(signal.SIGTERM)
            for program in group:
                program.wait_until_gone(began + seconds)
        self.services.stop()
        _table(self.settings).unlink(missing_ok=True)

    def _record(self) -> None:
        """Keep the table of who is who, by which tests and people find a process to kill."""
        running = {"launcher": os.getpid()}
        running |= {service.name: service.pid for service in self.services.services if service.pid}
        running |= {program.name: program.pid for program in self.programs if program.pid}
        fresh = _table(self.settings).with_suffix(".new")
        fresh.write_text(json.dumps(running, indent=1))
        fresh.replace(_table(self.settings))


def _programs(settings: Settings) -> list[Program]:
    worker = [sys.executable, "-m", "worker"]
    web = [sys.executable, "-m", "gunicorn", "--config", "infra/gunicorn.conf.py", "wsgi:application"]
    log = settings.home / "log"
    return [
        Program("web", "web", web, log / "web.log"),
        Program("sweeper", "sweeper", [*worker, "--sweeper"], log / "sweeper.log"),
        *(
            Program(f"worker-{number}", "worker", worker, log / f"worker-{number}.log")
            for number in range(1, settings.workers + 1)
        ),
    ]


def _revive(service: Service) -> bool:
    print(f"{service.name} stopped unexpectedly; starting it again.", file=sys.stderr, flush=True)
    try:
        service.restart()
    except ServiceFailed as problem:
        print(problem, file=sys.stderr, flush=True)
        time.sleep(1)
    return True


def _table(settings: Settings) -> Path:
    return settings.run_dir / "processes.json"


def dismiss_leftovers(settings: Settings) -> None:
    """End what a killed launcher left running, where the kernel did not do so."""
    table = _table(settings)
    left = json.loads(table.read_text()) if table.exists() else {}
    commands = {program.name: " ".join(program.command) for program in _programs(settings)}
    for name, pid in left.items():
        # A pid alone proves nothing: it may be somebody else's by now.
        if name in commands and commands[name] in processes.command(pid):
            processes.dismiss_one(pid, seconds=10)


def require_free_port(settings: Settings) -> None:
    """Raise `CannotStart` when somebody listens on our port; a moment's grace for one just leaving."""
    deadline = time.monotonic() + 1
    host, port = address.local(settings)
    while _is_listened_to(host, port):
        if time.monotonic() > deadline:
            raise CannotStart(
                f"port {port} is taken by another program. Stop that one, or choose another port: "
                f"FRONTDESK_PORT={port + 1} make run"
            )
        time.sleep(0.1)


def answers(settings: Settings) -> bool:
    """Whether the platform's own host says that it is ready."""
    connection = HTTPConnection(*address.local(settings), timeout=5)
    with closing(connection), suppress(OSError, HTTPException):
        connection.request("GET", "/readyz", headers={"Host": settings.platform_host})
        return connection.getresponse().status == 200
    return False


def _is_listened_to(host: str, port: int) -> bool:
    try:
        socket.create_connection((host, port), timeout=1).close()
    except OSError:
        return False
    return True
