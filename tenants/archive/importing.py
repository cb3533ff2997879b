"""Importing: a tenant made of an archive, complete before anybody can see it."""

import uuid
from typing import Any

from sqlalchemy.orm import Session

from kernel import database, jobs, outbox
from kernel.actors import SYSTEM
from kernel.outbox import OutboxRow
from kernel.tenancy import platform_at
from tenants import audit, provisioning, registry, trail
from tenants.archive import reading
from tenants.archive.reading import Archive
from tenants.archive.writing import Progress
from tenants.provisioning import SlugTaken
from tenants.registry import TenantFacts
from tenants.trail import TenantEvent

# Given to the new tenant when it is made; the other facts follow when it settles in.
_FIRST_FACTS = ("name", "locale", "time_zone", "brand_color", "phone")
_LATER_FACTS = ("languages", "modules_off", "branding", "template")
_OURS = uuid.UUID("5f6f2a0c-6c1e-4e0b-9a53-6a1f6a0a8f11")
# By the job that does it: which promises of work at a later hour it makes again.
_rooms_work: dict[str, tuple[str, ...]] = {}


def after_import(job: str, *, renews: tuple[str, ...] = ()) -> None:
    """Name a job without arguments that must run where an archive was imported: an index to build, promises to make again.

    `renews` names the jobs that it promises: promises themselves do not travel, and a test asks after every one of them.
    """
    _rooms_work[job] = renews


def renewed() -> set[str]:
    """Return the jobs whose promises are made again after an import."""
    return {job for renews in _rooms_work.values() for job in renews}


def import_as(
    slug: str, archive: Archive, *, event: str = "tenant.imported", progress: Progress = lambda done, of: None
) -> TenantFacts:
    """Make the tenant `slug` of an archive; `event` is what the platform's trail calls it.

    Its rows and the promise to settle in are one transaction; then the doors open.  Killed at any moment, the same call goes
    on where it was.  Raises `SlugTaken` where a tenant lives that did not come from this archive.
    """
    mark = uuid.uuid5(_OURS, f"{slug} {archive.sha256}")

    def furnish(session: Session) -> None:
        reading.load(session, archive, progress=progress)
        # Whoever made the archive vouches for its trail; from here on any change shows, and the platform's line says so.
        trusted = audit.seal(session, is_trusted=True)
        facts = {name: archive.facts[name] for name in _LATER_FACTS if name in archive.facts}
        work = {"line_id": str(mark), "event": event, "sha256": archive.sha256, "rows": archive.rows, "facts": facts}
        work["sealed"] = {"sealed_on_trust": trusted, "entries": audit.entries(session)}
        outbox.put(session, "archive.settle_in", work, id=mark)

    try:
        provisioning.create_tenant(slug, **{name: archive.facts[name] for name in _FIRST_FACTS}, furnish=furnish)
    except SlugTaken:
        if not _came_from_here(slug, mark):
            raise
    arrived = registry.find(slug)
    assert arrived is not None, "it has just opened"
    jobs.keep(mark, arrived.stand.placement)
    registry.forget()
    return registry.find(slug) or arrived


def _came_from_here(slug: str, mark: uuid.UUID) -> bool:
    """Whether the tenant at `slug` is our own work, interrupted after its doors had opened."""
    facts = registry.find(slug)
    if facts is None:
        return False
    with database.transaction(platform_at(facts.stand.placement)) as session:
        row = session.get(OutboxRow, mark)
        return row is not None and row.tenant_id == facts.id


def settle_in(
    session: Session,
    *,
    line_id: str,
    event: str,
    sha256: str,
    rows: int,
    facts: dict[str, Any],
    sealed: dict[str, int] | None = None,
) -> None:
    """Tell the registry what else came along and promise the rooms' own work; runs where the archive was imported."""
    tenant_id = database.stand_of(session).tenant_id
    with database.transaction() as platform:
        if platform.get(TenantEvent, uuid.UUID(line_id)) is None:
            line = {"sha256": sha256, "rows": rows, **(sealed or {})}
            trail.record(platform, event, id=uuid.UUID(line_id), tenant_id=tenant_id, actor=SYSTEM, **line)
            registry.set_facts(platform, tenant_id or 0, **facts)
    for job in _rooms_work:
        outbox.put(session, job, {})
