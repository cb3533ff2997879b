"""Restoring one tenant: a cluster is recovered aside, the tenant is read out of it and opened beside the live one."""

import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from sqlalchemy import text

from infra import backups
from infra.backups import Backup
from infra.embedded import Postgres, copying, make_home
from infra.embedded.postgres import APP, OWNER
from infra.embedded.service import write_private
from kernel import database, settings
from kernel.actors import SYSTEM
from kernel.errors import DomainError
from kernel.i18n import lazy_text as _l
from kernel.settings import Placement
from kernel.tenancy import Stand, platform_at
from tenants import lifecycle, purging, trail
from tenants.archive import importing, reading, writing
from tenants.registry import TenantFacts

Show = Callable[[int, int, str], None]
_ASIDE = "aside"
_STEPS = ("recovering", "reading", "checking", "opening")


class NoBackup(DomainError):
    message = _l("There is no backup from before that moment. `frontdesk backup` makes one.")


class NoLog(DomainError):
    message = _l("Without FRONTDESK_WAL_ARCHIVE=1 only the moment of a backup can be restored: leave out --to.")


class NotYet(DomainError):
    message = _l("That moment is still to come.")


class NotThereThen(DomainError):
    message = _l("There was no tenant “%(slug)s” at that moment.")


class Erased(DomainError):
    message = _l("This tenant was erased, and is not brought back.")


def restore(
    slug: str,
    *,
    to: datetime | None,
    new_slug: str,
    from_url: str | None = None,
    show: Show = lambda done, of, what: None,
) -> TenantFacts:
    """Open the tenant `slug` as it was at `to` (the newest backup, when omitted) under `new_slug`.

    It may be killed at any moment: what lies aside is cleared away by the next call, and a tenant opens complete or not at
    all.  Every try is on record.  Raises `NoBackup`, `NoLog`, `NotThereThen`, `Erased`, `SlugTaken`.
    """
    with _on_record(slug, to):
        lifecycle.require_free(new_slug)
        with _set_aside() as aside:
            archive_path = aside / "tenant.zip"
            show(0, len(_STEPS), _STEPS[0])
            with _recovered(aside, to, from_url):
                show(1, len(_STEPS), _STEPS[1])
                _read_out(slug, archive_path)
            show(2, len(_STEPS), _STEPS[2])
            archive = reading.check(archive_path)
            show(3, len(_STEPS), _STEPS[3])
            facts = importing.import_as(new_slug, archive, event="tenant.restored")
        show(len(_STEPS), len(_STEPS), "")
        return facts


@contextmanager
def _on_record(slug: str, to: datetime | None) -> Iterator[None]:
    try:
        yield
    except Exception as error:
        with database.transaction() as session:
            facts: dict[str, Any] = {"slug": slug, "to": to.isoformat() if to else "", "error": str(error)[:500]}
            trail.record(session, "restore.failed", actor=SYSTEM, **facts)
        raise


@contextmanager
def _set_aside() -> Iterator[Path]:
    """Yield an empty folder that is gone afterwards, as is what an interrupted call left in it."""
    aside = settings.current().home / "restore"
    shutil.rmtree(aside, ignore_errors=True)
    aside.mkdir(mode=0o711)
    aside.chmod(0o711)
    try:
        yield aside
    finally:
        shutil.rmtree(aside, ignore_errors=True)


@contextmanager
def _recovered(aside: Path, to: datetime | None, from_url: str | None) -> Iterator[None]:
    """Have a database of that moment as the placement `aside`."""
    if from_url:
        with _placed(Placement(settings.with_driver(from_url), settings.with_driver(from_url))):
            yield
        return
    if to is not None and to > datetime.now(UTC):
        raise NotYet()
    backup = backups.newest_before(to)
    if backup is None:
        raise NoBackup()
    if to is not None and not backup.has_log:
        raise NoLog()
    postgres = _cluster_of(backup, aside, to)
    try:
        postgres.start()
        with _placed(Placement(*(settings.with_driver(postgres.url(role)) for role in (APP, OWNER)))):
            yield
    finally:
        postgres.stop()


def _cluster_of(backup: Backup, aside: Path, to: datetime | None) -> Postgres:
    """Copy the backup aside and tell the copy how far to go on from there."""
    live = backups.running_postgres()
    if to is not None:
        copying.hand_over_log(live)
    make_home(aside)
    scratch = Postgres(aside, durable=False, recovers=True)
    scratch.directory.mkdir()
    live.identity.own(scratch.directory).chmod(0o711)
    live.run(["cp", "-R", "-p", backup.data, scratch.data])
    shutil.copy(live.directory / "passwords.json", scratch.directory / "passwords.json")
    instructions = copying.recovery_instructions(live, to)
    live.identity.own(write_private(scratch.data / "recovery.signal", ""))
    configuration = scratch.data / "postgresql.auto.conf"
    live.identity.own(write_private(configuration, configuration.read_text() + instructions))
    return scratch


@contextmanager
def _placed(placement: Placement) -> Iterator[None]:
    before = settings.current()
    settings.use(replace(before, further_placements={**before.further_placements, _ASIDE: placement}))
    try:
        yield
    finally:
        database.dispose()
        settings.use(before)


def _read_out(slug: str, target: Path) -> None:
    """Pack the tenant as it was then, by whatever columns the registry and its schema had."""
    with database.transaction(platform_at(_ASIDE)) as session:
        query = text("SELECT to_jsonb(t) FROM platform.tenant t WHERE slug = :slug")
        known: dict[str, Any] | None = session.scalar(query, {"slug": slug})
    if known is None:
        raise NotThereThen(slug=slug)
    _refuse_erased(known["id"])
    stand = Stand(known["schema_name"], f"r_{known['schema_name']}", known["id"], _ASIDE)
    facts = {name: known[name] for name in writing.FACTS if name in known}
    writing.write(stand, target, facts=facts, revision=known["revision"])


def _refuse_erased(tenant_id: int) -> None:
    with database.transaction() as session:
        if session.get(purging.DeletionCertificate, tenant_id) is not None:
            raise Erased()
