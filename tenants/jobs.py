"""What the platform has promised to do about tenants, at once or at a later hour."""

import uuid
from datetime import datetime

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from kernel import database, events
from kernel.actors import SYSTEM, Actor
from kernel.events import Event
from kernel.jobs import job
from tenants import purging, registry
from tenants.models import HostName, State, Tenant
from tenants.trail import TenantEvent

_STILL_THERE = (State.LIVE, State.SUSPENDED, State.CLOSING)


@job("tenants.tell_house")
def tell_house(session: Session, *, line_id: str) -> None:
    """Write a line of the platform's trail into the tenant's own, once, wherever the tenant lives."""
    line = session.get(TenantEvent, uuid.UUID(line_id))
    tenant = session.get(Tenant, line.tenant_id) if line else None
    if line is None or tenant is None or tenant.state not in _STILL_THERE:
        return
    with database.transaction(tenant.stand) as house:
        told = select(Event.id).where(Event.subject_type == "tenant", Event.data["line_id"].astext == line_id)
        if house.scalar(told.limit(1)) is None:
            actor = Actor(kind=line.actor_kind, id=line.actor_id, name=line.actor_name)  # type: ignore[arg-type]
            events.record(house, line.name, tenant, actor=actor, **line.data, line_id=line_id)


@job("tenants.purge")
def purge_when_due(session: Session, *, tenant_id: int, purge_at: str) -> None:
    """Erase a tenant at the end of its grace, unless it was reopened, or given notice anew, since this was promised."""
    tenant = session.get(Tenant, tenant_id)
    if tenant is None:
        return
    is_meant = tenant.state == State.CLOSING and tenant.purge_at == datetime.fromisoformat(purge_at)
    if is_meant or tenant_id in purging.unfinished(session):
        purging.purge(tenant_id, actor=SYSTEM)


@job("tenants.free_address")
def free_address(session: Session, *, host: str, tenant_id: int, since: str) -> None:
    """Let a former address go: nobody answers there from now on, and anybody may have it."""
    former = (HostName.host == host) & (HostName.tenant_id == tenant_id) & (HostName.kind == "former")
    gone = delete(HostName).where(former, HostName.created_at == datetime.fromisoformat(since)).returning(HostName.host)
    if session.scalar(gone) is not None:
        registry.changed(session)
