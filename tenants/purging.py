"""Purging: everything of a tenant is erased, step by step, and a certificate says what there was."""

import hashlib
import json
import re
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from psycopg import sql
from sqlalchemy import BigInteger, Table, delete, func, select
from sqlalchemy.orm import Mapped, Session, mapped_column

from kernel import clock, database, outbox, sealing, settings
from kernel.actors import Actor
from kernel.database import PlatformBase, TenantBase
from kernel.errors import NotFound
from kernel.outbox import OutboxRow
from kernel.settings import HOME_PLACEMENT
from kernel.tenancy import Stand, platform_at
from tenants import provisioning, registry, trail
from tenants.lifecycle import NotInThisState
from tenants.models import State, Tenant

Progress = Callable[[str, int, int], None]


class DeletionCertificate(PlatformBase):
    """What was erased, counted before: rows by table, files, whatever else a room keeps.  Nothing of the content is in it.

    `name_digest` is the SHA-256 of the tenant's address and name, a line each: who knows them can tell whose certificate this
    is.  `digest` is that of the other columns as JSON (`sealed`), so that a change would show.
    """

    __tablename__ = "deletion_certificate"

    tenant_id: Mapped[int] = mapped_column(BigInteger, primary_key=True)
    schema_name: Mapped[str]
    name_digest: Mapped[str]
    begun_at: Mapped[datetime]
    finished_at: Mapped[datetime | None]
    removed: Mapped[dict[str, Any]]
    digest: Mapped[str] = mapped_column(server_default="")

    def facts(self) -> dict[str, Any]:
        return {
            "tenant": self.tenant_id,
            "schema": self.schema_name,
            "name_digest": self.name_digest,
            "begun_at": self.begun_at.isoformat(),
            "finished_at": self.finished_at.isoformat() if self.finished_at else "",
            "removed": self.removed,
        }

    def sealed(self) -> str:
        return hashlib.sha256(json.dumps(self.facts(), sort_keys=True, ensure_ascii=False).encode()).hexdigest()


# How whoever holds a certificate computes its digest.
DIGEST_OF = 'SHA-256 of the facts as UTF-8 JSON, keys sorted, ", " and ": " between'


@dataclass(frozen=True)
class Sweep:
    """One place outside the tenant's schema: how much of the tenant is in it, and how it is taken away, again if need be."""

    name: str
    count: Callable[[Stand], int]
    remove: Callable[[Stand], None]


_sweeps: list[Sweep] = []


def sweeps_up(sweep: Sweep) -> None:
    """Let a room's own leavings of a tenant be erased, while the tenant's schema can still be asked about them."""
    if all(known.name != sweep.name for known in _sweeps):
        _sweeps.append(sweep)


def purge(
    tenant_id: int, *, actor: Actor, is_due_only: bool = True, progress: Progress = lambda what, done, of: None
) -> DeletionCertificate:
    """Erase a tenant whose grace is over, or with `is_due_only=False` any that has been given notice.

    In small transactions, so that nobody else notices; killed anywhere, the same call goes on.  Raises `NotFound` or
    `NotInThisState`.
    """
    stand = _begin(tenant_id, actor, is_due_only)
    _count_everything(stand)
    steps = list(_steps(stand))
    for done, (name, step) in enumerate(steps):
        progress(name, done, len(steps))
        step()
    progress("", len(steps), len(steps))
    return _finish(stand, actor)


def unfinished(session: Session) -> list[int]:
    """Return the tenants whose purge was begun and has not come to its end."""
    open_ones = select(DeletionCertificate.tenant_id).where(DeletionCertificate.finished_at.is_(None))
    return list(session.scalars(open_ones.order_by(DeletionCertificate.tenant_id)))


def certificate(session: Session, tenant_id: int) -> DeletionCertificate:
    found = session.get(DeletionCertificate, tenant_id)
    if found is None:
        raise NotFound()
    return found


def _begin(tenant_id: int, actor: Actor, is_due_only: bool) -> Stand:
    with database.transaction() as session:
        return _shut(session, tenant_id, actor, is_due_only)


def _shut(session: Session, tenant_id: int, actor: Actor, is_due_only: bool) -> Stand:
    """Shut the door for good."""
    tenant = session.scalar(select(Tenant).where(Tenant.id == tenant_id).with_for_update())
    if tenant is None:
        raise NotFound()
    if tenant.state == State.PURGED:
        return tenant.stand
    is_due = tenant.purge_at is not None and tenant.purge_at <= clock.now()
    if tenant.state != State.CLOSING or (is_due_only and not is_due):
        raise NotInThisState(tenant)
    digest = hashlib.sha256(f"{tenant.slug}\n{tenant.name}".encode()).hexdigest()
    draft = DeletionCertificate(
        tenant_id=tenant.id, schema_name=tenant.schema_name, name_digest=digest, begun_at=clock.now(), removed={}
    )
    session.add(draft)
    tenant.state, tenant.state_at = State.PURGED, clock.now()
    trail.record(session, "tenant.purge_begun", tenant_id=tenant.id, actor=actor)
    registry.changed(session)
    return tenant.stand


def begin_now(session: Session, tenant_id: int, *, actor: Actor) -> None:
    """Shut the door of a tenant that was given notice, however much of its grace is left, and let a worker erase it.

    `session` stands on the home platform.  Raises `NotFound` or `NotInThisState`.
    """
    _shut(session, tenant_id, actor, is_due_only=False)
    outbox.put(session, "tenants.purge", {"tenant_id": tenant_id, "purge_at": clock.now().isoformat()})


def _count_everything(stand: Stand) -> None:
    """Write down what there is, once, before the first of it goes."""
    with database.transaction() as session:
        draft = session.get_one(DeletionCertificate, stand.tenant_id)
        if not draft.removed:
            places = {sweep.name: sweep.count(stand) for sweep in (*_sweeps, *_OWN_SWEEPS)}
            draft.removed = {"rows": _rows(stand), **places}


def _rows(stand: Stand) -> dict[str, int]:
    counted = {}
    with database.owner_transaction(stand.placement) as connection:
        for table in sorted(TenantBase.metadata.tables):
            name = sql.Identifier(stand.schema, table)
            row = connection.execute(sql.SQL("SELECT count(*) FROM {}").format(name)).fetchone()
            counted[table] = int(row[0]) if row else 0
    return counted


def _steps(stand: Stand) -> Iterator[tuple[str, Callable[[], None]]]:
    """Yield what is to be done: first what the schema is still asked about, then the schema, then what it left behind."""
    for sweep in (*_sweeps, *_OWN_SWEEPS):
        yield sweep.name, lambda sweep=sweep: sweep.remove(stand)  # type: ignore[misc]
    yield "schema", lambda: provisioning.tear_down(stand)
    # Whoever was in the middle of a request may have put something down once more.
    for sweep in _OWN_SWEEPS:
        yield f"{sweep.name} once more", lambda sweep=sweep: sweep.remove(stand)  # type: ignore[misc]
    yield "key", lambda: _destroy_key(stand)


def _destroy_key(stand: Stand) -> None:
    """Without it nobody can open what older backups hold of its sealed files."""
    with database.transaction(platform_at(stand.placement)) as session:
        sealing.destroy_key(session, stand.schema)


def _finish(stand: Stand, actor: Actor) -> DeletionCertificate:
    """Leave a row without a name where the tenant was, and seal the certificate."""
    with database.transaction() as session:
        tenant = session.get_one(Tenant, stand.tenant_id, with_for_update=True)
        proof = session.get_one(DeletionCertificate, stand.tenant_id)
        if proof.finished_at is not None:
            return proof
        tenant.slug, tenant.name, tenant.phone, tenant.brand_color, tenant.state_reason = None, "", "", "", ""
        tenant.branding, tenant.usage, tenant.purge_at, tenant.has_demo_data = {}, {}, None, False
        proof.finished_at = clock.now()
        proof.digest = proof.sealed()
        session.flush()
        trail.record(session, "tenant.purged", tenant_id=tenant.id, actor=actor, digest=proof.digest)
        registry.changed(session)
        return proof


def _folders(stand: Stand) -> list[Path]:
    """Return where a tenant's files, index, exports lie: whatever a room keeps on disk is in `home/<kind>/<schema>`."""
    return [path for path in settings.current().home.glob(f"*/{stand.schema}") if path.is_dir()]


def _count_files(stand: Stand) -> int:
    return sum(1 for folder in _folders(stand) for path in folder.rglob("*") if path.is_file())


def _remove_files(stand: Stand) -> None:
    for folder in _folders(stand):
        shutil.rmtree(folder)


def _mine(stand: Stand) -> Any:
    # By what the database wrote, and by what the rows say of themselves: the platform promises things about tenants too.
    about = OutboxRow.args["tenant_id"].astext == str(stand.tenant_id)
    return (OutboxRow.tenant_role == stand.role) | ((OutboxRow.job == "tenants.free_address") & about)


def _count_promises(stand: Stand) -> int:
    with database.transaction(platform_at(stand.placement)) as session:
        return session.scalar(select(func.count()).select_from(OutboxRow).where(_mine(stand))) or 0


def _remove_promises(stand: Stand) -> None:
    with database.transaction(platform_at(stand.placement)) as session:
        session.execute(delete(OutboxRow).where(_mine(stand)))


def _log_lines(stand: Stand) -> Iterator[tuple[Path, int, int]]:
    """Yield the log lines of the tenant: file, place, length.  Paths in them hold the titles of articles."""
    with database.transaction() as session:
        slugs = _slugs(session, stand.tenant_id or 0)
    # Requests say the address, jobs the number.
    names = "|".join(re.escape(json.dumps(name)) for name in (*slugs, stand.tenant_id))
    mark = re.compile(rf'"tenant": (?:{names})[,}}]|{re.escape(stand.schema)}'.encode())
    for path in sorted((settings.current().home / "log").glob("*.log*")):
        with path.open("rb") as file:
            place = 0
            for line in file:
                if mark.search(line):
                    yield path, place, len(line)
                place += len(line)


def _slugs(session: Session, tenant_id: int) -> set[str]:
    """Return the tenant's address and those it had before, as long as the trail still says them and nobody else has them."""
    slug = session.scalar(select(Tenant.slug).where(Tenant.id == tenant_id))
    known = {name for name in (slug, *trail.former_slugs(session, tenant_id)) if name}
    return {name for name in known if registry.is_free(session, name, tenant_id=tenant_id)}


def _count_log_lines(stand: Stand) -> int:
    return sum(1 for _line in _log_lines(stand))


def _blank_log_lines(stand: Stand) -> None:
    """Write over them in their place: whoever appends to the file meanwhile is not disturbed."""
    for path, place, length in list(_log_lines(stand)):
        with path.open("r+b") as file:
            file.seek(place)
            file.write(b"{}".ljust(length - 1))


def _platform_tables() -> list[Table]:
    """Return the shared tables that hold rows about tenants, whichever room they belong to."""
    about_tenants = (table for table in PlatformBase.metadata.sorted_tables if "tenant_id" in table.columns)
    return [table for table in about_tenants if table.name != DeletionCertificate.__tablename__]


def _placements_of(stand: Stand) -> set[str]:
    """Return the databases whose shared tables know the tenant: everybody's home, and its own (the end of its audit chain)."""
    return {HOME_PLACEMENT, stand.placement}


def _count_platform_rows(stand: Stand) -> int:
    query, count = sql.SQL("SELECT count(*) FROM {} WHERE tenant_id = {}"), 0
    for placement in _placements_of(stand):
        with database.owner_transaction(placement) as connection:
            tables = (sql.Identifier("platform", table.name) for table in _platform_tables())
            rows = [connection.execute(query.format(table, stand.tenant_id)).fetchone() for table in tables]
        count += sum(int(row[0]) for row in rows if row)
    return count


def _remove_platform_rows(stand: Stand) -> None:
    """Of a trail leave that something was done, and when, but no reason, address or name of staff; of all else nothing."""
    for placement in _placements_of(stand):
        with database.owner_transaction(placement) as connection:
            for table in _platform_tables():
                name = sql.Identifier("platform", table.name)
                change = "UPDATE {} SET data = '{{}}'" if "data" in table.columns else "DELETE FROM {}"
                connection.execute(sql.SQL(change + " WHERE tenant_id = {}").format(name, stand.tenant_id))
            connection.execute(
                "UPDATE platform.tenant_event SET actor_name = '' WHERE tenant_id = %s AND actor_kind = 'staff'",
                [stand.tenant_id],
            )


# The log first: which addresses stand in it, the platform's rows say.
_OWN_SWEEPS = (
    Sweep("log_lines", _count_log_lines, _blank_log_lines),
    Sweep("platform_rows", _count_platform_rows, _remove_platform_rows),
    Sweep("files", _count_files, _remove_files),
    Sweep("promises", _count_promises, _remove_promises),
)
