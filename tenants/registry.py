"""The registry: which tenant a name belongs to, remembered for a few seconds by each process."""

import time
from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import Select, func, select
from sqlalchemy.orm import Session

from kernel import database
from kernel.i18n import BY_CODE, Language
from kernel.tenancy import Stand
from tenants.models import Tenant

_SECONDS = 5.0


@dataclass(frozen=True)
class TenantFacts:
    """What the rest of the house may know about a tenant."""

    id: int
    slug: str
    name: str
    state: str
    language: Language
    time_zone: str
    brand_color: str
    phone: str
    stand: Stand

    @property
    def initial(self) -> str:
        return self.name[:1].upper()


_known: dict[str, tuple[float, TenantFacts]] = {}


def find(slug: str) -> TenantFacts | None:
    """Return the live tenant called `slug`, or nothing; asks the database at most every five seconds."""
    facts = _remembered(slug) or _remember(select(Tenant).where(Tenant.slug == slug))
    return facts if facts and facts.state == "live" else None


def of(session: Session) -> TenantFacts:
    """Return the tenant in whose schema the session stands."""
    schema = database.stand_of(session).schema
    facts = _remembered(schema) or _remember(select(Tenant).where(Tenant.schema_name == schema))
    assert facts is not None, "this session stands on the platform"
    return facts


def _remembered(key: str) -> TenantFacts | None:
    until, facts = _known.get(key, (0.0, None))
    return facts if until > time.monotonic() else None


def _remember(query: Select[Tenant]) -> TenantFacts | None:
    with database.transaction() as session:
        tenant = session.scalar(query)
    if tenant is None:
        return None
    facts = _facts(tenant)
    until = time.monotonic() + _SECONDS
    # A schema's name has an underscore, which no slug has.
    _known[facts.slug] = _known[facts.stand.schema] = (until, facts)
    return facts


def _facts(tenant: Tenant) -> TenantFacts:
    return TenantFacts(
        id=tenant.id,
        slug=tenant.slug,
        name=tenant.name,
        state=tenant.state,
        language=BY_CODE[tenant.locale],
        time_zone=tenant.time_zone,
        brand_color=tenant.brand_color,
        phone=tenant.phone,
        stand=tenant.stand,
    )


def all_tenants() -> list[TenantFacts]:
    """Return every tenant, oldest first (operators and maintenance only)."""
    with database.transaction() as session:
        return [_facts(tenant) for tenant in session.scalars(select(Tenant).order_by(Tenant.id))]


def rows(session: Session, *, limit: int = 200) -> Sequence[Tenant]:
    """Return the registry's own rows, the youngest first, as the operators' console shows them."""
    return session.scalars(select(Tenant).order_by(Tenant.created_at.desc(), Tenant.id.desc()).limit(limit)).all()


def count(session: Session) -> int:
    return session.scalar(select(func.count(Tenant.id))) or 0


def names(session: Session, ids: set[int]) -> dict[int, str]:
    """Return the names of tenants by id."""
    return {row.id: row.name for row in session.execute(select(Tenant.id, Tenant.name).where(Tenant.id.in_(ids)))}


def forget() -> None:
    """Ask the database again at next use."""
    _known.clear()
