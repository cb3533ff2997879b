"""Provisioning: a new tenant is a role, a schema at head and one row, and opens when it is furnished."""

import re
import secrets
from collections.abc import Callable
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import psycopg
from psycopg import sql
from sqlalchemy import select, update
from sqlalchemy.orm import Session

from kernel import clock, database
from kernel.errors import DomainError
from kernel.i18n import BY_CODE
from kernel.i18n import lazy_text as _l
from kernel.tenancy import PLATFORM, Stand
from tenants import migrations, registry
from tenants.models import Tenant
from tenants.registry import TenantFacts

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


Furnish = Callable[[Session], object]


def create_tenant(
    slug: str,
    *,
    name: str,
    locale: str = "en",
    time_zone: str = "UTC",
    brand_color: str = "",
    phone: str = "",
    furnish: Furnish = lambda session: None,
) -> TenantFacts:
    """Make a tenant that can be used at once.  `furnish` puts in what it must not open without, such as its administrator.

    The schema is built in one transaction, furnished and opened in a second; a process killed between the two leaves a tenant
    that nobody can see, and the next call with the same slug goes on with it.  Raises `SlugUnfit`, `SlugTaken`,
    `UnknownLocale`, `UnknownTimeZone`, or what `furnish` raises.
    """
    _check(slug, locale, time_zone)
    facts = {"name": name, "locale": locale, "time_zone": time_zone, "brand_color": brand_color, "phone": phone}
    stand = _build(slug, facts)
    with database.transaction(stand) as session:
        furnish(session)
        database.move(session, PLATFORM)
        session.execute(update(Tenant).where(Tenant.id == stand.tenant_id).values(state="live"))
    registry.forget()
    opened = registry.find(slug)
    assert opened is not None
    return opened


def _build(slug: str, facts: dict[str, str]) -> Stand:
    schema = f"t_{secrets.token_hex(6)}"
    columns = {**facts, "slug": slug, "schema_name": schema, "revision": migrations.head("tenant"), "created_at": clock.now()}
    insert = sql.SQL("INSERT INTO platform.tenant ({}, state) VALUES ({}, 'building') RETURNING id").format(
        sql.SQL(", ").join(map(sql.Identifier, columns)), sql.SQL(", ").join(map(sql.Placeholder, columns))
    )
    try:
        with database.owner_transaction() as connection:
            row = connection.execute(insert, columns).fetchone()
            assert row is not None
            stand = Stand(schema, f"r_{schema}", row[0])
            migrations.build_schema(connection, stand)
            return stand
    except psycopg.errors.UniqueViolation as error:
        return _half_built(slug, error)


def _half_built(slug: str, error: Exception) -> Stand:
    with database.transaction() as session:
        tenant = session.scalars(select(Tenant).where(Tenant.slug == slug)).one()
    if tenant.state != "building":
        raise SlugTaken(slug=slug) from error
    return tenant.stand


def _check(slug: str, locale: str, time_zone: str) -> None:
    if not _SLUG.fullmatch(slug) or slug in _RESERVED:
        raise SlugUnfit(slug=slug)
    if locale not in BY_CODE:
        raise UnknownLocale(locale=locale)
    try:
        ZoneInfo(time_zone)
    except (ZoneInfoNotFoundError, ValueError) as error:
        raise UnknownTimeZone(time_zone=time_zone) from error
