"""Copies of the embedded cluster: made while it runs, checked, and told how far to play back the log."""

import re
import time
from datetime import UTC, datetime
from pathlib import Path

import psycopg

from infra.embedded import write_ahead
from infra.embedded.postgres import SUPERUSER, Postgres
from infra.embedded.service import ServiceFailed, write_private

_HAND_OVER_SECONDS = 30


def copy_cluster(postgres: Postgres, target: Path) -> None:
    """Copy the running cluster to `target` with the log that makes the copy consistent."""
    key = postgres.directory / "backup.pgpass"
    # A file, since a password in the arguments is everybody's to read.
    line = f"127.0.0.1:{postgres.port}:*:{SUPERUSER}:{postgres.passwords[SUPERUSER]}\n"
    postgres.identity.own(write_private(key, line))
    try:
        address = f"host=127.0.0.1 port={postgres.port} user={SUPERUSER} passfile='{key}'"
        options = ["--wal-method=stream", "--checkpoint=fast", "--no-password"]
        postgres.run([_tool(postgres, "pg_basebackup"), f"--pgdata={target}", f"--dbname={address}", *options])
    finally:
        key.unlink()


def check_copy(postgres: Postgres, copy: Path) -> None:
    """Compare every file of a copy with its manifest, and look whether the log that it needs is whole."""
    postgres.run([_tool(postgres, "pg_verifybackup"), "--quiet", copy])


def _tool(postgres: Postgres, name: str) -> Path:
    tool = postgres.program.with_name(name)
    if not tool.exists():
        raise ServiceFailed(f"{tool} is missing: install PostgreSQL's client programs, or name them in FRONTDESK_PG_BIN.")
    return tool


def keeps_log(postgres: Postgres) -> bool:
    """Ask the running server: whoever makes a backup may have another environment than whoever started it."""
    with psycopg.connect(postgres.url(), autocommit=True) as connection:
        return connection.execute("SHOW archive_mode").fetchone() == ("on",)


def hand_over_log(postgres: Postgres) -> None:
    """Let everything up to now be in the kept log, and something after it, without which nobody knows that it is all."""
    with psycopg.connect(postgres.url(), autocommit=True) as connection:
        connection.execute("SELECT pg_current_xact_id()")
        row = connection.execute("SELECT pg_walfile_name(pg_switch_wal())").fetchone()
    assert row is not None
    deadline = time.monotonic() + _HAND_OVER_SECONDS
    while not (write_ahead.folder(postgres.home) / row[0]).exists():
        if time.monotonic() > deadline:
            raise ServiceFailed(
                f"PostgreSQL did not hand over its log within {_HAND_OVER_SECONDS} seconds; see {postgres.log}."
            )
        time.sleep(0.05)


def recovery_instructions(postgres: Postgres, to: datetime | None) -> str:
    """Return what makes a copy play back the log up to `to`, or only as far as it must."""
    if to is None:
        return "restore_command = 'false'\nrecovery_target = 'immediate'\nrecovery_target_action = 'promote'\n"
    moment = to.astimezone(UTC).isoformat(sep=" ")
    return (
        f"restore_command = '{write_ahead.fetch_command(postgres.home)}'\n"
        f"recovery_target_time = '{moment}'\nrecovery_target_action = 'promote'\n"
    )


def forget_log_before(postgres: Postgres, copy: Path) -> None:
    """Remove the kept log that no copy as old as `copy` needs."""
    started = re.search(r"START WAL LOCATION: .* \(file (\w+)\)", (copy / "backup_label").read_text())
    place = write_ahead.folder(postgres.home)
    if started and place.is_dir():
        for piece in place.iterdir():
            if piece.name[:24] < started[1]:
                piece.unlink()
