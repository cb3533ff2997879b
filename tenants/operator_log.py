"""What operators did: lines of the platform's own audit trail, which can be added to and read, never changed."""

import uuid
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import BigInteger, Index, select
from sqlalchemy.dialects.postgresql import UUID, insert
from sqlalchemy.orm import Mapped, Session, mapped_column

from kernel import clock
from kernel.actors import Actor
from kernel.database import PlatformBase
from kernel.i18n import LazyText
from kernel.i18n import lazy_text as _l


class OperatorEvent(PlatformBase):
    """Somebody who runs the platform did `name` (past tense), from the network address `address`, to a tenant or to the whole.

    What a tenant did about operators, such as granting them access, stands here too, without an operator's name.
    """

    __tablename__ = "operator_event"
    __table_args__ = (Index("ix_operator_event_at", "at"), Index("ix_operator_event_tenant", "tenant_id", "at"))

    id: Mapped[uuid.UUID] = mapped_column(UUID(as_uuid=True), primary_key=True)
    at: Mapped[datetime]
    name: Mapped[str]
    operator_id: Mapped[int | None] = mapped_column(BigInteger)
    operator_name: Mapped[str]
    address: Mapped[str]
    tenant_id: Mapped[int | None] = mapped_column(BigInteger)
    data: Mapped[dict[str, Any]]


# What each line says; a name that is missing here fails a test.
SENTENCES: dict[str, LazyText] = {
    "operator.signed_in": _l("Signed in"),
    "operator.signed_out": _l("Signed out"),
    "tenant.created": _l("Created the tenant"),
    "tenant.suspended": _l("Suspended the tenant"),
    "tenant.resumed": _l("Resumed the tenant"),
    "tenant.closed": _l("Gave the tenant notice"),
    "tenant.reopened": _l("Took the notice back"),
    "tenant.counted": _l("Counted the tenant's usage"),
    "work.revived": _l("Tried given-up work again"),
    "migration.retried": _l("Tried a migration again"),
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
    address: str,
    tenant_id: int | None = None,
    event_id: uuid.UUID | None = None,
    **data: Any,
) -> None:
    """Write a line.  `session` stands on the home platform; a line with an `event_id` that is there already stays one."""
    values = {
        "id": event_id or uuid.uuid4(),
        "at": clock.now(),
        "name": name,
        "operator_id": operator.id if operator.kind == "operator" else None,
        "operator_name": operator.name,
        "address": address,
        "tenant_id": tenant_id,
        "data": data,
    }
    session.execute(insert(OperatorEvent).values(values).on_conflict_do_nothing())


def of_tenant(session: Session, tenant_id: int, *, limit: int = 50) -> Sequence[OperatorEvent]:
    """Return what happened to a tenant at the hands of operators, newest first."""
    query = select(OperatorEvent).where(OperatorEvent.tenant_id == tenant_id)
    return session.scalars(query.order_by(OperatorEvent.at.desc()).limit(limit)).all()
