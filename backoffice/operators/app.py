"""The platform's own host: its front page, the operators' console, probes, captured mail."""

from flask import Flask, url_for
from werkzeug.wrappers import Response

from backoffice.operators import probes
from kernel import i18n
from tenants import operators
from web import face, htmx, languages
from web.access import Person
from web.lifecycle import session

ROOMS = (probes,)


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
    return app


def _load_person(token: str) -> Person | None:
    operator = operators.signed_in(session, token)
    return Person(operator.as_actor(), token, operator) if operator else None


def _ask_to_sign_in(return_to: str) -> Response:
    return htmx.redirect_to(url_for("console.sign_in_page", next=return_to))
