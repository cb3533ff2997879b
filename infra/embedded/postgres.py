"""PostgreSQL in `home/postgres`, with Frontdesk's roles, database and extensions."""

import re
import shutil
import signal
import subprocess
import sys
from pathlib import Path
from typing import ClassVar, LiteralString

import psycopg
from psycopg import sql

from infra.embedded import binaries, processes, write_ahead
from infra.embedded.service import Service, ServiceFailed, write_private
from kernel.privileges import GRANTS_TO_OWN_ROLES, REVOKE_RISKY_FUNCTIONS

DATABASE = "frontdesk"
OWNER = "frontdesk_owner"
APP = "frontdesk_app"
SUPERUSER = "postgres"

# Any query of the app outside a tenant's transaction finds nothing: `no_tenant` holds no table.
ROLES: dict[str, LiteralString] = {
    OWNER: "CREATE ROLE frontdesk_owner LOGIN CREATEROLE PASSWORD {password}",
    APP: "CREATE ROLE frontdesk_app LOGIN NOINHERIT PASSWORD {password}",
}
DATABASE_SETUP: tuple[LiteralString, ...] = (
    "ALTER ROLE frontdesk_app SET search_path = no_tenant",
    "REVOKE ALL ON SCHEMA public FROM PUBLIC",
    "CREATE SCHEMA IF NOT EXISTS ext AUTHORIZATION frontdesk_owner",
    "GRANT USAGE ON SCHEMA ext TO PUBLIC",
    "CREATE EXTENSION IF NOT EXISTS pg_trgm SCHEMA ext",
    "CREATE EXTENSION IF NOT EXISTS unaccent SCHEMA ext",
    "CREATE EXTENSION IF NOT EXISTS btree_gist SCHEMA ext",
    REVOKE_RISKY_FUNCTIONS,
    "DO $$ BEGIN IF to_regrole('frontdesk_platform') IS NULL THEN CREATE ROLE frontdesk_platform NOLOGIN; "
    "GRANT frontdesk_platform TO frontdesk_owner WITH ADMIN OPTION; END IF; END $$",
    *GRANTS_TO_OWN_ROLES,
)

SMALL_MACHINE = {
    "max_connections": "100",
    "shared_buffers": "128MB",
    # Dumping or creating many tenants in one transaction locks every table of each.
    "max_locks_per_transaction": "256",
    # An error's details quote the row that it is about, and what people wrote has no place in a log.
    "log_error_verbosity": "terse",
    "timezone": "UTC",
    "log_timezone": "UTC",
}
# Playing back a day's log takes its time.
RECOVERY_SECONDS = 3600.0
NOT_DURABLE = {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off"}


class Postgres(Service):
    """A cluster of our own on 127.0.0.1, passwords (SCRAM) for everybody, no Unix socket."""

    name: ClassVar[str] = "postgres"
    death_signal: ClassVar[signal.Signals] = signal.SIGINT  # "fast": rolls back, writes a checkpoint, leaves
    hard_signal: ClassVar[signal.Signals] = signal.SIGQUIT  # "immediate": recovers at the next start
    roles: ClassVar[tuple[str, ...]] = (SUPERUSER, OWNER, APP)

    def __init__(self, home: Path, *, durable: bool = True, recovers: bool = False) -> None:
        """With `recovers` the cluster is a copy that plays back the log of another, and is for reading afterwards."""
        super().__init__(home, durable=durable)
        self.recovers = recovers
        if recovers:
            self.start_seconds = RECOVERY_SECONDS

    @property
    def program(self) -> Path:
        return binaries.postgres_directory() / "postgres"

    @property
    def will_keep_log(self) -> bool:
        """Whether it is started to keep its write-ahead log (`FRONTDESK_WAL_ARCHIVE`), so that any moment can be restored."""
        return write_ahead.is_wanted() and not self.recovers

    def command(self) -> list[str | Path]:
        settings = {
            "listen_addresses": "127.0.0.1",
            "port": str(self.port),
            "unix_socket_directories": "",
            "cluster_name": self.mark,
            **SMALL_MACHINE,
            **({} if self.durable else NOT_DURABLE),
            **(write_ahead.settings_of(self) if self.will_keep_log else {}),
            # Nobody is let in before the last line is played back.
            **({"hot_standby": "off"} if self.recovers else {}),
        }
        options = [part for name, value in settings.items() for part in ("-c", f"{name}={value}")]
        return [self.program, "-D", self.data, *options]

    def environment(self) -> dict[str, str]:
        return {"DATABASE_URL": self.url(APP), "OWNER_DATABASE_URL": self.url(OWNER)}

    def url(self, role: str = SUPERUSER, database: str = DATABASE) -> str:
        return f"postgresql://{role}:{self.passwords[role]}@127.0.0.1:{self.port}/{database}"

    def install(self) -> None:
        """Make the cluster beside its place and move it there, so that an interrupted `initdb` leaves nothing behind."""
        if self.data.exists():
            return
        fresh = self.directory / "data.new"
        shutil.rmtree(fresh, ignore_errors=True)
        fresh.mkdir(mode=0o700)
        self.identity.own(fresh)
        password = self.identity.own(write_private(self.directory / "initial_password", self.passwords[SUPERUSER]))
        try:
            self.run([self.program.with_name("initdb"), "-D", fresh, *self._cluster_options(password)])
        finally:
            password.unlink()
        fresh.rename(self.data)

    def _cluster_options(self, password: Path) -> list[str]:
        safety = [] if self.durable else ["--no-sync"]
        access = [f"--username={SUPERUSER}", "--auth=scram-sha-256", f"--pwfile={password}"]
        return [*access, "--encoding=UTF8", "--no-instructions", *safety, *self._locale()]

    def _locale(self) -> list[str]:
        """Text sorts by code point; its letters are Unicode's, without which pg_trgm sees no Chinese at all."""
        ctype = "en_US.UTF-8" if sys.platform == "darwin" else "C.UTF-8"
        if self._major_version() < 17:
            return [f"--locale={ctype}"]
        return ["--locale-provider=builtin", "--builtin-locale=C.UTF-8", "--locale=C", f"--lc-ctype={ctype}"]

    def _major_version(self) -> int:
        told = subprocess.run([self.program, "--version"], capture_output=True, text=True, check=True, cwd="/").stdout
        found = re.search(r"\d+", told)
        return int(found.group()) if found else 0

    def dismiss_previous(self) -> None:
        """End an orphaned postmaster and its backends, then clear away a pid file that names nobody of ours."""
        processes.dismiss(leader=f"cluster_name={self.mark}", kin=self.mark, gentle=self.death_signal, seconds=15)
        pid_file = self.data / "postmaster.pid"
        if pid_file.exists():
            recorded = pid_file.read_text().split()
            # PostgreSQL believes in any living pid, be it a zombie or, after a reboot, somebody else's.
            if not recorded or str(self.data) not in processes.command(int(recorded[0])):
                pid_file.unlink()

    def is_ready(self) -> bool:
        try:
            with psycopg.connect(self.url(database="postgres"), connect_timeout=5):
                return True
        except psycopg.OperationalError as refusal:
            if "password authentication failed" in str(refusal):
                raise ServiceFailed(f"{self.directory / 'passwords.json'} does not fit {self.data}.") from None
            return False

    def on_ready(self) -> None:
        with psycopg.connect(self.url(database="postgres"), autocommit=True) as connection:
            for role, statement in ROLES.items():
                if not _exists(connection, "SELECT 1 FROM pg_roles WHERE rolname = %s", role):
                    password = sql.Literal(self.passwords[role])
                    connection.execute(sql.SQL(statement).format(password=password))
        self.add_database(DATABASE)

    def add_database(self, name: str) -> None:
        """Make a database that tenants can live in, with everything that takes a superuser."""
        database = sql.Identifier(name)
        with psycopg.connect(self.url(database="postgres"), autocommit=True) as connection:
            if not _exists(connection, "SELECT 1 FROM pg_database WHERE datname = %s", name):
                connection.execute(sql.SQL("CREATE DATABASE {} OWNER frontdesk_owner").format(database))
            connection.execute(sql.SQL("REVOKE ALL ON DATABASE {} FROM PUBLIC").format(database))
            connection.execute(sql.SQL("GRANT CONNECT ON DATABASE {} TO frontdesk_app").format(database))
        with psycopg.connect(self.url(database=name)) as connection:
            for statement in DATABASE_SETUP:
                connection.execute(statement)
            _check_chinese(connection)


def _exists(connection: psycopg.Connection, query: LiteralString, name: str) -> bool:
    return connection.execute(query, [name]).fetchone() is not None


def _check_chinese(connection: psycopg.Connection) -> None:
    row = connection.execute("SELECT ext.show_trgm('退款流程')").fetchone()
    if not (row and row[0]):
        raise ServiceFailed("PostgreSQL's pg_trgm finds no Chinese: the cluster's LC_CTYPE must be a UTF-8 one.")
