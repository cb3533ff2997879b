"""A tenant's life after it opened: moved to another address, suspended, resumed, given notice, kept after all."""

from datetime import datetime, timedelta

from sqlalchemy import delete, func, select
from sqlalchemy.orm import Session

from kernel import clock, database, jobs, outbox
from kernel.actors import Actor
from kernel.errors import DomainError, InvalidField, NotFound
from kernel.i18n import lazy_text as _l
from kernel.tenancy import platform_at
from kernel.text import clean
from tenants import provisioning, registry, trail
from tenants.models import HostName, State, Tenant
from tenants.provisioning import SlugTaken
from tenants.trail import TenantEvent

# How long a closing tenant may change its mind, and how long its old address leads to the new one.
GRACE = timedelta(days=30)
FORMER_ADDRESS_KEPT = timedelta(days=90)
# Nobody keeps more names than these from others.
_MOST_FORMER = 5
_REASON_LENGTH = 500


class NotInThisState(DomainError):
    """A step that a tenant's state does not allow: somebody else has taken it, or another one, before."""

    status = 409
    message = _l("This cannot be done now: %(company)s is %(state)s.")

    def __init__(self, tenant: Tenant) -> None:
        super().__init__(company=tenant.name, state=STATE_NAMES[State(tenant.state)])


class MovedTooOften(DomainError):
    message = _l("This workspace has moved %(count)s times lately. Wait until one of its former addresses is free again.")


class NoSuchTenant(NotFound):
    message = _l("There is no tenant “%(slug)s”.")


STATE_NAMES = {
    State.BUILDING: _l("being made"),
    State.SPARE: _l("a spare"),
    State.LIVE: _l("open"),
    State.SUSPENDED: _l("suspended"),
    State.CLOSING: _l("closing"),
    State.PURGED: _l("erased"),
}


def suspend(session: Session, tenant_id: int, *, reason: str, actor: Actor) -> None:
    """Shut the doors until `resume`: every face says so politely, work waits, nothing is lost.

    All commands here take a session on the home platform, and raise `NotFound` or `NotInThisState`.
    """
    text = " ".join(clean(reason).split())[:_REASON_LENGTH]
    if not text:
        raise InvalidField("reason", _l("Say why: the reason is kept in the log."))
    tenant = _locked(session, tenant_id, State.LIVE)
    _enter(tenant, State.SUSPENDED, reason=text)
    trail.record_and_tell(session, "tenant.suspended", tenant_id=tenant.id, actor=actor, reason=text)
    registry.changed(session)


def resume(session: Session, tenant_id: int, *, actor: Actor) -> None:
    """Open the doors again; the work that waited goes on."""
    tenant = _locked(session, tenant_id, State.SUSPENDED)
    _enter(tenant, State.LIVE)
    trail.record_and_tell(session, "tenant.resumed", tenant_id=tenant.id, actor=actor)
    registry.changed(session)
    database.after_commit(session, lambda: _wake(tenant))


def close(session: Session, tenant_id: int, *, actor: Actor, reason: str = "") -> None:
    """Give notice: the portal closes now, the desk is left to administrators, and after `GRACE` everything is erased."""
    tenant = _locked(session, tenant_id, State.LIVE, State.SUSPENDED)
    before = tenant.state
    _enter(tenant, State.CLOSING, reason=" ".join(clean(reason).split())[:_REASON_LENGTH])
    tenant.purge_at = clock.now() + GRACE
    purge_at = tenant.purge_at.isoformat()
    facts = {"reason": tenant.state_reason, "purge_at": purge_at, "before": before}
    trail.record_and_tell(session, "tenant.closing", tenant_id=tenant.id, actor=actor, **facts)
    outbox.put(session, "tenants.purge", {"tenant_id": tenant.id, "purge_at": purge_at}, due_at=tenant.purge_at)
    registry.changed(session)
    if before == State.SUSPENDED:
        # Its work waited; now the administrators must be written to.
        database.after_commit(session, lambda: _wake(tenant))


def reopen(session: Session, tenant_id: int, *, actor: Actor) -> None:
    """Take the notice back: the tenant is again what it was before, open or suspended."""
    tenant = _locked(session, tenant_id, State.CLOSING)
    notice = select(TenantEvent).where(TenantEvent.tenant_id == tenant.id, TenantEvent.name == "tenant.closing")
    last = session.scalars(notice.order_by(TenantEvent.at.desc()).limit(1)).one()
    _enter(tenant, State(last.data["before"]), reason=last.data["reason"] if last.data["before"] == State.SUSPENDED else "")
    tenant.purge_at = None
    trail.record_and_tell(session, "tenant.reopened", tenant_id=tenant.id, actor=actor)
    registry.changed(session)


def rename(session: Session, tenant_id: int, *, slug: str, actor: Actor, keeps_former: bool = True) -> None:
    """Give the tenant another address.  The old one leads there for `FORMER_ADDRESS_KEPT`, and is anybody's afterwards.

    Without `keeps_former` it is so at once, for another tenant to take its place.  Raises `SlugUnfit`, or `SlugTaken` even
    where it is another tenant's former address only, or `MovedTooOften`.
    """
    provisioning.check_slug(slug)
    tenant = _locked(session, tenant_id, State.LIVE, State.SUSPENDED)
    former = tenant.slug or ""
    if slug == former:
        return
    if not registry.is_free(session, slug, tenant_id=tenant.id):
        raise SlugTaken(slug=slug)
    tenant.slug = slug
    # The house may come back to an address of its own.
    session.execute(delete(HostName).where(HostName.host == registry.host_of(slug), HostName.tenant_id == tenant.id))
    if keeps_former:
        _keep_former(session, tenant, registry.host_of(former))
    trail.record_and_tell(session, "tenant.renamed", tenant_id=tenant.id, actor=actor, before=former, after=slug)
    registry.changed(session)


def _keep_former(session: Session, tenant: Tenant, host: str) -> None:
    """Let an address lead here, and promise to let it go one day."""
    former = select(func.count(HostName.host)).where(HostName.tenant_id == tenant.id, HostName.kind == "former")
    if (count := session.scalar(former) or 0) >= _MOST_FORMER:
        raise MovedTooOften(count=count)
    now = clock.now()
    session.add(HostName(host=host, tenant_id=tenant.id, kind="former", state="verified", created_at=now))
    freeing = {"host": host, "tenant_id": tenant.id, "since": now.isoformat()}
    outbox.put(session, "tenants.free_address", freeing, due_at=now + FORMER_ADDRESS_KEPT)


def purge_at(session: Session, tenant_id: int) -> datetime | None:
    """Return when a closing tenant is erased; nothing while it is not closing."""
    return session.scalar(select(Tenant.purge_at).where(Tenant.id == tenant_id, Tenant.state == State.CLOSING))


def called(session: Session, slug: str) -> Tenant:
    """Return the tenant at an address, whatever its state.  Raises `NoSuchTenant`."""
    tenant = session.scalar(select(Tenant).where(Tenant.slug == slug))
    if tenant is None:
        raise NoSuchTenant(slug=slug)
    return tenant


def require_free(slug: str) -> None:
    """Raise `SlugUnfit` or `SlugTaken` where a tenant cannot be given this address."""
    provisioning.check_slug(slug)
    with database.transaction() as session:
        if not registry.is_free(session, slug):
            raise SlugTaken(slug=slug)


def _locked(session: Session, tenant_id: int, *states: State) -> Tenant:
    """Return the tenant, held by this transaction, if it is in one of `states`: two steps at once are one after the other."""
    held = select(Tenant).where(Tenant.id == tenant_id, Tenant.slug.is_not(None)).with_for_update()
    tenant = session.scalar(held.execution_options(populate_existing=True))
    if tenant is None:
        raise NotFound()
    if tenant.state not in states:
        raise NotInThisState(tenant)
    return tenant


def _enter(tenant: Tenant, state: State, *, reason: str = "") -> None:
    tenant.state, tenant.state_reason, tenant.state_at = state, reason, clock.now()


def _wake(tenant: Tenant) -> None:
    """Should this be lost, the work goes on within the minute that held work rests."""
    with database.transaction(platform_at(tenant.placement)) as session:
        jobs.wake(session, tenant.stand.role)
