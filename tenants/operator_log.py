"""What operators did, as lines of the platform's trail (`tenants.trail`), and what each line says in words."""

import uuid

from sqlalchemy.orm import Session

from kernel.actors import Actor
from kernel.i18n import LazyText
from kernel.i18n import lazy_text as _l
from tenants import trail
from tenants.trail import TenantEvent as TenantEvent

# A name that is missing here is shown as it is, and a test finds it.
SENTENCES: dict[str, LazyText] = {
    "operator.signed_in": _l("Signed in"),
    "operator.signed_out": _l("Signed out"),
    "tenant.created": _l("Created the tenant"),
    "tenant.suspended": _l("Suspended the tenant"),
    "tenant.resumed": _l("Resumed the tenant"),
    "tenant.closing": _l("Gave the tenant notice"),
    "tenant.reopened": _l("Took the notice back"),
    "tenant.renamed": _l("Moved the tenant to another address"),
    "tenant.purge_begun": _l("Began to erase the tenant"),
    "tenant.purged": _l("Erased the tenant"),
    "tenant.restored": _l("Restored the tenant beside the living one"),
    "tenant.imported": _l("Made the tenant of an export"),
    "tenant.exported": _l("Exported the tenant"),
    "tenant.counted": _l("Counted the tenant's usage"),
    "work.revived": _l("Tried given-up work again"),
    "migration.retried": _l("Tried a migration again"),
    "backup.made": _l("Made a backup"),
    "backup.failed": _l("A backup failed"),
    "restore.failed": _l("A restore failed"),
    "access_pass.granted": _l("The tenant granted access"),
    "access_pass.ended": _l("The tenant ended the access"),
    "access_pass.taken": _l("Took a link to the tenant's desk"),
    "access_pass.used": _l("Entered the tenant's desk"),
}


def record(
    session: Session,
    name: str,
    *,
    operator: Actor,
    tenant_id: int | None = None,
    event_id: uuid.UUID | None = None,
    **data: object,
) -> None:
    """Write a line.  `session` stands on the home platform; a line with an `event_id` that is there already stays one."""
    if event_id is None or session.get(TenantEvent, event_id) is None:
        trail.record(session, name, id=event_id, tenant_id=tenant_id, actor=operator, **data)
