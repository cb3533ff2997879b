"""A face: a Flask application with everything that all faces share."""

from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

from flask import Flask, g, get_flashed_messages, request
from flask import session as cookie
from flask_wtf.csrf import generate_csrf
from jinja2 import ChoiceLoader, FileSystemLoader, StrictUndefined
from werkzeug.middleware.proxy_fix import ProxyFix
from werkzeug.routing import IntegerConverter
from werkzeug.wrappers import Response

from kernel import files, i18n, settings
from web import access, assets, closed, errors, hosts, htmx, languages, lifecycle, modules, security
from web.access import Person
from web.cookies import HouseCookies

_WEB = Path(__file__).parent
_FORM_BYTES = 2 * 1024 * 1024
THEME_COOKIE = "fd_theme"


class RowNumber(IntegerConverter):
    """A whole number in an address, as `<int:…>`; what no bigint can hold is no row's number and so not found."""

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **{"max": 2**63 - 1, **options})


def create(
    name: str,
    *,
    package: str,
    load_person: Callable[[str], Person | None],
    ask_to_sign_in: Callable[[str], Response],
    enter: Callable[[], Response | None],
    speak: Callable[[], Response | None],
    while_closing: Callable[[], closed.Answer] = lambda: False,
) -> Flask:
    """Return the application of one face.

    `name` names its cookie.  For each request, in this order: `enter` finds the house, `speak` the language (or leads to an
    address in it), a closed house (but for `while_closing`), damaged input, forged forms are answered, then the gate asks.
    """
    app = Flask(package, static_folder=None, template_folder="templates")
    app.url_map.converters["int"] = RowNumber
    app.session_interface = HouseCookies()
    _configure(app, name)
    app.jinja_env.undefined = StrictUndefined
    app.jinja_env.trim_blocks = app.jinja_env.lstrip_blocks = True
    app.jinja_loader = _loader(package)
    # Imported macros see globals only, not what a context processor names.
    app.jinja_env.globals.update(asset=assets.asset, has_page=modules.has_page)
    htmx.install(app)
    lifecycle.install(app)
    # Until the house is known, and where there is none, the browser's own language.
    app.before_request(lambda: i18n.speak(languages.guess()))
    app.before_request(lambda: enter() or security.insist_on_https())
    languages.install(app)
    access.install(app, load_person=load_person, sign_in_url=ask_to_sign_in)
    app.before_request(speak)
    closed.install(app, while_closing=while_closing)
    app.before_request(lifecycle.refuse_damaged_input)
    security.install(app)
    app.before_request(modules.refuse_what_is_off)
    app.before_request(access.gate)
    errors.install(app)
    app.context_processor(_common)
    return app


def _configure(app: Flask, name: str) -> None:
    current = settings.current()
    is_secure = current.scheme == "https"
    app.config.update(
        SECRET_KEY=current.secret_key,
        SESSION_COOKIE_NAME=f"{'__Host-' if is_secure else ''}fd_{name}",
        SESSION_COOKIE_SECURE=is_secure,
        SESSION_COOKIE_HTTPONLY=True,
        SESSION_COOKIE_SAMESITE="Lax",
        PERMANENT_SESSION_LIFETIME=timedelta(days=30),
        WTF_CSRF_TIME_LIMIT=None,
        MAX_CONTENT_LENGTH=files.MAX_FILES * files.MAX_BYTES + _FORM_BYTES,
        MAX_FORM_MEMORY_SIZE=_FORM_BYTES,
        MAX_FORM_PARTS=200,
        BABEL_DEFAULT_LOCALE="en",
        TENANT_CHOOSES_LANGUAGES=False,
    )


def _loader(package: str) -> Any:
    folders = [settings.PROJECT / package.replace(".", "/") / "templates", _WEB / "templates"]
    return ChoiceLoader([FileSystemLoader(folder) for folder in folders])


def _common() -> dict[str, Any]:
    """What every template may name without being given it."""
    actor = access.actor()
    theme = request.cookies.get(THEME_COOKIE, "auto")
    return {
        "language": i18n.spoken(),
        "languages": languages.offered(),
        "tenant": hosts.tenant(),
        "actor": None if actor.kind == "visitor" else actor,
        "may": actor.may,
        "theme": theme if theme in ("light", "dark", "auto") else "auto",
        "csrf_token": generate_csrf,
        "flashes": _flashes(),
        "request_id": g.get("request_id", ""),
    }


def _flashes() -> list[tuple[str, str]]:
    # Looking into an untouched session would set its cookie, and make every page private to caches.
    return get_flashed_messages(with_categories=True) if "_flashes" in cookie else []  # type: ignore[return-value]


def behind_proxies(app: Any, count: int) -> Any:
    """Believe the forwarding headers of `count` proxies in front of us; of none, when there are none."""
    return ProxyFix(app, x_for=count, x_proto=count, x_host=0) if count else app
