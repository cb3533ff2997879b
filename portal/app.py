"""The portal as an application: its rooms, and how its visitors are known and spoken to."""

from flask import Flask, abort, current_app, g, url_for
from werkzeug.wrappers import Response

from crm.customers import queries as customers
from kernel import i18n
from tenants import sign_ins
from web import face, hosts, htmx, languages
from web.access import Person
from web.lifecycle import session

# The rooms that have pages; a new room is one line here.
ROOMS = ()


def create() -> Flask:
    app = face.create(
        "portal",
        package="portal",
        load_person=_load_person,
        ask_to_sign_in=_ask_to_sign_in,
        enter=hosts.enter_tenant,
        speak=_speak,
    )
    app.url_value_preprocessor(_take_language)
    app.url_defaults(_add_language)
    for room in ROOMS:
        app.register_blueprint(room.blueprint)
    return app


def _load_person(token: str) -> Person | None:
    customer_id = sign_ins.person_signed_in(session, face="portal", token=token)
    customer = customers.signed_in(session, customer_id) if customer_id else None
    return Person(customer.as_actor(), token, customer) if customer else None


def _ask_to_sign_in(return_to: str) -> Response:
    return htmx.redirect_to(url_for("signing_in.page", next=return_to))


def _take_language(_endpoint: str | None, values: dict[str, object] | None) -> None:
    """The first part of a public address is its language; it is no argument of any view."""
    if values and "language" in values:
        g.path_language = values.pop("language")


def _add_language(endpoint: str, values: dict[str, object]) -> None:
    if "language" not in values and current_app.url_map.is_endpoint_expecting(endpoint, "language"):
        values["language"] = i18n.spoken().path


def _speak() -> None:
    path = g.get("path_language")
    if path is None:
        i18n.speak(languages.guess())
    elif path in i18n.BY_PATH:
        i18n.speak(i18n.BY_PATH[path])
    else:
        i18n.speak(languages.guess())
        abort(404)
