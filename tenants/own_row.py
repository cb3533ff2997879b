"""A tenant's own row of the registry, changed by its administrators: locked, compared with what they saw, written down."""

import hashlib
import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from kernel import database, events
from kernel.actors import Actor
from kernel.errors import StaleEdit
from kernel.settings import HOME_PLACEMENT
from kernel.tenancy import PLATFORM
from tenants import registry
from tenants.models import Tenant


class House:
    """The tenant as the subject of its own events."""

    def __init__(self, id: int) -> None:
        self.id = id
        self.__tablename__ = "tenant"


def house(session: Session) -> House:
    return House(database.stand_of(session).tenant_id or 0)


@contextmanager
def at_home(session: Session) -> Iterator[Session]:
    """Stand on the registry's platform for a while, in the same transaction where the tenant lives in the same database.

    A tenant that lives elsewhere gets a transaction of its own there, which is kept when the block ends well: a process
    that dies between the two commits leaves a change without its line in the audit trail, and never a line without its change.
    """
    here = database.stand_of(session)
    if here.placement != HOME_PLACEMENT:
        with database.transaction(PLATFORM) as home:
            yield home
        return
    database.move(session, PLATFORM)
    try:
        yield session
        session.flush()
    finally:
        if session.is_active:
            database.move(session, here)


def read(session: Session, names: tuple[str, ...]) -> dict[str, Any]:
    """Return columns of the tenant's own row as they are now, whatever this process remembers."""
    tenant_id = database.stand_of(session).tenant_id
    with at_home(session) as home:
        row = home.execute(select(*(getattr(Tenant, name) for name in names)).where(Tenant.id == tenant_id)).one()
        return dict(row._mapping)


def version(values: Mapping[str, Any]) -> str:
    """Return what stands for these values in a form, so that an edit of others can be told."""
    return hashlib.sha256(json.dumps(values, sort_keys=True, default=str).encode()).hexdigest()[:20]


def change(session: Session, name: str, *, values: dict[str, Any], seen: str | None, actor: Actor) -> dict[str, list[Any]]:
    """Change the tenant's own row, record `name` with what was before and after, and return that.

    `seen` is the `version` of the same columns that the form was opened with; none to overwrite whatever is there.  Raises
    `StaleEdit`.  Where nothing changes nothing is recorded.
    """
    tenant_id = database.stand_of(session).tenant_id
    with at_home(session) as home:
        row = home.scalars(select(Tenant).where(Tenant.id == tenant_id).with_for_update()).one()
        before = {column: getattr(row, column) for column in values}
        if seen is not None and version(before) != seen:
            raise StaleEdit()
        changes = {column: [before[column], value] for column, value in values.items() if before[column] != value}
        for column in changes:
            setattr(row, column, values[column])
    if changes:
        events.record(session, name, house(session), actor=actor, changes=changes)
        with at_home(session) as home:
            registry.changed(home)
    return changes
