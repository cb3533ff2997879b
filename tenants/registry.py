"""The registry: which tenant a name belongs to, remembered by each process until the registry's stamp moves."""

import os
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sqlalchemy import Select, func, select, update
from sqlalchemy.orm import Session

from kernel import database, settings
from kernel.errors import NotFound
from kernel.i18n import BY_CODE, Language
from kernel.tenancy import Stand
from tenants.models import HostName, RegistryStamp
from tenants.models import State as State
from tenants.models import Tenant as Tenant

# How long a change made by another machine may go unnoticed here, and how long anything is believed at all.
_LOOK_SECONDS = 1.0
_BELIEVED_SECONDS = 300.0
_MOST_KNOWN = 20_000
# Whoever has these states has a door that answers, if only to say why it is closed.
_HAVE_A_DOOR = (State.LIVE, State.SUSPENDED, State.CLOSING)


@dataclass(frozen=True)
class TenantFacts:
    """What the rest of the house may know about a tenant.  `host` is its address as browsers write it, with the port if any."""

    id: int
    slug: str
    name: str
    state: str
    language: Language
    time_zone: str
    brand_color: str
    phone: str
    stand: Stand
    host: str
    plan: str
    modules_off: frozenset[str]
    languages: tuple[Language, ...]
    branding: Mapping[str, Any]

    @property
    def initial(self) -> str:
        return self.name[:1].upper()

    @property
    def is_live(self) -> bool:
        return self.state == State.LIVE

    def url(self, path: str = "/") -> str:
        return f"{settings.current().scheme}://{self.host}{path}"

    # `branding` is a dict, which would make the facts unhashable.
    def __hash__(self) -> int:
        return hash(self.id)


_known: dict[str, TenantFacts] = {}
_stamp, _looked_at, _read_at = 0, 0.0, 0.0
# When this machine's flag was last moved, as far as this process has seen.
_flag_seen = 0
# Moves whenever what is known is thrown away, so that what was read before is not remembered after.
_epoch = 0


def at(host: str) -> TenantFacts | None:
    """Return the tenant that answers at `host` (as in a request, with port), be it open or closed for now."""
    return _remembered(host.lower()) or _learn_by_host(host.lower())


def find(slug: str) -> TenantFacts | None:
    """Return the live tenant called `slug`, or nothing."""
    facts = at_slug(slug)
    return facts if facts and facts.is_live else None


def at_slug(slug: str) -> TenantFacts | None:
    """Return the tenant called `slug`, be it open or closed for now."""
    facts = at(settings.current().tenant_host(slug)) if slug else None
    return facts if facts and facts.slug == slug else None


def of(session: Session) -> TenantFacts:
    """Return the tenant in whose schema the session stands."""
    schema = database.stand_of(session).schema
    facts = _remembered(schema) or _learn(select(Tenant).where(Tenant.schema_name == schema), schema)
    assert facts is not None, "this session stands on the platform"
    return facts


def by_id(tenant_id: int) -> TenantFacts | None:
    """Return a tenant that has a door, by its number."""
    key = f"#{tenant_id}"
    return _remembered(key) or _learn(select(Tenant).where(Tenant.id == tenant_id, Tenant.state.in_(_HAVE_A_DOOR)), key)


def is_at_rest(schema: str) -> bool:
    """Whether the work of the tenant in a schema waits: it is suspended, and nothing of it is lost meanwhile."""
    of_schema = select(Tenant).where(Tenant.schema_name == schema, Tenant.state.in_(_HAVE_A_DOOR))
    facts = _remembered(schema) or _learn(of_schema, schema)
    return facts is not None and facts.state == State.SUSPENDED


def _remembered(key: str) -> TenantFacts | None:
    """Return what is known under a key, after a look at this machine's flag, and at the stamp if that was a second ago."""
    global _flag_seen, _looked_at, _read_at, _stamp
    now, flag = time.monotonic(), _flag_moved_at()
    if flag != _flag_seen:
        _throw_away()
        _flag_seen = flag
    if now - _looked_at > _LOOK_SECONDS:
        _looked_at = now
        with database.transaction() as session:
            stamp = session.scalar(select(func.max(RegistryStamp.version))) or 0
        if stamp != _stamp or now - _read_at > _BELIEVED_SECONDS:
            _throw_away()
            _stamp, _read_at = stamp, now
    return _known.get(key)


def _flag() -> Path:
    return settings.current().run_dir / "registry"


def _flag_moved_at() -> int:
    """Return when a process of this machine last changed the registry, in nanoseconds, or nothing.

    Who has been told that a thing is done must find it done, whichever process answers next.
    """
    try:
        return _flag().stat().st_mtime_ns
    except OSError:
        return 0


def _move_flag() -> None:
    """Raises `OSError` where there is no place for it: then the others notice within a second."""
    flag, now = _flag(), time.time_ns()
    flag.parent.mkdir(parents=True, exist_ok=True)
    flag.touch()
    os.utime(flag, ns=(now, now))


def _throw_away() -> None:
    global _epoch
    _epoch += 1
    _known.clear()


def _learn_by_host(host: str) -> TenantFacts | None:
    head, _dot, rest = host.partition(".")
    if rest == settings.current().platform_host:
        facts = _learn(select(Tenant).where(Tenant.slug == head, Tenant.state.in_(_HAVE_A_DOOR)), host)
        if facts:
            return facts
    name = host.partition(":")[0]
    further = select(Tenant).join(HostName, HostName.tenant_id == Tenant.id)
    return _learn(further.where(HostName.host == name, HostName.state == "verified", Tenant.state.in_(_HAVE_A_DOOR)), host)


def _learn(query: Select[Tenant], key: str) -> TenantFacts | None:
    epoch = _epoch
    with database.transaction() as session:
        tenant = session.scalar(query)
        facts = _facts(session, tenant) if tenant else None
    if facts is None:
        return None
    # A spare is nobody's yet: what nobody remembers of it, nobody has to forget when it is claimed.
    if epoch != _epoch or facts.state not in _HAVE_A_DOOR:
        return facts
    if len(_known) > _MOST_KNOWN:
        _throw_away()
    # A schema's name has an underscore and a number its mark, which no host name has.
    for name in (key, facts.stand.schema, f"#{facts.id}"):
        _known[name] = facts
    return facts


def _facts(session: Session, tenant: Tenant) -> TenantFacts:
    own = session.scalar(
        select(HostName.host).where(HostName.tenant_id == tenant.id, HostName.is_primary, HostName.state == "verified")
    )
    return facts_of(tenant, own)


def facts_of(tenant: Tenant, own_domain: str | None = None) -> TenantFacts:
    """Return the facts in a row of the registry; `own_domain` is its verified and primary one, if it has any."""
    current = settings.current()
    return TenantFacts(
        id=tenant.id,
        slug=tenant.slug or "",
        name=tenant.name,
        state=tenant.state,
        language=BY_CODE[tenant.locale],
        time_zone=tenant.time_zone,
        brand_color=tenant.brand_color,
        phone=tenant.phone,
        stand=tenant.stand,
        host=current.with_port(own_domain) if own_domain else current.tenant_host(tenant.slug or ""),
        plan=tenant.plan,
        modules_off=frozenset(tenant.modules_off),
        languages=tuple(BY_CODE[code] for code in tenant.languages if code in BY_CODE),
        branding=tenant.branding,
    )


def is_free(session: Session, slug: str, *, tenant_id: int | None = None) -> bool:
    """Whether nobody but `tenant_id` lives at `slug`, or has moved from there a short while ago."""
    taken = select(Tenant.id).where(Tenant.slug == slug)
    former = select(HostName.tenant_id).where(HostName.host == host_of(slug))
    return {*session.scalars(taken), *session.scalars(former)} <= {tenant_id}


def host_of(slug: str) -> str:
    """Return the host name of an address on the platform, without the port."""
    return settings.current().tenant_host(slug).partition(":")[0]


def set_facts(session: Session, tenant_id: int, **facts: Any) -> None:
    """Write down facts about a tenant that are no step of its life.  `session` stands on the home platform."""
    session.execute(update(Tenant).where(Tenant.id == tenant_id).values(**facts))
    changed(session)


def changed(session: Session) -> None:
    """Say, in the transaction that changes the registry, that every process must read it again; the last statement of it.

    Those of this machine do so at once, those of others within a second.
    `session` stands on the home platform.
    """
    session.execute(update(RegistryStamp).values(version=RegistryStamp.version + 1))
    database.after_commit(session, _tell_everybody)


def all_tenants() -> list[TenantFacts]:
    """Return every tenant that has a door, oldest first (operators and maintenance only)."""
    own = HostName.is_primary & (HostName.state == "verified")
    query = select(Tenant, HostName.host).outerjoin(HostName, (HostName.tenant_id == Tenant.id) & own)
    with database.transaction() as session:
        rows = session.execute(query.where(Tenant.state.in_(_HAVE_A_DOOR), Tenant.slug.is_not(None)).order_by(Tenant.id)).all()
        return [facts_of(tenant, host) for tenant, host in rows]


def count_by_state(session: Session) -> dict[str, int]:
    """Return how many tenants there are in each state: the spares and the erased, too."""
    query = select(Tenant.state, func.count()).group_by(Tenant.state)
    return dict(session.execute(query).all())


def row(session: Session, tenant_id: int) -> Tenant:
    """Return the registry's own row of a tenant with a name, as the operators' console shows it, or raise `NotFound`."""
    tenant = session.scalar(select(Tenant).where(Tenant.id == tenant_id, Tenant.slug.is_not(None)))
    if tenant is None:
        raise NotFound()
    return tenant


def is_purged(session: Session, tenant_id: int) -> bool:
    """Whether there was such a tenant and it is erased, or being erased."""
    return session.scalar(select(Tenant.state).where(Tenant.id == tenant_id)) == State.PURGED


def behind(session: Session, head: str, *, limit: int = 100) -> Sequence[Tenant]:
    """Return the tenants whose schema is not at `head`, those with an error first."""
    in_use = Tenant.state.not_in((State.BUILDING, State.PURGED))
    query = select(Tenant).where(Tenant.revision != head, in_use)
    return session.scalars(query.order_by(Tenant.migration_error.desc(), Tenant.id).limit(limit)).all()


def host_names(session: Session, tenant_id: int) -> Sequence[HostName]:
    """Return the further names of a tenant, as they are kept."""
    return session.scalars(select(HostName).where(HostName.tenant_id == tenant_id).order_by(HostName.created_at)).all()


def by_schema(session: Session, schemas: set[str]) -> dict[str, Tenant]:
    """Return the tenants that live in these schemas."""
    rows = session.scalars(select(Tenant).where(Tenant.schema_name.in_(schemas)))
    return {row.schema_name: row for row in rows}


def names(session: Session, ids: set[int]) -> dict[int, str]:
    """Return the names of tenants by id."""
    return {row.id: row.name for row in session.execute(select(Tenant.id, Tenant.name).where(Tenant.id.in_(ids)))}


def _tell_everybody() -> None:
    forget()
    _move_flag()


def forget() -> None:
    """Ask the database again at next use."""
    global _looked_at
    _throw_away()
    _looked_at = 0.0
