"""The languages that a tenant's portal offers, its first one, and its time zone."""

from functools import cache
from zoneinfo import ZoneInfo, available_timezones

from sqlalchemy.orm import Session

from kernel.actors import Actor
from kernel.errors import InvalidField
from kernel.i18n import LANGUAGES
from kernel.i18n import lazy_text as _l
from tenants import own_row

COLUMNS = ("languages", "locale", "time_zone")
# Where most tenants are; the rest follows in the order of the alphabet.
_FIRST = ("Asia/Taipei", "Asia/Shanghai", "Asia/Hong_Kong", "Asia/Singapore", "Asia/Tokyo", "Europe/London", "Europe/Berlin")


@cache
def time_zones() -> tuple[str, ...]:
    """Return the time zones that can be chosen: places, without the old names that only machines know."""
    places = sorted(name for name in available_timezones() if "/" in name and not name.startswith(("Etc/", "SystemV/", "US/")))
    return (*_FIRST, *(name for name in places if name not in _FIRST), "UTC")


def version(session: Session) -> str:
    return own_row.version(own_row.read(session, COLUMNS))


def change(session: Session, *, languages: list[str], first: str, time_zone: str, seen: str | None, actor: Actor) -> None:
    """Offer these languages, in the product's own order.  Raises `InvalidField` or `StaleEdit`."""
    offered = [language.code for language in LANGUAGES if language.code in languages]
    if not offered:
        raise InvalidField("languages", _l("Your help centre needs at least one language."))
    if first not in offered:
        raise InvalidField("first", _l("The first language must be one of those offered."))
    if time_zone not in time_zones():
        raise InvalidField("time_zone", _l("Choose one of the time zones offered."))
    values = {"languages": offered, "locale": first, "time_zone": str(ZoneInfo(time_zone))}
    own_row.change(session, "tenant.languages_changed", values=values, seen=seen, actor=actor)
