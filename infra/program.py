"""One of Frontdesk's own processes: started, brought back with growing patience, its errors shown."""

import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from infra.embedded import logs
from infra.embedded.identity import Identity
from kernel.settings import PROJECT

STEADY_SECONDS = 5  # whoever ran this long may fail afresh
FIRST_PAUSE, LONGEST_PAUSE = 0.2, 5.0  # seconds
ERROR = re.compile(r"\b(ERROR|CRITICAL|error|critical)\b|^(Traceback|\w+(\.\w+)*(Error|Exception)\b)")


@dataclass
class Program:
    """A command that is to run for good.  `deaths` counts those since it last ran steadily."""

    name: str
    kind: str
    command: list[str]
    log: Path
    deaths: int = 0
    _process: subprocess.Popen[bytes] | None = None
    _started_at: float = 0.0
    _due_at: float = 0.0
    _is_dead: bool = True
    _log_position: int = field(default=0)

    @property
    def pid(self) -> int | None:
        return self._process.pid if self._process and not self._is_dead else None

    def start(self) -> None:
        logs.rotate(self.log)
        self._launch()

    def keep_running(self) -> bool:
        """Note a death, launch again when the pause is over; return whether anything changed."""
        if self._is_dead:
            if time.monotonic() < self._due_at:
                return False
            self._launch()
            return True
        if self._process is None or self._process.poll() is None:
            return False
        self._mourn(self._process.returncode)
        return True

    def new_errors(self) -> Iterator[str]:
        """Yield the lines written since the last call that tell of an error."""
        if not self.log.exists() or self.log.stat().st_size <= self._log_position:
            return
        with self.log.open("rb") as file:
            file.seek(self._log_position)
            text = file.read()
        self._log_position += len(text)
        yield from (line for line in text.decode(errors="replace").splitlines() if ERROR.search(line))

    def signal(self, what: signal.Signals) -> None:
        """Signal the process; SIGKILL goes to its children too, whom nobody would look after."""
        if self._process is None or self._is_dead:
            return
        if what is signal.SIGKILL:
            self._kill_group()
        else:
            self._process.send_signal(what)

    def wait_until_gone(self, deadline: float) -> None:
        """Wait until `deadline` (monotonic), then kill."""
        if self._process is None or self._is_dead:
            return
        try:
            self._process.wait(max(0.1, deadline - time.monotonic()))
        except subprocess.TimeoutExpired:
            self._kill_group()
            self._process.wait()
        self._is_dead = True

    def _launch(self) -> None:
        with logs.append_to(self.log) as log:
            self._process = subprocess.Popen(
                self.command,
                cwd=PROJECT,
                env={**os.environ, "PYTHONUNBUFFERED": "1"},
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                # Ctrl-C reaches the launcher only, which stops everything in order.
                start_new_session=True,
                preexec_fn=Identity().before_exec(signal.SIGTERM),  # noqa: PLW1509 - the launcher has one thread
            )
        self._started_at = time.monotonic()
        self._is_dead = False

    def _mourn(self, status: int) -> None:
        ran_steadily = time.monotonic() - self._started_at > STEADY_SECONDS
        self.deaths = 1 if ran_steadily else self.deaths + 1
        pause = min(LONGEST_PAUSE, FIRST_PAUSE * 2**self.deaths)
        self._due_at = time.monotonic() + pause
        self._kill_group()
        self._is_dead = True
        print(
            f"{self.name} stopped unexpectedly (status {status}); starting it again in {pause:.1f} s. "
            f"The end of {self.log}:\n{logs.tail(self.log)}",
            file=sys.stderr,
            flush=True,
        )

    def _kill_group(self) -> None:
        # A web server's orphans would keep the port to themselves for as long as their slowest request lasts.
        if self._process:
            with suppress(ProcessLookupError, PermissionError):
                os.killpg(self._process.pid, signal.SIGKILL)
