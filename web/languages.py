"""Which language this request speaks, and how its numbers, days, hours and rows of words are written."""

import re
from collections.abc import Iterable
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import flask_babel
from flask import Flask, current_app, g, request
from flask_babel import Babel
from werkzeug.wrappers import Response

from kernel import clock, i18n
from kernel.i18n import BY_CODE, ENGLISH, LANGUAGES, Language

COOKIE = "fd_language"
_YEAR_SECONDS = 365 * 24 * 3600


def install(app: Flask) -> None:
    Babel(
        app,
        locale_selector=lambda: i18n.spoken().code,
        timezone_selector=lambda: zone().key,
        default_translation_directories=str(i18n.CATALOGUES),
    )
    app.jinja_env.filters.update(
        format_time=format_time,
        format_date=format_date,
        format_ago=format_ago,
        format_size=format_size,
        format_span=format_span,
        number=flask_babel.format_number,
        joined=joined,
        colon=colon,
    )
    app.jinja_env.globals["languages_in_order"] = in_order


def offered() -> tuple[Language, ...]:
    """Return the languages that this face speaks: the portal those that its tenant chose, the others all of them."""
    tenant = g.get("tenant")
    return tenant.languages if tenant and current_app.config["TENANT_CHOOSES_LANGUAGES"] else LANGUAGES


def in_order() -> list[Language]:
    """Return all languages as whoever writes for the tenant's readers thinks of them: its first, those it offers, the rest."""
    tenant = g.get("tenant")
    return sorted(LANGUAGES, key=lambda one: (one != tenant.language, one not in tenant.languages)) if tenant else [*LANGUAGES]


def guess(account: Language | None = None) -> Language:
    """Return the visitor's language among those offered.

    As chosen earlier, else the `account`'s, else as the browser asks, else the tenant's first.
    """
    among, tenant = offered(), g.get("tenant")
    chosen = BY_CODE.get(request.cookies.get(COOKIE, ""))
    wanted = next((language for language in (chosen, account) if language in among), None)
    first = tenant.language if tenant else ENGLISH
    return wanted or i18n.preferred(request.headers.get("Accept-Language", ""), first, among)


def remember(response: Response, language: Language) -> None:
    response.set_cookie(COOKIE, language.code, max_age=_YEAR_SECONDS, samesite="Lax", secure=request.is_secure)


def zone() -> ZoneInfo:
    tenant = g.get("tenant")
    return ZoneInfo(tenant.time_zone if tenant else "UTC")


def format_time(moment: datetime) -> str:
    """Write a moment in the tenant's time zone, to the minute; the year only when it is another."""
    local = moment.astimezone(zone())
    is_this_year = local.year == clock.now().astimezone(zone()).year
    return str(flask_babel.format_datetime(moment, _MOMENT[i18n.spoken().code][0 if is_this_year else 1]))


_MOMENT = {
    "en": ("d MMM, HH:mm", "d MMM y, HH:mm"),
    "zh_Hans": ("M月d日 HH:mm", "y年M月d日 HH:mm"),
    "zh_Hant": ("M月d日 HH:mm", "y年M月d日 HH:mm"),
}


def format_date(moment: datetime) -> str:
    is_english = i18n.spoken() is ENGLISH
    return str(flask_babel.format_date(moment.astimezone(zone()), "d MMMM y" if is_english else "long"))


def format_ago(moment: datetime) -> str:
    """Write how long ago a moment was: "3 hours ago"; in Chinese a space stands after the figure, whatever Babel thinks."""
    return _spaced(str(flask_babel.format_timedelta(moment - clock.now(), add_direction=True, threshold=0.9)))


def format_span(span: timedelta) -> str:
    """Write how long something took: "3 hours"."""
    return _spaced(str(flask_babel.format_timedelta(span, threshold=0.9)))


def _spaced(text: str) -> str:
    return re.sub(r"(\d)(?=[\u4e00-\u9fff])", r"\1 ", text)


def format_size(size: int) -> str:
    """Write a number of bytes as people read it: 340 kB, 2.1 MB."""
    if size < 1_000_000:
        return f"{flask_babel.format_number(max(1, round(size / 1000)))} kB"
    return f"{flask_babel.format_decimal(round(size / 1_000_000, 1))} MB"


def joined(words: Iterable[object]) -> str:
    """Write words in a row: “red, green”, in Chinese “红、绿”."""
    return i18n.spoken().comma.join(map(str, words))


def colon(label: object) -> str:
    """Write a label with the colon that leads to what it says: “Status: ”, in Chinese “状态：”."""
    return f"{label}{i18n.spoken().colon}"
