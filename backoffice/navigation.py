"""The frame around every page of the desk: where one can go, where one is, and what rings."""

from typing import Any, NamedTuple

from flask import Flask, g, request, url_for
from werkzeug.local import LocalProxy

from backoffice.settings import sections
from kernel.i18n import LazyText
from kernel.i18n import lazy_text as _l
from notifications import queries as notifications
from service_desk.tickets import queries as tickets
from tenants import vendor
from tenants.permissions import Permission
from tenants.support_access import Visit
from web import access, hosts, modules, returning
from web.lifecycle import session


class Room(NamedTuple):
    """A room in the side bar.  The first letter of `key` goes there (`g i`); `blueprints` are those whose pages are in it."""

    key: str
    label: LazyText
    icon: str
    endpoint: str
    permission: Permission
    blueprints: tuple[str, ...]


_TICKETS = ("inbox", "tickets", "ticket_answers", "ticket_facts", "new_ticket")
_ARTICLES = (
    *("articles", "writing", "reviewing", "article_settings", "article_history"),
    *("viewing", "translations", "snippets", "categories", "synonyms", "feedback", "findability", "questions"),
)
# A new room of the desk is one line here.
_ROOMS = (
    Room("inbox", _l("Inbox"), "inbox", "inbox.listing", Permission.TICKET_READ, _TICKETS),
    Room("customers", _l("Customers"), "users", "customers.listing", Permission.CUSTOMER_READ, ("customers",)),
    Room("knowledge", _l("Knowledge base"), "book", "articles.listing", Permission.ARTICLE_READ, _ARTICLES),
)
# Key, label, icon, address and count, as the layout takes them apart.
Item = tuple[str, LazyText, str, str, int]


def install(app: Flask) -> None:
    app.context_processor(_frame)


def _frame() -> dict[str, Any]:
    """Name what `desk_layout.html` needs.  The counts are read only where a page shows them: fragments and errors do not."""
    frame = {"nav": LocalProxy(_nav), "active": _active(), "links": _links(), "unread": LocalProxy(_unread)}
    return {**frame, "visit": _visit()}


def _visit() -> Visit | None:
    """Return the visit of an operator whom the tenant let in: every page then says so."""
    person = access.current_person()
    return person.record if person is not None and isinstance(person.record, Visit) else None


def _nav() -> list[Item]:
    if "nav" not in g:
        g.nav = [(room.key, room.label, room.icon, url_for(room.endpoint), _count(room)) for room in _open_rooms()]
        g.nav += _settings()
    items: list[Item] = g.nav
    return items


def _open_rooms() -> list[Room]:
    return [room for room in _ROOMS if access.actor().may(room.permission) and modules.has_page(room.endpoint)]


def _settings() -> list[Item]:
    """Return the line that leads to the settings: to their front page, or to the first section that one may open."""
    open_sections = sections.open_to(access.actor())
    if not open_sections:
        return []
    may_all = access.actor().may(Permission.SETTINGS_MANAGE)
    return [("settings", _l("Settings"), "settings", url_for("settings.page" if may_all else open_sections[0].endpoint), 0)]


def home() -> str:
    """Return where the desk begins for whoever is signed in: at the first room that is open to them."""
    if rooms := _open_rooms():
        return url_for(rooms[0].endpoint)
    settings = _settings()
    return settings[0][3] if settings else url_for("my_settings.page")


def _count(room: Room) -> int:
    return tickets.unsolved_count(session, actor=access.actor()) if room.key == "inbox" else 0


def _active() -> str:
    if request.blueprint in sections.BLUEPRINTS:
        return "settings"
    return next((room.key for room in _ROOMS if request.blueprint in room.blueprints), "")


def _unread() -> int:
    if "unread" not in g:
        g.unread = notifications.unread_count(session, actor=access.actor())
    count: int = g.unread
    return count


def _is_vendors() -> bool:
    """Whether this is the vendor's own desk, which asks nobody."""
    tenant = hosts.tenant()
    return tenant is not None and tenant.slug == vendor.SLUG


def _links() -> dict[str, Any]:
    begin = home()
    here = returning.here()
    return {
        "home": begin,
        "search": url_for(_ROOMS[0].endpoint) if modules.has_page(_ROOMS[0].endpoint) else None,
        "suggest": None,
        "notifications": url_for("bell.page"),
        "bell": url_for("bell.count"),
        "account": url_for("my_settings.page"),
        "language": url_for("my_settings.change_language"),
        "new_ticket": url_for("new_ticket.page"),
        "sign_out": url_for("signing_in.sign_out"),
        "help": url_for("support_help.page", page=here or None) if not _is_vendors() else None,
        "support_access": url_for("support.page"),
        "welcome": url_for("first_steps.welcome"),
        "here": here or begin,
    }
