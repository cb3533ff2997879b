"""The platform's trail: what was done to tenants, and to the installation as a whole, by whom and when."""

import uuid
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import BigInteger, Index, select
from sqlalchemy.dialects.postgresql import UUID
from sqlalchemy.orm import Mapped, Session, mapped_column

from kernel import clock, events, outbox
from kernel.actors import Actor
from kernel.database import PlatformBase


class TenantEvent(PlatformBase):
    """One line of the trail; the platform's role may add lines and read them, never change them.

    A line without a tenant is about the whole installation, such as a backup.  `data` holds no names of people.
    """

    __tablename__ = "tenant_event"
    __table_args__ = (Index("ix_tenant_event_tenant", "tenant_id", "at"), Index("ix_tenant_event_at", "at"))

    id: Mapped[uuid.UUID] = mapped_column(UUID(as_uuid=True), primary_key=True)
    at: Mapped[datetime]
    tenant_id: Mapped[int | None] = mapped_column(BigInteger)
    name: Mapped[str]
    actor_kind: Mapped[str]
    actor_id: Mapped[int | None] = mapped_column(BigInteger)
    actor_name: Mapped[str]
    data: Mapped[dict[str, Any]]


def record(
    session: Session,
    name: str,
    *,
    id: uuid.UUID | None = None,
    tenant_id: int | None = None,
    actor: Actor,
    **data: Any,
) -> TenantEvent:
    """Write down that `actor` did `name` (past tense, `tenant.suspended`).  `session` stands on the home platform.

    `id` names the line after its cause, for work that may run twice.
    """
    line = TenantEvent(
        id=id or uuid.uuid4(),
        at=clock.now(),
        tenant_id=tenant_id,
        name=name,
        actor_kind=actor.kind,
        actor_id=actor.id,
        actor_name=actor.name,
        data=_with_address(data, actor),
    )
    session.add(line)
    session.flush()
    return line


def _with_address(data: dict[str, Any], actor: Actor) -> dict[str, Any]:
    """Say also from where an operator did it; where a tenant's people came from is in the tenant's own trail."""
    address = events.came_from() if actor.kind == "operator" else ""
    return {**data, "address": address} if address else data


def record_and_tell(session: Session, name: str, *, tenant_id: int, actor: Actor, **data: Any) -> TenantEvent:
    """Write it down, and promise to write it into the tenant's own trail too, where its administrators see it."""
    line = record(session, name, tenant_id=tenant_id, actor=actor, **data)
    outbox.put(session, "tenants.tell_house", {"line_id": str(line.id)})
    return line


def of_tenant(session: Session, tenant_id: int, *, limit: int = 100) -> Sequence[TenantEvent]:
    """Return what was done to a tenant, newest first."""
    query = select(TenantEvent).where(TenantEvent.tenant_id == tenant_id)
    return session.scalars(query.order_by(TenantEvent.at.desc(), TenantEvent.id).limit(limit)).all()


def former_slugs(session: Session, tenant_id: int) -> Sequence[str]:
    """Return the addresses that a tenant has moved away from."""
    moved = select(TenantEvent.data["before"].astext).where(TenantEvent.tenant_id == tenant_id)
    return session.scalars(moved.where(TenantEvent.name == "tenant.renamed", TenantEvent.data.has_key("before"))).all()


# How a tenant of an archive began.
ARRIVALS = ("tenant.imported", "tenant.restored")


def arrival(session: Session, tenant_id: int) -> TenantEvent | None:
    """Return the line that says which archive a tenant was made of, if it was."""
    came = select(TenantEvent).where(TenantEvent.tenant_id == tenant_id, TenantEvent.name.in_(ARRIVALS))
    return session.scalars(came.order_by(TenantEvent.at).limit(1)).first()


def latest(session: Session, *, names: Sequence[str] = (), limit: int = 100) -> Sequence[TenantEvent]:
    """Return the newest lines of the whole platform, those of `names` alone when any are given."""
    query = select(TenantEvent).order_by(TenantEvent.at.desc(), TenantEvent.id).limit(limit)
    return session.scalars(query.where(TenantEvent.name.in_(names)) if names else query).all()


# What is done to keep a restore possible, and to see that it is: the drill log.
DRILLS = ("backup.made", "backup.failed", "tenant.restored", "restore.failed")


def drills(session: Session, *, limit: int = 100) -> Sequence[TenantEvent]:
    """Return the backups and restores, newest first."""
    return latest(session, names=DRILLS, limit=limit)
