"""The platform's own host: its front page, the operators' console, probes, captured mail."""

from typing import Any

from flask import Flask, url_for
from werkzeug.wrappers import Response

from backoffice.operators import captured_mail, console, front_page, probes, signing_in
from kernel import i18n, settings
from tenants import operators
from web import face, htmx, languages
from web.access import Person
from web.lifecycle import session

ROOMS = (captured_mail, console, front_page, probes, signing_in)


def create() -> Flask:
    app = face.create(
        "operators",
        package="backoffice",
        load_person=_load_person,
        ask_to_sign_in=_ask_to_sign_in,
        enter=lambda: None,
        speak=lambda: i18n.speak(languages.guess()),
    )
    for room in ROOMS:
        app.register_blueprint(room.blueprint)
    app.context_processor(_frame)
    return app


def _load_person(token: str) -> Person | None:
    operator = operators.signed_in(session, token)
    return Person(operator.as_actor(), token, operator) if operator else None


def _ask_to_sign_in(return_to: str) -> Response:
    return htmx.redirect_to(url_for("signing_in.page", next=return_to))


def _frame() -> dict[str, Any]:
    """Name what every page of this host shows besides its own: whether there is captured mail to look at."""
    return {"has_test_hooks": settings.current().has_test_hooks}
