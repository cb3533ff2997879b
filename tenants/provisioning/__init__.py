"""Provisioning: a new tenant is a spare schema with a name, and opens furnished."""

import re
from collections.abc import Callable
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import psycopg
from sqlalchemy import func, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from kernel import clock, database, settings
from kernel.errors import DomainError
from kernel.i18n import BY_CODE
from kernel.i18n import lazy_text as _l
from kernel.settings import HOME_PLACEMENT
from kernel.tenancy import PLATFORM, Stand, platform_at
from tenants import audit, registry
from tenants.models import State, Tenant
from tenants.provisioning import pool
from tenants.provisioning.building import Show
from tenants.provisioning.pool import keep_spares
from tenants.provisioning.tearing_down import tear_down
from tenants.registry import TenantFacts

__all__ = [
    "RegionUnknown",
    "SlugTaken",
    "SlugUnfit",
    "UnknownLocale",
    "UnknownTimeZone",
    "check_slug",
    "create_tenant",
    "keep_spares",
    "tear_down",
]

_SLUG = re.compile(r"[a-z0-9](?:[a-z0-9-]{0,38}[a-z0-9])?")
# Names that would be taken for the platform's own machinery.
_RESERVED = frozenset({"www", "api", "ops", "admin", "mail", "static", "app", "help", "support", "status", "billing"})


class SlugUnfit(DomainError):
    message = _l("“%(slug)s” cannot be an address. Use 1 to 40 small letters, digits and hyphens, and no reserved name.")


class SlugTaken(DomainError):
    status = 409
    message = _l("The address “%(slug)s” is taken.")


class UnknownLocale(DomainError):
    message = _l("“%(locale)s” is not one of the languages en, zh_Hans, zh_Hant.")


class UnknownTimeZone(DomainError):
    message = _l("“%(time_zone)s” is not a time zone, such as Asia/Taipei.")


class RegionUnknown(DomainError):
    message = _l("No database serves the region “%(region)s”.")


Furnish = Callable[[Session], object]


def create_tenant(
    slug: str,
    *,
    name: str,
    locale: str = "en",
    time_zone: str = "UTC",
    brand_color: str = "",
    phone: str = "",
    template: str = "",
    placement: str | None = None,
    region: str = "",
    furnish: Furnish = lambda session: None,
    is_ours: bool = False,
    show: Show = lambda done, of: None,
) -> TenantFacts:
    """Make a tenant that can be used at once.  `furnish` puts in what it must not open without, such as its administrator.

    A spare schema is claimed, furnished and opened in one transaction; where none is left one is built first, and `show` hears
    how far that has come.  A process killed at any moment leaves no tenant, only spares.  The tenant lives in `placement`, else
    in the emptiest database of `region` (of all, when omitted).  Raises `SlugUnfit`, `SlugTaken`, `UnknownLocale`,
    `UnknownTimeZone`, `RegionUnknown`, or what `furnish` raises.
    """
    check_slug(slug, is_ours=is_ours)
    _check(locale, time_zone)
    place = placement or _emptiest(region)
    facts = {"name": name, "locale": locale, "time_zone": time_zone, "brand_color": brand_color, "phone": phone}
    facts |= {"slug": slug, "template": template, "region": region}
    while True:
        opened = _open_spare(place, facts, furnish)
        if opened:
            return opened
        _refuse_if_not_free(slug)
        pool.add_spare(place, show)


def _emptiest(region: str) -> str:
    """Return the database of the region with the fewest tenants; `eu`, `eu2` and `eu3` serve the region `eu`."""
    known = settings.current().placements
    serving = [name for name in known if not region or name.rstrip("0123456789") == region]
    if not serving:
        raise RegionUnknown(region=region)
    if len(serving) == 1:
        return serving[0]
    query = select(Tenant.placement, func.count()).where(Tenant.state != State.PURGED, Tenant.slug.is_not(None))
    with database.transaction() as session:
        counts = {row[0]: row[1] for row in session.execute(query.group_by(Tenant.placement))}
    return min(serving, key=lambda name: counts.get(name, 0))


def _open_spare(placement: str, facts: dict[str, str], furnish: Furnish) -> TenantFacts | None:
    """Claim a spare, furnish it and open it; nothing when none was left, or the address is not free.

    The registry's stamp stays: nobody remembers anything of a spare, so nobody has to read the registry again.
    """
    try:
        with database.transaction() as session:
            claimed = _claim(session, placement, facts)
            if claimed is None:
                return None
            _furnish(session, *claimed, furnish)
    except _SpareSpoilt as spoilt:
        pool.set_aside_if_spoilt(spoilt.stand)
        return _open_spare(placement, facts, furnish)
    return registry.facts_of(claimed[0])


class _SpareSpoilt(Exception):
    """The schema was furnished once before, by a process that was killed before it could keep the registry's row."""

    def __init__(self, stand: Stand) -> None:
        self.stand = stand
        super().__init__()


def _claim(session: Session, placement: str, facts: dict[str, str]) -> tuple[Tenant, bool] | None:
    host, born = registry.host_of(facts["slug"]), clock.now()
    try:
        return pool.claim(session, placement, host=host, **facts, state=State.LIVE, created_at=born)
    except IntegrityError as error:
        if isinstance(error.orig, psycopg.errors.UniqueViolation):
            raise SlugTaken(slug=facts["slug"]) from error
        raise


def _furnish(session: Session, tenant: Tenant, is_taken: bool, furnish: Furnish) -> None:
    """Furnish in the same transaction where the database is the same; elsewhere first, so that nothing opens unfurnished.

    What the other database's commit would set off waits for the registry's.  Both transactions end where the tenant is.
    """
    stand = tenant.stand
    if stand.placement == HOME_PLACEMENT:
        _furnish_in(session, stand, is_taken, furnish)
        return
    with database.transaction(platform_at(stand.placement)) as there:
        _furnish_in(there, stand, pool.take(there, stand.schema), furnish)
        for call in there.info.pop("after_commit", []):
            database.after_commit(session, call)


def _furnish_in(session: Session, stand: Stand, is_taken: bool, furnish: Furnish) -> None:
    if not is_taken:
        raise _SpareSpoilt(stand)
    database.move(session, stand)
    audit.expect_no_chain(session)
    furnish(session)


def _refuse_if_not_free(slug: str) -> None:
    """Nobody should wait for a schema to be built only to hear that the name is taken.

    Nor is it free where somebody has moved away a short while ago: they are still looked for at the old address.
    """
    with database.transaction(PLATFORM) as session:
        if not registry.is_free(session, slug):
            raise SlugTaken(slug=slug)


def check_slug(slug: str, *, is_ours: bool = False) -> None:
    """Raise `SlugUnfit` for what cannot be a tenant's name in addresses; reserved names are for what `is_ours`."""
    if not _SLUG.fullmatch(slug) or (slug in _RESERVED and not is_ours):
        raise SlugUnfit(slug=slug)


def _check(locale: str, time_zone: str) -> None:
    if locale not in BY_CODE:
        raise UnknownLocale(locale=locale)
    try:
        ZoneInfo(time_zone)
    except (ZoneInfoNotFoundError, ValueError) as error:
        raise UnknownTimeZone(time_zone=time_zone) from error
