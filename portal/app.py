"""The portal as an application: its rooms, and how its visitors are known and spoken to."""

from flask import Flask, current_app, g, redirect, request, url_for
from werkzeug.routing import AnyConverter, Map
from werkzeug.wrappers import Response

from crm.customers import queries as customers
from kernel import i18n
from portal import (
    account,
    article_files,
    asking,
    brand,
    feeds,
    help_centre,
    home,
    navigation,
    plain_texts,
    rating,
    requests,
    robots,
    searching,
    signing_in,
    sitemaps,
)
from tenants import sign_ins
from web import access, face, hosts, htmx, languages
from web.access import Person
from web.lifecycle import session

# The rooms that have pages; a new room is one line here.
ROOMS = (
    account,
    article_files,
    asking,
    brand,
    feeds,
    help_centre,
    home,
    plain_texts,
    rating,
    requests,
    robots,
    searching,
    signing_in,
    sitemaps,
)


class PathLanguage(AnyConverter):
    """The first part of every public address: one of our languages, as `<language:language>`."""

    def __init__(self, url_map: Map) -> None:
        super().__init__(url_map, *i18n.BY_PATH)


def create() -> Flask:
    app = face.create(
        "portal",
        package="portal",
        load_person=_load_person,
        ask_to_sign_in=_ask_to_sign_in,
        enter=hosts.enter_tenant,
        speak=_speak,
    )
    app.config["TENANT_CHOOSES_LANGUAGES"] = True
    app.url_map.converters["language"] = PathLanguage
    app.url_value_preprocessor(_take_language)
    app.url_defaults(_add_language)
    app.after_request(_remember_language)
    for room in ROOMS:
        app.register_blueprint(room.blueprint)
    navigation.install(app)
    return app


def _load_person(token: str) -> Person | None:
    if hosts.tenant() is None:
        return None  # the error page of a host that is nobody's
    customer_id = sign_ins.person_signed_in(session, face="portal", token=token)
    customer = customers.signed_in(session, customer_id) if customer_id else None
    return Person(customer.as_actor(), token, customer) if customer else None


def _ask_to_sign_in(return_to: str) -> Response:
    return htmx.redirect_to(url_for("signing_in.page", next=return_to))


def _take_language(_endpoint: str | None, values: dict[str, object] | None) -> None:
    """The language of an address is no argument of any view."""
    if values and "language" in values:
        g.path_language = values.pop("language")


def _add_language(endpoint: str, values: dict[str, object]) -> None:
    if "language" not in values and current_app.url_map.is_endpoint_expecting(endpoint, "language"):
        values["language"] = i18n.spoken().path


def _speak() -> Response | None:
    """Speak the language of the address, also where nothing is found; of one that has none, the visitor's.

    An address in a language that the tenant does not offer, or no longer, leads to the same page in one that it does.
    """
    first_part = request.path.split("/", 2)[1]
    named = i18n.BY_PATH.get(g.get("path_language", first_part))
    if named is not None and named in languages.offered():
        i18n.speak(named)
        return None
    i18n.speak(languages.guess(_account_language()))
    if named is None or named.path != first_part or request.method != "GET":
        return None
    return redirect(f"/{i18n.spoken().path}{request.full_path.rstrip('?').removeprefix(f'/{first_part}')}")


def _account_language() -> i18n.Language | None:
    person = access.current_person()
    return person.actor.language if person else None


def _remember_language(response: Response) -> Response:
    """Whoever reads a page in a language is spoken to in it where the address names none."""
    is_page = "path_language" in g and response.status_code < 400 and response.mimetype == "text/html"
    if is_page and request.cookies.get(languages.COOKIE) != i18n.spoken().code:
        languages.remember(response, i18n.spoken())
    return response
