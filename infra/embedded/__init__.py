"""PostgreSQL and Valkey from wheels, run as our own children, for machines that offer neither."""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from types import TracebackType
from typing import Self

from infra.embedded.lock import HomeInUse, hold
from infra.embedded.postgres import Postgres
from infra.embedded.service import Service, ServiceFailed, write_private
from infra.embedded.valkey import Valkey
from kernel.settings import read_env_file

__all__ = [
    "EmbeddedServices",
    "HomeInUse",
    "Postgres",
    "ServiceFailed",
    "Valkey",
    "borrowed",
    "make_home",
    "temporary_home",
]


class EmbeddedServices:
    """The services that live in `home`; one launcher at a time.

    `durable=False` trades the safety of committed data for speed, which is right for tests only.  Start it from the
    main thread: on Linux the services die with the thread that started them.
    """

    def __init__(self, home: Path, *, durable: bool = True, postgres: bool = True, valkey: bool = True) -> None:
        self.home = home.resolve()
        self.postgres = Postgres(self.home, durable=durable)
        self.valkey = Valkey(self.home, durable=durable)
        self.services: list[Service] = [
            service for service, is_wanted in ((self.postgres, postgres), (self.valkey, valkey)) if is_wanted
        ]
        self._held = ExitStack()

    def start(self) -> dict[str, str]:
        """Start what is not running and return the environment that reaches it; raises `HomeInUse`, `ServiceFailed`."""
        make_home(self.home)
        self._held.enter_context(hold(self.home / "run" / "services.lock"))
        try:
            for service in self.services:
                service.start()
        except BaseException:
            self.stop()
            raise
        return self._write_environment()

    def stop(self) -> None:
        """Stop in the reverse order, PostgreSQL last, and let go of `home`."""
        for service in reversed(self.services):
            service.stop()
        self._held.close()

    def stop_at_once(self) -> None:
        """Tell every service to stop without its manners, and do not wait."""
        for service in self.services:
            service.signal_at_once()

    def is_alive(self) -> bool:
        return all(service.poll() is None and service.pid is not None for service in self.services)

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.stop()

    def _write_environment(self) -> dict[str, str]:
        environment = {name: value for service in self.services for name, value in service.environment().items()}
        lines = (f"{name}={value}\n" for name, value in environment.items())
        write_private(_environment_file(self.home), "".join(lines))
        return environment


@contextmanager
def borrowed(home: Path) -> Iterator[dict[str, str]]:
    """Yield the environment of the services in `home`: the running launcher's, else our own for as long as needed."""
    services = EmbeddedServices(home)
    try:
        environment = services.start()
    except HomeInUse:
        yield read_env_file(_environment_file(home))
        return
    try:
        yield environment
    finally:
        services.stop()


@contextmanager
def temporary_home() -> Iterator[Path]:
    """Yield a home for tests; unlike pytest's own directories, root's can be entered by the account PostgreSQL gets."""
    with TemporaryDirectory(prefix="frontdesk-") as directory:
        Path(directory).chmod(0o711)
        yield Path(directory) / "home"


def make_home(home: Path) -> None:
    """Create `home` so that an unprivileged account may pass through it, as PostgreSQL must when we are root."""
    for directory, mode in ((home, 0o755), (home / "run", 0o700), (home / "log", 0o750)):
        if not directory.is_dir():
            directory.mkdir(parents=True)
            # `mkdir` heeds the umask; what we made ourselves we may also open.  Nothing else is ever touched.
            directory.chmod(mode)


def _environment_file(home: Path) -> Path:
    return home / "run" / "services.env"
