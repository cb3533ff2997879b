"""The pool of spares: schemas built beforehand, so that signing up is a matter of milliseconds."""

import secrets
from collections.abc import Callable
from datetime import timedelta
from functools import cache
from typing import Any

from sqlalchemy import Select, bindparam, delete, exists, func, select, update
from sqlalchemy.orm import Session, aliased
from sqlalchemy.sql.dml import ReturningUpdate

from kernel import clock, database, logs, settings
from kernel.owners import OwnerConnection
from kernel.tenancy import Stand, platform_at
from tenants import migrations
from tenants.models import HostName, SchemaRevision, State, Tenant
from tenants.provisioning.building import RecipeChanged, Show, build
from tenants.provisioning.tearing_down import tear_down

# Between two small transactions of the keeper, which is in no hurry.
_PAUSE_SECONDS = 0.1
_GRACE = timedelta(days=30)
_SPOILT = "Its schema was furnished by a process that did not live to register it."
_COUNTING = 0x46444D33
_COMING = (State.BUILDING, State.SPARE)
_log = logs.get(__name__)


def claim(session: Session, placement: str, *, host: str = "", **facts: Any) -> tuple[Tenant, bool] | None:
    """Give a spare of this database these facts; everybody else skips it until the transaction ends.

    Return it, and whether its schema was marked as somebody's as well (see `take`), which one statement can do in the home of
    the registry alone.  Nothing when no spare is left, or when `host` is where somebody was to be found a short while ago.
    """
    found = session.execute(_claiming(tuple(facts)), {**facts, "host": host, "place": placement, "now": clock.now()})
    row = found.one_or_none()
    return (row[0], row[1]) if row else None


@cache
def _claiming(names: tuple[str, ...]) -> Select[Tenant, bool]:
    """Return the statement that claims a spare and writes these columns; to put it together takes longer than to send it."""
    spare = select(Tenant.id).where(Tenant.state == State.SPARE, Tenant.placement == bindparam("place"))
    spare = spare.where(~exists().where(HostName.host == bindparam("host")))
    # Those at head first; the others serve as well, as every release serves the revision before its own.
    spare = spare.order_by(Tenant.revision.desc(), Tenant.id).limit(1).with_for_update(skip_locked=True)
    written: dict[str, Any] = {"state_at": bindparam("now"), **{name: bindparam(name) for name in names}}
    claimed = update(Tenant).where(Tenant.id == spare.scalar_subquery()).values(written)
    row = claimed.returning(*Tenant.__table__.columns).cte("claimed")
    taken = _mark_as_taken(select(row.c.schema_name).scalar_subquery()).cte("taken")
    return select(aliased(Tenant, row), exists(select(taken.c.schema_name)))


def take(session: Session, schema: str) -> bool:
    """Mark a schema as somebody's, in the transaction that furnishes it; whether it was nobody's before.

    `session` stands on the platform of the schema's database.  One that is taken but still a spare was furnished for a tenant
    whose registry entry was never kept: it must not be given to another.
    """
    return session.scalar(_mark_as_taken(schema)) is not None


def _mark_as_taken(schema: Any) -> ReturningUpdate[tuple[str]]:
    mark = update(SchemaRevision).where(SchemaRevision.schema_name == schema, ~SchemaRevision.is_taken)
    return mark.values(is_taken=True).returning(SchemaRevision.schema_name)


def add_spare(placement: str, show: Show = lambda done, of: None) -> None:
    """Build one spare now, at full speed."""
    with OwnerConnection(placement) as connection:
        _build(connection, _reserve(placement), show)


def keep_spares(wanted: int, *, show: Callable[[int], None] = lambda built: None, pause_seconds: float = _PAUSE_SECONDS) -> int:
    """Finish or throw away what killed builders left, and build until every database has so many; return how many it built."""
    built = 0
    for placement in settings.current().placements:
        with OwnerConnection(placement) as connection:
            _tidy(placement)
            for stand in _begun(placement):
                built += _build(connection, stand, pause_seconds=pause_seconds)
                show(built)
            while stand_or_none := _reserve_if_fewer(placement, wanted):
                built += _build(connection, stand_or_none, pause_seconds=pause_seconds)
                show(built)
    return built


def _reserve(placement: str) -> Stand:
    with database.transaction() as session:
        return _add_row(session, placement)


def _reserve_if_fewer(placement: str, wanted: int) -> Stand | None:
    query = select(func.count(Tenant.id)).where(Tenant.state.in_(_COMING), Tenant.placement == placement)
    with database.transaction() as session:
        session.scalar(select(func.pg_advisory_xact_lock(_COUNTING)))
        return _add_row(session, placement) if (session.scalar(query) or 0) < wanted else None


def _add_row(session: Session, placement: str) -> Stand:
    now = clock.now()
    row = Tenant(
        schema_name=f"t_{secrets.token_hex(6)}",
        name="",
        state=State.BUILDING,
        revision="",
        locale="en",
        time_zone="UTC",
        placement=placement,
        created_at=now,
        state_at=now,
    )
    session.add(row)
    session.flush()
    return row.stand


def _begun(placement: str) -> list[Stand]:
    query = select(Tenant).where(Tenant.state == State.BUILDING, Tenant.placement == placement).order_by(Tenant.id)
    with database.transaction() as session:
        return [tenant.stand for tenant in session.scalars(query)]


def _build(connection: OwnerConnection, stand: Stand, show: Show = lambda done, of: None, pause_seconds: float = 0) -> int:
    """Build a reserved schema and make it a spare; return how many that makes (none when it was thrown away)."""
    try:
        build(connection, stand, show, pause_seconds=pause_seconds)
    except RecipeChanged as changed:
        if not changed.is_newer:
            _throw_away(stand)
        return 0
    ready = update(Tenant).where(Tenant.id == stand.tenant_id, Tenant.state == State.BUILDING)
    with database.transaction() as session:
        session.execute(ready.values(state=State.SPARE, revision=migrations.head("tenant"), state_at=clock.now()))
    return 1


def _throw_away(stand: Stand) -> None:
    """Take down what was never finished; its row stays locked meanwhile and goes last, so that a kill leaves it to be found."""
    unwanted = select(Tenant.id).where(Tenant.id == stand.tenant_id, Tenant.state == State.BUILDING)
    with database.transaction() as session:
        if session.scalar(unwanted.with_for_update(skip_locked=True)) is None:
            return
        _log.info("half a schema thrown away", schema=stand.schema)
        tear_down(stand)
        session.execute(delete(Tenant).where(Tenant.id == stand.tenant_id))


def set_aside_if_spoilt(stand: Stand) -> None:
    """Give a spare notice whose schema is somebody's already, or missing; one that is being claimed is let be.

    It is purged after the same grace as any tenant: should the registry be restored from a backup older than the other
    databases, what it takes for a spare may be a tenant's house.
    """
    with database.transaction(platform_at(stand.placement)) as session:
        is_taken = session.scalar(select(SchemaRevision.is_taken).where(SchemaRevision.schema_name == stand.schema))
    if is_taken is False:
        return
    spare = select(Tenant).where(Tenant.id == stand.tenant_id, Tenant.state == State.SPARE)
    with database.transaction() as session:
        row = session.scalar(spare.with_for_update(skip_locked=True))
        if row is not None:
            _log.error("a spare is somebody's already", schema=stand.schema)
            row.state, row.state_reason, row.state_at = State.CLOSING, _SPOILT, clock.now()
            row.purge_at = clock.now() + _GRACE


def _tidy(placement: str) -> None:
    """Set spoilt spares aside, and take schemas down that are nobody's: two builders may have been at odds over one."""
    spares = select(Tenant).where(Tenant.placement == placement, Tenant.state == State.SPARE)
    with database.transaction() as session:
        stands = [tenant.stand for tenant in session.scalars(spares)]
    for stand in stands:
        set_aside_if_spoilt(stand)
    for schema in _nobodys(placement):
        tear_down(Stand(schema, f"r_{schema}", placement=placement))


def _nobodys(placement: str) -> set[str]:
    # In this order: a schema is registered before it is begun.
    with database.transaction(platform_at(placement)) as session:
        unused = set(session.scalars(select(SchemaRevision.schema_name).where(~SchemaRevision.is_taken)))
    with database.transaction() as session:
        return unused - set(session.scalars(select(Tenant.schema_name).where(Tenant.schema_name.in_(unused))))
