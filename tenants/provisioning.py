"""Provisioning: a new tenant is a role, a schema at head and one row, in one transaction."""

import re
import secrets
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import psycopg

from kernel import clock, database
from kernel.errors import DomainError
from kernel.i18n import BY_CODE
from kernel.i18n import lazy_text as _l
from kernel.tenancy import Stand
from tenants import migrations, registry
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


def create_tenant(
    slug: str,
    *,
    name: str,
    locale: str = "en",
    time_zone: str = "UTC",
    brand_color: str = "",
    phone: str = "",
) -> TenantFacts:
    """Make a tenant that can be used at once; whole or not at all, also when the process is killed.

    Raises `SlugUnfit`, `SlugTaken`, `UnknownLocale` or `UnknownTimeZone`.
    """
    _check(slug, locale, time_zone)
    schema = f"t_{secrets.token_hex(6)}"
    stand = Stand(schema, f"r_{schema}")
    insert = """
        INSERT INTO platform.tenant
        (slug, schema_name, name, state, revision, locale, time_zone, brand_color, phone, created_at)
        VALUES (%s, %s, %s, 'live', %s, %s, %s, %s, %s, %s)"""
    values = [slug, schema, name, migrations.head("tenant"), locale, time_zone, brand_color, phone, clock.now()]
    try:
        with database.owner_transaction() as connection:
            connection.execute(insert, values)
            migrations.build_schema(connection, stand)
    except psycopg.errors.UniqueViolation as error:
        raise SlugTaken(slug=slug) from error
    facts = registry.find(slug)
    assert facts is not None
    return facts


def _check(slug: str, locale: str, time_zone: str) -> None:
    if not _SLUG.fullmatch(slug) or slug in _RESERVED:
        raise SlugUnfit(slug=slug)
    if locale not in BY_CODE:
        raise UnknownLocale(locale=locale)
    try:
        ZoneInfo(time_zone)
    except (ZoneInfoNotFoundError, ValueError) as error:
        raise UnknownTimeZone(time_zone=time_zone) from error
