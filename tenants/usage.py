"""Usage: what every tenant holds, counted once a night in one statement each and kept in the registry for the console."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ScalarSelect, exists, func, or_, select, update
from sqlalchemy.orm import Session

from kernel import clock, database, outbox
from kernel.events import Event
from kernel.files import StoredFile
from kernel.jobs import job
from kernel.outbox import OutboxRow
from tenants.models import StaffMember, State, Tenant

_AGAIN_AFTER = timedelta(hours=20)
_BATCH = 100
_RENTED = (State.LIVE, State.SUSPENDED, State.CLOSING)

_counted: dict[str, ScalarSelect[Any]] = {
    "seats": select(func.count()).select_from(StaffMember).where(StaffMember.is_active).scalar_subquery(),
    "storage_bytes": select(func.coalesce(func.sum(StoredFile.size), 0)).scalar_subquery(),
    "last_activity": select(func.max(Event.at)).scalar_subquery(),
}


def counts(name: str, figure: ScalarSelect[Any]) -> None:
    """Let a room have a figure of its own counted in every tenant (`tickets`, `customers`)."""
    _counted[name] = figure


def count(session: Session) -> dict[str, Any]:
    """Return the figures of the tenant in which the session stands: whole numbers, and moments in RFC 3339."""
    row = session.execute(select(*(figure.label(name) for name, figure in _counted.items()))).one()
    return {name: _plain(value) for name, value in row._mapping.items()}


def _plain(value: Any) -> Any:
    if isinstance(value, datetime):
        return value.isoformat()
    return int(value) if value is not None else None


def promise_due(session: Session) -> None:
    """Promise to count the tenants that were last counted a night ago, a hundred a job; `session` is on the home platform."""
    waiting = exists().where(OutboxRow.job == "tenants.count_usage", OutboxRow.done_at.is_(None), OutboxRow.dead_at.is_(None))
    is_old = or_(Tenant.usage_at.is_(None), Tenant.usage_at < clock.now() - _AGAIN_AFTER)
    due = select(Tenant.id).where(Tenant.state.in_(_RENTED), is_old, ~waiting).order_by(Tenant.id)
    ids = list(session.scalars(due))
    for start in range(0, len(ids), _BATCH):
        outbox.put(session, "tenants.count_usage", {"tenant_ids": ids[start : start + _BATCH]})


@job("tenants.count_usage")
def count_all(session: Session, *, tenant_ids: list[int]) -> None:
    """Count these tenants, each in a transaction of its own in its place; the registry is written at the end, at once."""
    tenants = session.scalars(select(Tenant).where(Tenant.id.in_(tenant_ids), Tenant.state.in_(_RENTED))).all()
    found: dict[int, Mapping[str, Any]] = {}
    for tenant in tenants:
        with database.transaction(tenant.stand) as inside:
            found[tenant.id] = count(inside)
    now = clock.now()
    for tenant_id, figures in found.items():
        session.execute(update(Tenant).where(Tenant.id == tenant_id).values(usage=figures, usage_at=now))
