"""The back office as an application: its rooms, and how its people are known and spoken to."""

from importlib import import_module

from flask import Flask, g, request, url_for
from werkzeug.wrappers import Response

from backoffice import navigation
from backoffice.settings import sections
from kernel import i18n
from tenants import sign_ins, staff, support_access
from tenants.permissions import Permission
from web import access, choosing_language, closed, face, hosts, htmx, languages, modules
from web.access import Person
from web.lifecycle import session

# The rooms that have pages; a new room is one line here.
ROOMS = (
    "backoffice.signing_in",
    "backoffice.first_steps",
    "backoffice.arriving",
    "backoffice.my_settings",
    "backoffice.support",
    "backoffice.support_help",
    "backoffice.service_desk.bell",
    "backoffice.service_desk.inbox",
    "backoffice.service_desk.new_ticket",
    "backoffice.service_desk.ticket_answers",
    "backoffice.service_desk.ticket_facts",
    "backoffice.service_desk.tickets",
    "backoffice.crm.customers",
    "backoffice.knowledge_base.articles",
    "backoffice.knowledge_base.writing",
    "backoffice.knowledge_base.reviewing",
    "backoffice.knowledge_base.settings",
    "backoffice.knowledge_base.history",
    "backoffice.knowledge_base.viewing",
    "backoffice.knowledge_base.translations",
    "backoffice.knowledge_base.snippets",
    "backoffice.knowledge_base.categories",
    "backoffice.knowledge_base.synonyms",
    "backoffice.knowledge_base.feedback",
    "backoffice.knowledge_base.findability",
    "backoffice.knowledge_base.questions",
    "backoffice.settings.home",
    "backoffice.settings.people",
    "backoffice.settings.roles",
    "backoffice.settings.sign_ins",
    "backoffice.settings.branding",
    "backoffice.settings.domains",
    "backoffice.settings.languages",
    "backoffice.settings.modules",
    "backoffice.settings.audit",
    "backoffice.settings.closing",
    "backoffice.settings.exporting",
    "backoffice.settings.demo_data",
)
# What administrators still need when their tenant has given notice.
_OPEN_WHILE_CLOSING = ("signing_in", "settings_closing", "settings_exporting")


def create() -> Flask:
    app = face.create(
        "desk",
        package="backoffice",
        load_person=_load_person,
        ask_to_sign_in=_ask_to_sign_in,
        enter=lambda: hosts.enter_tenant() or _door(),
        speak=_speak,
        while_closing=_while_closing,
    )
    for room in ROOMS:
        app.register_blueprint(import_module(room).blueprint, url_prefix="/desk")
    choosing_language.install(app, "/desk")
    sections.install(app)
    navigation.install(app)
    return app


def _door() -> Response | None:
    """Lead from the desk's own address, which is the inbox's, to the first room of whoever cannot enter that."""
    if request.endpoint != "inbox.listing":
        return None
    person, is_there = access.current_person(), modules.has_page("inbox.listing")
    if person is None:
        return None if is_there else _ask_to_sign_in("")
    g.actor = person.actor
    return None if is_there and person.actor.may(Permission.TICKET_READ) else htmx.redirect_to(navigation.home())


def _load_person(token: str) -> Person | None:
    if hosts.tenant() is None:
        return None  # the error page of a host that is nobody's
    staff_id = sign_ins.person_signed_in(session, face="desk", token=token)
    member = staff.signed_in(session, staff_id) if staff_id else None
    if member is not None:
        return Person(member.as_actor(), token, member)
    visit = support_access.visiting(session, token)
    return Person(visit.actor, token, visit) if visit else None


def _ask_to_sign_in(return_to: str) -> Response:
    return htmx.redirect_to(url_for("signing_in.page", next=return_to or None))


def _while_closing() -> closed.Answer:
    """Let administrators in to export everything and to undo the closing; all others may only sign in and out."""
    person = access.current_person()
    if person is None:
        return request.blueprint == "signing_in" or _ask_to_sign_in(url_for("settings_closing.page"))
    if not person.actor.may(Permission.TENANT_CLOSE):
        return request.blueprint == "signing_in"
    return request.blueprint in _OPEN_WHILE_CLOSING or htmx.redirect_to(url_for("settings_closing.page"))


def _speak() -> None:
    """Staff are spoken to in their account's language, visitors of the sign-in page and operators in their browser's."""
    signed_in = access.current_person()
    is_member = signed_in is not None and signed_in.actor.kind == "staff"
    i18n.speak(signed_in.actor.language if signed_in and is_member else languages.guess())
