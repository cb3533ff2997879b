"""Trying again to bring one schema to head, for an operator who has mended what was in its way."""

from contextlib import closing

from sqlalchemy.orm import Session

from kernel import outbox
from kernel.errors import NotFound
from kernel.jobs import job
from kernel.owners import OwnerConnection
from tenants import registry
from tenants.migrations import head, ledger, running
from tenants.models import Tenant


def promise(session: Session, tenant_id: int) -> None:
    """Promise another try at a schema that is behind; a worker makes it, as the schemas' owner.  Raises `NotFound`."""
    if tenant_id not in {row.id for row in registry.behind(session, head("tenant"))}:
        raise NotFound()
    outbox.put(session, "tenants.migrate_again", {"tenant_id": tenant_id})


@job("tenants.migrate_again")
def migrate_again(session: Session, *, tenant_id: int) -> None:
    """Take the steps that the schema lacks, in one transaction, and let the registry know how far it has come."""
    stand = session.get_one(Tenant, tenant_id).stand
    with closing(OwnerConnection(stand.placement)) as connection:
        running.migrate_tenant(connection, stand)
    ledger.refreshed()
