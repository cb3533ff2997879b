"""Valkey in `home/valkey`: an append-only file, one password, nothing but the loopback."""

import signal
import socket
from pathlib import Path
from typing import ClassVar

from infra.embedded import binaries
from infra.embedded.service import Service, write_private

USER = "default"


class Valkey(Service):
    """The queue's server.  Losing its last second costs nothing: PostgreSQL remembers what is due."""

    name: ClassVar[str] = "valkey"
    death_signal: ClassVar[signal.Signals] = signal.SIGTERM
    hard_signal: ClassVar[signal.Signals] = signal.SIGKILL
    roles: ClassVar[tuple[str, ...]] = (USER,)

    @property
    def program(self) -> Path:
        return binaries.valkey_server()

    def command(self) -> list[str | Path]:
        # A file, since a password in the arguments is everybody's to read.
        configuration = self.identity.own(write_private(self.directory / "valkey.conf", self._configuration()))
        return [self.program, configuration]

    def environment(self) -> dict[str, str]:
        return {"REDIS_URL": f"redis://:{self.passwords[USER]}@127.0.0.1:{self.port}/0"}

    def is_ready(self) -> bool:
        """Ask in the protocol itself; it answers LOADING while it reads its file."""
        question = f"AUTH {self.passwords[USER]}\r\nPING\r\nQUIT\r\n".encode()
        try:
            with socket.create_connection(("127.0.0.1", self.port), timeout=1) as connection:
                connection.sendall(question)
                with connection.makefile("rb") as answer:
                    return b"+PONG" in answer.read()
        except OSError:
            return False

    def _configuration(self) -> str:
        settings = {
            "bind": "127.0.0.1",
            "port": self.port,
            "dir": f'"{self.data}"',
            "requirepass": self.passwords[USER],
            "proc-title-template": f'"{{title}} {{listen-addr}} {self.mark}"',
            "save": '""',
            "appendonly": "yes" if self.durable else "no",
            "appendfsync": "everysec",
            # A full memory must be an error that the outbox survives, never a job silently dropped.
            "maxmemory-policy": "noeviction",
        }
        return "".join(f"{name} {value}\n" for name, value in settings.items())
