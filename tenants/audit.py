"""The audit trail, sealed by a chain of digests whose end is kept outside the tenant's schema.

Whoever writes an event only adds a row.  A job numbers the new rows afterwards and chains them; what safety hangs on is
chained by the transaction that writes it.  Each digest covers the event, its number and the digest before.  What is changed,
taken out, put in or moved afterwards no longer fits.
"""

import hashlib
import uuid
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import Any

from sqlalchemy import func, select, text
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from kernel import clock, database, events, jobs, outbox
from kernel.events import Event
from kernel.jobs import job
from kernel.outbox import OutboxRow
from kernel.tenancy import Stand, platform_at
from tenants import own_row, trail
from tenants.models import AuditAnchor, AuditSeal

# A seal is made so long after the first new event, for all that came meanwhile.
_GATHER = timedelta(seconds=10)
# These are sealed by the transaction that writes them: who may do what, and how the house is set up.
_SEALED_AT_ONCE = ("staff_member.", "staff_role.", "tenant.", "domain.", "access_pass.", "data_export.", "records.")
# No transaction of ours lasts as long: an event that is older than this when the chain goes on and not in it was put in.
_SLOWEST = timedelta(minutes=15)
_AT_ONCE = 2000
_MOST_FAULTS = 100

# What a seal covers of an event, in one text that does not depend on settings; old rows have no address.
_CONTENT = """jsonb_build_array(e.id, to_char(e.at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US'), e.name, e.subject_type,
    e.subject_id, e.actor_kind, e.actor_id, e.actor_name, e.data, coalesce(e.address, ''))::text"""
_CONTENT_DIGEST = f"encode(sha256(convert_to({_CONTENT}, 'UTF8')), 'hex')"


def _link(before: str, number: int, content_digest: str) -> str:
    return hashlib.sha256(f"{before}|{number}|{content_digest}".encode()).hexdigest()


def seal(session: Session, *, is_trusted: bool = False) -> int:
    """Chain the events that are not yet sealed, keep the chain's end on the platform, and return how many there were.

    Only events with a twin in the outbox are sealed: a row that somebody slipped into the table has none, stays outside the
    chain and is found.  `is_trusted` seals whatever there is, as the very first seal does: for a schema that was just filled
    from an archive.
    """
    session.execute(select(func.pg_advisory_xact_lock(*_chain_of(session))))
    end, sealed = _end(session), 0
    knows_all = is_trusted or end is None
    for rows in _unsealed(session, None if knows_all else _swept_at(session, end) - _SLOWEST):
        sealed += len(links := list(_links(end, rows if knows_all else _with_a_twin(session, rows))))
        end = _put_on(session, links) or end
    if end is not None:
        _anchor(session, end, is_sweep=True)
    return sealed


def _chain_of(session: Session) -> tuple[Any, Any]:
    """Return the key of a lock: two must not continue the chain at once.  Writers of most events do not wait for it."""
    return func.hashtext("audit_seal"), func.hashtext(database.stand_of(session).schema)


def _put_on(session: Session, links: list[dict[str, Any]]) -> AuditSeal | None:
    """Lengthen the chain, and return its new end if there is one."""
    if not links:
        return None
    session.execute(insert(AuditSeal), links)
    return AuditSeal(**links[-1])


def _swept_at(session: Session, end: AuditSeal | None) -> datetime:
    """Return up to when all events were looked at, and not just some sealed at once."""
    kept = _kept(session)
    return min(one.at if isinstance(one, AuditAnchor) else one.sealed_at for one in (kept, end) if one is not None)


def expect_no_chain(session: Session) -> None:
    """Leave what happens in this transaction to the job: a house that is being furnished has no chain that could go on.

    To find that out by asking would take a sign-up two more round trips.
    """
    session.info["has no chain"] = True


def _seal_at_once(session: Session, event: Event) -> None:
    """Let an event that safety hangs on be sealed as the last thing of its transaction: no moment is left to lose it in."""
    if event.name.startswith(_SEALED_AT_ONCE) and not session.info.get("has no chain"):
        stand = database.stand_of(session)
        session.info.setdefault(f"sealed at once {stand.schema}", []).append(event.id)
        database.before_commit(session, f"audit.seal {stand.schema}", lambda there: _seal_the_new(there, stand))


def _seal_the_new(session: Session, stand: Stand) -> None:
    """Seal this transaction's own events; where the chain is being continued, or not yet begun, leave it to the job."""
    database.move(session, stand)
    if not session.scalar(select(func.pg_try_advisory_xact_lock(*_chain_of(session)))):
        return
    query = text(
        f"SELECT e.id, {_CONTENT_DIGEST} FROM event e WHERE e.id = ANY(:ids)"
        " AND NOT EXISTS (SELECT FROM audit_seal WHERE event_id = e.id) ORDER BY e.at, e.id"
    )
    if end := _end(session):
        rows = session.execute(query, {"ids": session.info.pop(f"sealed at once {stand.schema}", [])}).all()
        if longer := _put_on(session, list(_links(end, [(row[0], row[1]) for row in rows]))):
            _anchor(session, longer)


events.when_recorded(_seal_at_once)


def _end(session: Session) -> AuditSeal | None:
    return session.scalars(select(AuditSeal).order_by(AuditSeal.number.desc()).limit(1)).first()


Unsealed = list[tuple[uuid.UUID, str]]


def _unsealed(session: Session, since: datetime | None) -> Iterator[Unsealed]:
    """Return events without a seal and the digests of what they say, oldest first, some thousands at a time."""
    at, last_id = since or datetime.min.replace(tzinfo=UTC), uuid.UUID(int=0)
    query = text(
        f"SELECT e.id, {_CONTENT_DIGEST}, e.at FROM event e JOIN ("
        " SELECT id FROM event WHERE at >= :at AND (at, id) > (:at, :id)"
        " AND NOT EXISTS (SELECT FROM audit_seal WHERE event_id = event.id)"
        f" ORDER BY at, id LIMIT {_AT_ONCE}) AS next ON next.id = e.id ORDER BY e.at, e.id"
    )
    while rows := session.execute(query, {"at": at, "id": last_id}).all():
        at, last_id = rows[-1].at, rows[-1].id
        yield [(row[0], row[1]) for row in rows]


def _links(end: AuditSeal | None, rows: Unsealed) -> Iterator[dict[str, Any]]:
    """Return the next links of the chain that ends in `end`, one for each event."""
    number, before, now = (end.number, end.digest, clock.now()) if end else (0, "", clock.now())
    for event_id, content in rows:
        number, before = number + 1, _link(before, number + 1, content)
        yield {"number": number, "event_id": event_id, "digest": before, "sealed_at": now}


def _with_a_twin(session: Session, rows: Unsealed) -> Unsealed:
    stand = database.stand_of(session)
    database.move(session, platform_at(stand.placement))
    ids = [event_id for event_id, _content in rows]
    twins = set(session.scalars(select(OutboxRow.id).where(OutboxRow.id.in_(ids), OutboxRow.tenant_role == stand.role)))
    database.move(session, stand)
    return [row for row in rows if row[0] in twins]


def _anchor(session: Session, end: AuditSeal, *, is_sweep: bool = False) -> None:
    """Keep the chain's end where no tenant's role comes; its `at` moves on when all events have been looked at."""
    stand = database.stand_of(session)
    values: dict[str, Any] = {"number": end.number, "digest": end.digest}
    kept = insert(AuditAnchor).values(tenant_id=stand.tenant_id, at=end.sealed_at, **values)
    values |= {"at": end.sealed_at} if is_sweep else {}
    database.move(session, platform_at(stand.placement))
    session.execute(kept.on_conflict_do_update(index_elements=["tenant_id"], set_=values))
    database.move(session, stand)


def entries(session: Session) -> int:
    """Return how many entries the chain has: the number of its last."""
    end = _end(session)
    return end.number if end else 0


@job("audit.seal")
def _seal(session: Session) -> None:
    seal(session)


def promise_seal(session: Session) -> None:
    """Let the present tenant's trail be sealed soon (housekeeping; after every event it happens by itself)."""
    outbox.put(session, "audit.seal", {})


def seal_soon(session: Session, told: OutboxRow) -> None:
    """Promise a seal for an event that is being told, one for all that are told within some seconds.  On the platform."""
    now = clock.now()
    slot = int(now.timestamp() // _GATHER.total_seconds())
    due = datetime.fromtimestamp((slot + 1) * _GATHER.total_seconds(), tz=now.tzinfo) + timedelta(seconds=1)
    values: dict[str, Any] = {
        "id": uuid.uuid5(uuid.NAMESPACE_OID, f"audit.seal:{told.tenant_role}:{slot}"),
        "tenant_id": told.tenant_id,
        "tenant_role": told.tenant_role,
        "job": "audit.seal",
        "args": {},
        "created_at": now,
        "due_at": due,
        "ring_at": due,
    }
    session.execute(insert(OutboxRow).values(values).on_conflict_do_nothing())


jobs.when_told(seal_soon)


class Fault(StrEnum):
    """What does not fit: an event or its seal was changed, an event is gone, one was put in, the chain's end was cut off."""

    CHANGED = "changed"
    MISSING = "missing"
    PUT_IN = "put_in"
    CUT = "cut"


@dataclass(frozen=True)
class Finding:
    fault: Fault
    number: int | None
    event_id: uuid.UUID | None = None


@dataclass(frozen=True)
class Arrival:
    """When the trail came from another installation, or out of a backup, and up to which entry: so far its maker vouches."""

    at: datetime
    entries: int


@dataclass(frozen=True)
class Verification:
    """The outcome: how many events are sealed, how many wait for their seal, and up to a hundred faults."""

    sealed: int
    waiting: int
    findings: Sequence[Finding]
    sealed_at: datetime | None
    arrival: Arrival | None = None

    @property
    def is_sound(self) -> bool:
        return not self.findings


# One slice of the chain, from the link before its first: that one has been looked at, and is there to be compared with.
_BROKEN = f"""
    SELECT number, event_id, is_gone FROM (
      SELECT s.number, s.event_id, s.digest, e.id IS NULL AS is_gone, lag(s.number, 1, 0) OVER chain + 1 AS place,
        encode(sha256(convert_to(
          lag(s.digest, 1, '') OVER chain || '|' || s.number || '|' || coalesce({_CONTENT_DIGEST}, ''), 'UTF8'
        )), 'hex') AS expected
      FROM audit_seal s LEFT JOIN event e ON e.id = s.event_id
      WHERE s.number BETWEEN :before AND :last
      WINDOW chain AS (ORDER BY s.number)
    ) links WHERE number <> :before AND (is_gone OR digest <> expected OR number <> place)
    ORDER BY number LIMIT {_MOST_FAULTS}"""
_SLICE = 100_000


def verify(session: Session) -> Verification:
    """Compare every event with its seal, every seal with the one before, and the last with what the platform keeps."""
    end = _end(session)
    findings = [*_broken_links(session, end.number if end else 0), *_end_finding(session, end)]
    slipped_in, waiting = _outside(session, end)
    findings += [Finding(Fault.PUT_IN, None, event_id) for event_id in slipped_in]
    count = session.scalar(select(func.count()).select_from(AuditSeal)) or 0
    return Verification(count, waiting, findings[:_MOST_FAULTS], end.sealed_at if end else None, _arrival(session))


def _arrival(session: Session) -> Arrival | None:
    tenant_id = database.stand_of(session).tenant_id
    with own_row.at_home(session) as home:
        line = trail.arrival(home, tenant_id or 0)
    return Arrival(line.at, int(line.data.get("entries", 0))) if line else None


def _broken_links(session: Session, last: int) -> Iterator[Finding]:
    for before in range(0, last, _SLICE):
        slice_ = {"before": before, "last": before + _SLICE}
        for number, event_id, is_gone in session.execute(text(_BROKEN), slice_):
            yield Finding(Fault.MISSING if is_gone else Fault.CHANGED, number, event_id)


def _kept(session: Session) -> AuditAnchor | None:
    stand = database.stand_of(session)
    database.move(session, platform_at(stand.placement))
    kept = session.get(AuditAnchor, stand.tenant_id or 0, populate_existing=True)
    database.move(session, stand)
    return kept


def _end_finding(session: Session, end: AuditSeal | None) -> list[Finding]:
    kept = _kept(session)
    anchor = (kept.number, kept.digest) if kept else None
    if anchor == ((end.number, end.digest) if end else None):
        return []
    return [Finding(Fault.CUT, anchor[0] if anchor else end.number if end else None)]


def _outside(session: Session, end: AuditSeal | None) -> tuple[list[uuid.UUID], int]:
    """Return events that should have been sealed and were not, and how many are too new for that."""
    sealed = select(AuditSeal.event_id).where(AuditSeal.event_id == Event.id).exists()
    if end is None:
        return [], session.scalar(select(func.count(Event.id))) or 0
    is_late = Event.at < _swept_at(session, end) - _SLOWEST
    slipped_in = session.scalars(select(Event.id).where(~sealed, is_late).limit(_MOST_FAULTS)).all()
    waiting = session.scalar(select(func.count(Event.id)).where(~sealed, ~is_late)) or 0
    return list(slipped_in), waiting
