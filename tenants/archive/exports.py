"""Exports that a tenant asks for: promised, made by a worker, kept for a week, fetched by administrators."""

import shutil
import uuid
from collections.abc import Sequence
from datetime import timedelta
from pathlib import Path

from sqlalchemy import select
from sqlalchemy.orm import Session

from kernel import clock, database, events, outbox, settings
from kernel.actors import Actor
from kernel.errors import DomainError, NotFound
from kernel.i18n import lazy_text as _l
from kernel.tenancy import Stand
from tenants import audit, trail
from tenants.archive import writing
from tenants.archive.models import DataExport
from tenants.archive.packing import Receipt
from tenants.archive.writing import Progress
from tenants.models import Tenant
from tenants.registry import TenantFacts

# How long a finished export can be fetched.
KEPT_FOR = timedelta(days=7)
# An export that has not come by then is given up, and another may be asked for.
PATIENCE = timedelta(days=2)
_SHOWN = 10


class ExportUnderWay(DomainError):
    status = 409
    message = _l("An export is being made already. You get an e-mail as soon as it is ready.")


class ExportExpired(DomainError):
    status = 410
    message = _l("This export has expired. Ask for a new one: it takes a moment.")


def ask(session: Session, *, actor: Actor) -> DataExport:
    """Promise an export of everything to `actor`, a member of staff.  Raises `ExportUnderWay`."""
    if under_way(latest(session)):
        raise ExportUnderWay()
    export = DataExport(key=uuid.uuid4(), asked_by=actor.id or 0, asked_at=clock.now())
    session.add(export)
    events.record(session, "data_export.asked", export, actor=actor)
    outbox.put(session, "archive.export", {"export_id": export.id})
    return export


def latest(session: Session) -> Sequence[DataExport]:
    """Return the latest exports, newest first."""
    return session.scalars(select(DataExport).order_by(DataExport.asked_at.desc(), DataExport.id.desc()).limit(_SHOWN)).all()


def under_way(known: Sequence[DataExport]) -> DataExport | None:
    """Return the one of these that is being made, if any."""
    since = clock.now() - PATIENCE
    return next((export for export in known if not export.is_ready and export.asked_at > since), None)


def fetch(session: Session, key: uuid.UUID) -> tuple[DataExport, Path]:
    """Return a finished export and its file.  Raises `NotFound` or `ExportExpired`."""
    export = session.scalar(select(DataExport).where(DataExport.key == key))
    if export is None or not export.is_ready:
        raise NotFound()
    path = path_of(database.stand_of(session), export)
    if export.is_expired or not path.exists():
        raise ExportExpired()
    return export, path


def note_download(session: Session, export: DataExport, *, actor: Actor) -> None:
    """Write down that somebody has taken everything with them."""
    events.record(session, "data_export.downloaded", export, actor=actor, sha256=export.sha256)


def folder_of(stand: Stand) -> Path:
    return settings.current().home / "exports" / stand.schema


def path_of(stand: Stand, export: DataExport) -> Path:
    return folder_of(stand) / f"{export.key}.zip"


def clear_folder(stand: Stand) -> int:
    """Remove every export of a tenant from disk; return how many there were."""
    folder = folder_of(stand)
    count = len(list(folder.glob("*.zip"))) if folder.exists() else 0
    shutil.rmtree(folder, ignore_errors=True)
    return count


def seal_trail(stand: Stand) -> None:
    """Let the trail leave with all its seals, so that it needs none on trust where it arrives."""
    with database.transaction(stand) as session:
        audit.seal(session)


def write_for_operator(facts: TenantFacts, target: Path, *, actor: Actor, progress: Progress) -> Receipt:
    """Write a tenant's archive to a file of the operator's choice, and put that on record on both sides."""
    with database.transaction() as session:
        tenant = session.get_one(Tenant, facts.id)
        known, revision = writing.facts_of(tenant), tenant.revision
    seal_trail(facts.stand)
    receipt = writing.write(facts.stand, target, facts=known, revision=revision, progress=progress)
    with database.transaction() as session:
        done = {"sha256": receipt.sha256, "rows": receipt.rows, "files": receipt.files}
        trail.record_and_tell(session, "tenant.exported", tenant_id=facts.id, actor=actor, **done)
    return receipt
