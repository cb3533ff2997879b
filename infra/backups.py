"""Backups of the embedded database and the files, and what of them is kept."""

import json
import os
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from infra.embedded import Postgres, copying
from infra.embedded.service import ServiceFailed, write_private
from kernel import database, settings
from kernel.actors import SYSTEM
from kernel.errors import DomainError
from kernel.i18n import lazy_text as _l
from tenants import trail

Show = Callable[[int, int, str], None]
_STEPS = ("database", "check", "files", "tidying")


class NotOurDatabase(DomainError):
    message = _l(
        "PostgreSQL is not run by Frontdesk here. Back it up with its own tools; docs/operating.md says what is needed."
    )


@dataclass(frozen=True)
class Backup:
    """A backup on disk: `data`, a cluster that can be started; `files`, hard links where possible.

    Times are the machine's own, which is what the database's log is written in.
    """

    folder: Path
    began_at: datetime
    finished_at: datetime
    files: int
    has_log: bool

    @property
    def data(self) -> Path:
        return self.folder / "data"


def root() -> Path:
    return settings.current().home / "backups"


def all_backups() -> list[Backup]:
    """Return the finished backups, oldest first."""
    return [_read(path.parent) for path in sorted(root().glob("*/backup.json"))]


def newest_before(moment: datetime | None) -> Backup | None:
    """Return the newest backup that was finished by `moment`, or at all."""
    fitting = [backup for backup in all_backups() if moment is None or backup.finished_at <= moment]
    return fitting[-1] if fitting else None


def make(*, keep: int, show: Show = lambda done, of, what: None) -> Backup:
    """Back everything up, check it, put it on record, and remove all but the last `keep`.

    Raises `NotOurDatabase`.  An interrupted call leaves a folder that the next one clears away.
    """
    try:
        backup = _make(show)
    except ServiceFailed as error:
        with database.transaction() as session:
            trail.record(session, "backup.failed", actor=SYSTEM, error=str(error)[:500])
        raise
    show(3, len(_STEPS), _STEPS[3])
    removed = _tidy(keep)
    with database.transaction() as session:
        seconds = round((backup.finished_at - backup.began_at).total_seconds(), 1)
        facts: dict[str, Any] = {"folder": backup.folder.name, "files": backup.files, "seconds": seconds, "removed": removed}
        trail.record(session, "backup.made", actor=SYSTEM, **facts)
    show(len(_STEPS), len(_STEPS), "")
    return backup


def _make(show: Show) -> Backup:
    postgres = running_postgres()
    began_at = datetime.now(UTC)
    draft = root() / f".{began_at:%Y%m%dT%H%M%S.%fZ}"
    _make_root()
    postgres.identity.own(_fresh(draft))
    show(0, len(_STEPS), _STEPS[0])
    copying.copy_cluster(postgres, draft / "data")
    finished_at = datetime.now(UTC)
    show(1, len(_STEPS), _STEPS[1])
    copying.check_copy(postgres, draft / "data")
    show(2, len(_STEPS), _STEPS[2])
    files = sum(1 for _path in _link_files(draft / "files"))
    # Whoever restores on another machine must be able to sign in to what they start.
    shutil.copy(postgres.directory / "passwords.json", draft / "passwords.json")
    facts = {"began_at": began_at.isoformat(), "finished_at": finished_at.isoformat(), "files": files}
    write_private(draft / "backup.json", json.dumps({**facts, "has_log": copying.keeps_log(postgres)}))
    return _read(draft.replace(draft.with_name(draft.name.removeprefix("."))))


def running_postgres() -> Postgres:
    """Return the embedded PostgreSQL that runs in this home.  Raises `NotOurDatabase`."""
    postgres = Postgres(settings.current().home)
    if os.environ.get("DATABASE_URL") or not postgres.data.exists():
        raise NotOurDatabase()
    postgres.attach()
    return postgres


def _make_root() -> None:
    if not root().is_dir():
        root().mkdir(parents=True)
        root().chmod(0o711)
    for leftover in root().glob(".*"):
        shutil.rmtree(leftover)


def _fresh(folder: Path) -> Path:
    folder.mkdir(mode=0o711)
    return folder


def _link_files(target: Path) -> Iterator[Path]:
    """Let the backup hold every file too: they never change, so a second name costs nothing."""
    source = settings.current().home / "files"
    for path in sorted(source.rglob("*")) if source.exists() else ():
        if path.is_file() and not path.name.startswith("."):
            copy = target / path.relative_to(source)
            copy.parent.mkdir(parents=True, exist_ok=True)
            _link(path, copy)
            yield copy


def _link(path: Path, copy: Path) -> None:
    try:
        os.link(path, copy)
    except OSError:
        shutil.copy2(path, copy)


def _tidy(keep: int) -> int:
    """Remove the oldest backups and the log that only they needed: this is how what was erased leaves them too."""
    backups = all_backups()
    for backup in backups[:-keep]:
        shutil.rmtree(backup.folder)
    if remaining := all_backups():
        postgres = running_postgres()
        copying.forget_log_before(postgres, remaining[0].data)
    return len(backups[:-keep])


def _read(folder: Path) -> Backup:
    facts = json.loads((folder / "backup.json").read_text())
    began_at, finished_at = (datetime.fromisoformat(facts[name]) for name in ("began_at", "finished_at"))
    return Backup(folder, began_at, finished_at, facts["files"], facts["has_log"])
