"""Making the exports that were asked for, and forgetting them."""

import time
from typing import Any

from sqlalchemy import update
from sqlalchemy.orm import Session

from kernel import clock, database, events, outbox
from kernel.actors import SYSTEM
from kernel.jobs import job
from tenants.archive import exports, importing, writing
from tenants.archive.models import DataExport
from tenants.models import Tenant

_SHOW_EVERY_SECONDS = 0.5


@job("archive.export")
def make(session: Session, *, export_id: int) -> None:
    """Pack everything; killed half-way it begins again, and a file that is there is always whole."""
    export = session.get(DataExport, export_id)
    if export is None or export.is_ready:
        return
    stand = database.stand_of(session)
    with database.transaction() as platform:
        tenant = platform.get_one(Tenant, stand.tenant_id)
        facts, revision = writing.facts_of(tenant), tenant.revision
    exports.seal_trail(stand)
    database.be_patient(session)
    target = exports.path_of(stand, export)
    receipt = writing.write(stand, target, facts=facts, revision=revision, progress=_Shown(session, export_id))
    export.size, export.sha256 = receipt.size, receipt.sha256
    export.ready_at, export.expires_at = clock.now(), clock.now() + exports.KEPT_FOR
    events.record(session, "data_export.ready", export, actor=SYSTEM, rows=receipt.rows, files=receipt.files)
    outbox.put(session, "archive.expire", {"export_id": export.id}, due_at=export.expires_at)


class _Shown:
    """Writes down how far an export is, now and then, where the page looks."""

    def __init__(self, session: Session, export_id: int) -> None:
        self.session, self.export_id, self.shown_at = session, export_id, 0.0

    def __call__(self, done: int, of: int) -> None:
        now = time.monotonic()
        if now - self.shown_at < _SHOW_EVERY_SECONDS and done < of:
            return
        self.shown_at = now
        with database.transaction(database.stand_of(self.session)) as session:
            progress = update(DataExport).where(DataExport.id == self.export_id)
            session.execute(progress.values(done=done, total=of))


@job("archive.expire")
def expire(session: Session, *, export_id: int) -> None:
    if export := session.get(DataExport, export_id):
        exports.path_of(database.stand_of(session), export).unlink(missing_ok=True)


@job("archive.settle_in")
def settle_in(session: Session, **facts: Any) -> None:
    importing.settle_in(session, **facts)
