"""Settings: read once from the environment, completed by what the embedded services wrote down."""

import os
import re
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Literal, cast

Mode = Literal["demo", "production", "test"]

PROJECT = Path(__file__).resolve().parent.parent


class SettingMissing(RuntimeError):
    """A setting that this mode cannot do without is absent; the text names it."""


class SettingUnknown(ValueError):
    """A setting has a value that means nothing; the text names both."""


# The placement that also keeps the registry, the operators and the captured mail.
HOME_PLACEMENT = "main"


@dataclass(frozen=True)
class Placement:
    """One database that tenants live in: the address for serving them and the one for building their schemas."""

    url: str
    owner_url: str


@dataclass(frozen=True, kw_only=True)
class Settings:
    """One process's view of its surroundings.

    `home` holds all state on disk: the embedded services' data, files, search indexes, logs.  `platform_host` is
    host[:port] as browsers write it; tenants live at `<slug>.<platform_host>`.  `spares` schemas are kept
    ready in each database.  `dns_server` is the address:port of a resolver, instead of the machine's own.
    """

    mode: Mode
    home: Path
    port: int
    scheme: Literal["http", "https"]
    platform_host: str
    database_url: str
    owner_database_url: str
    redis_url: str
    smtp_url: str | None
    mail_from: str
    web_processes: int
    web_threads: int
    workers: int
    proxies: int
    seals_files: bool = False
    dns_server: str | None = None
    further_placements: Mapping[str, Placement] = field(default_factory=dict)
    spares: int = 3
    search_backend: Literal["whoosh", "postgres"] = "whoosh"
    search_meaning: bool = False

    @property
    def placements(self) -> dict[str, Placement]:
        """Every database that tenants live in by name, the home of the registry first."""
        return {HOME_PLACEMENT: Placement(self.database_url, self.owner_database_url), **self.further_placements}

    @property
    def has_test_hooks(self) -> bool:
        """Whether the movable clock, `/dev/mail` and `jobs run-due` exist."""
        return self.mode in ("demo", "test")

    @property
    def run_dir(self) -> Path:
        return self.home / "run"

    @cached_property
    def secret_key(self) -> str:
        """The key that signs cookies: from the environment, else made once and kept in `home` (never in production)."""
        if given := os.environ.get("FRONTDESK_SECRET_KEY"):
            return given
        if self.mode == "production":
            raise SettingMissing("FRONTDESK_SECRET_KEY must be set when FRONTDESK_MODE=production.")
        return _kept_secret(self.home / "secret_key")

    def tenant_host(self, slug: str) -> str:
        return f"{slug}.{self.platform_host}"

    def tenant_url(self, slug: str, path: str = "/") -> str:
        return f"{self.scheme}://{self.tenant_host(slug)}{path}"

    def with_port(self, host: str) -> str:
        """Return a domain of a tenant's own as browsers write it: at the same port as the platform."""
        _name, colon, port = self.platform_host.partition(":")
        return f"{host}{colon}{port}"

    @property
    def platform_url(self) -> str:
        return f"{self.scheme}://{self.platform_host}"


def load(environment: Mapping[str, str] = os.environ) -> Settings:
    """Read the settings; what `environment` leaves open comes from `run/services.env`, which the launcher writes."""
    home = Path(environment.get("FRONTDESK_HOME") or PROJECT / "var").resolve()
    environment = {name: value for name, value in environment.items() if value}
    known = {**read_env_file(home / "run" / "services.env"), **environment}
    port = int(known.get("FRONTDESK_PORT") or 8000)
    database_url = known.get("DATABASE_URL", "")
    # An environment that names its own database must not be completed with the embedded one's owner.
    owner = environment.get("OWNER_DATABASE_URL") or (
        database_url if environment.get("DATABASE_URL") else known.get("OWNER_DATABASE_URL", database_url)
    )
    return Settings(
        mode=cast(Mode, known.get("FRONTDESK_MODE") or "demo"),
        home=home,
        port=port,
        scheme=cast(Literal["http", "https"], known.get("FRONTDESK_SCHEME") or "http"),
        platform_host=known.get("FRONTDESK_HOST") or f"localhost:{port}",
        database_url=with_driver(database_url),
        owner_database_url=with_driver(owner),
        redis_url=known.get("REDIS_URL", ""),
        smtp_url=known.get("FRONTDESK_SMTP_URL") or None,
        mail_from=known.get("FRONTDESK_MAIL_FROM") or "no-reply@frontdesk.example",
        web_processes=int(known.get("FRONTDESK_WEB_PROCESSES") or 2),
        web_threads=int(known.get("FRONTDESK_WEB_THREADS") or 4),
        workers=int(known.get("FRONTDESK_WORKERS") or 2),
        proxies=int(known.get("FRONTDESK_PROXIES") or 0),
        seals_files=known.get("FRONTDESK_SEAL_FILES", "") in ("1", "true", "yes"),
        dns_server=known.get("FRONTDESK_DNS_SERVER") or None,
        further_placements=_further_placements(known),
        spares=int(known.get("FRONTDESK_SPARES") or 3),
        search_backend=_one_of("SEARCH_BACKEND", known.get("SEARCH_BACKEND") or "whoosh", ("whoosh", "postgres")),  # type: ignore[arg-type]
        search_meaning=known.get("FRONTDESK_SEARCH_MEANING") == "1",
    )


_PLACEMENT = re.compile(r"FRONTDESK_PLACEMENT_([A-Z][A-Z0-9]{0,30})")


def _further_placements(known: Mapping[str, str]) -> dict[str, Placement]:
    """Read `FRONTDESK_PLACEMENT_EU=postgresql://…` and `FRONTDESK_PLACEMENT_EU_OWNER=postgresql://…` as placement `eu`."""
    found = {}
    for name, url in known.items():
        if (match := _PLACEMENT.fullmatch(name)) and url:
            found[match[1].lower()] = Placement(with_driver(url), with_driver(known.get(f"{name}_OWNER") or url))
    return found


def read_env_file(path: Path) -> dict[str, str]:
    """Return the `NAME=value` lines of `path`; an absent file is an empty one."""
    if not path.exists():
        return {}
    lines = (line.partition("=") for line in path.read_text().splitlines() if "=" in line)
    return {name.strip(): value.strip() for name, _, value in lines}


def _one_of(name: str, value: str, choices: tuple[str, ...]) -> str:
    if value not in choices:
        raise SettingUnknown(f"{name} is {value!r}; it can be {' or '.join(choices)}.")
    return value


def with_driver(url: str) -> str:
    """Name the driver, so that a customer's plain `postgres://` address works too."""
    scheme, mark, rest = url.partition("://")
    return f"postgresql+psycopg://{rest}" if mark and scheme in ("postgres", "postgresql") else url


def _kept_secret(path: Path) -> str:
    path.parent.mkdir(parents=True, exist_ok=True)
    try:
        with open(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
            file.write(secrets.token_urlsafe(48))
    except FileExistsError:
        pass
    return path.read_text()


_current: Settings | None = None


def current() -> Settings:
    """Return the process's settings, read at first use."""
    global _current
    if _current is None:
        _current = load()
    return _current


def use(settings: Settings | None) -> None:
    """Put `settings` in force (tests, the launcher); `None` reads the environment again at next use."""
    global _current
    _current = settings
