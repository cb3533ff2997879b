"""The inbox: all tickets, in ready-made views with their counts, and what can be done with many of them at once."""

from collections.abc import Callable, Sequence
from typing import Any

from flask import request, url_for
from sqlalchemy import Select
from sqlalchemy.orm import Session

from crm.customers import queries as customers
from kernel.actors import Actor
from kernel.errors import InvalidField
from kernel.i18n import LazyText
from kernel.i18n import lazy_text as _l
from kernel.records import Field
from service_desk.tickets import commands, queries
from service_desk.tickets.fields import TICKET
from service_desk.tickets.queries import Priority, Status, Ticket
from tenants import staff
from tenants.modules import Module
from tenants.permissions import Permission
from web import access, modules
from web.lifecycle import session
from web.record_pages import BulkAction, RecordPages, Tab, blueprint_of

_VIEWS: dict[str, tuple[LazyText, str]] = {
    "mine": (_l("My tickets"), "user"),
    "unassigned": (_l("Unassigned"), "inbox"),
    "open": (_l("Open"), "circle-dot"),
    "waiting": (_l("Waiting for customer"), "clock"),
    "solved": (_l("Solved"), "circle-check"),
    "all": (_l("All"), "list"),
}


def _view() -> str:
    """Return the view in the address.  Without one it is the open tickets; who searches or filters looks through all."""
    asked = request.args.get("view", "")
    if asked in _VIEWS:
        return asked
    return "all" if any(request.args.get(name) for name in ("q", *PAGES.filters)) else "open"


def _in_view(query: Select[Ticket]) -> Select[Ticket]:
    return queries.in_view(query, _view(), actor=access.actor())


def _tabs() -> tuple[str, Sequence[Tab]]:
    counts = queries.view_counts(session, actor=access.actor())
    return _view(), [Tab(key, label, icon, counts[key]) for key, (label, icon) in _VIEWS.items()]


def _asked_customers() -> list[tuple[int, str]]:
    """Return the customers that the address names: a list of all would be too long to choose from."""
    ids = {int(text) for text in request.args.getlist("customer") if text.isascii() and text.isdecimal() and len(text) < 19}
    return [(found.id, found.name) for found in customers.named(session, ids, actor=access.actor())]


def _people() -> list[tuple[int, str]]:
    return [(member.id, member.name) for member in staff.assignable(session)]


def _assign(session: Session, ticket: Ticket, staff_id: str, actor: Actor) -> None:
    assignee = next((member for member in staff.assignable(session) if str(member.id) == staff_id), None)
    if assignee is None:
        raise InvalidField("assignee", _l("Choose somebody from the list."))
    commands.assign(session, ticket, assignee=assignee, actor=actor)


def _set_status(session: Session, ticket: Ticket, status: str, actor: Actor) -> None:
    commands.set_status(session, ticket, status=Status(status), actor=actor)


def _set_priority(session: Session, ticket: Ticket, priority: str, actor: Actor) -> None:
    commands.set_priority(session, ticket, priority=Priority(int(priority)), actor=actor)


def _add_tag(session: Session, ticket: Ticket, tag: str, actor: Actor) -> None:
    commands.add_tag(session, ticket, tag=tag, actor=actor)


def _solve(session: Session, ticket: Ticket, _value: str, actor: Actor) -> None:
    commands.set_status(session, ticket, status=Status.SOLVED, actor=actor)


def _action(
    name: str, label: LazyText, icon: str, key: str, apply: Callable[[Session, Any, str, Actor], None], value: Field | None
) -> BulkAction:
    return BulkAction(name=name, label=label, icon=icon, permission=Permission.TICKET_WRITE, apply=apply, value=value, key=key)


PAGES = RecordPages(
    record_type=TICKET,
    path="/tickets",
    list_path="/",
    read=Permission.TICKET_READ,
    write=Permission.TICKET_WRITE,
    visible_to=queries.visible_to,
    view=_in_view,
    columns=("subject", "status", "priority", "assignee", "tags", "updated_at"),
    filters=("status", "priority", "assignee", "customer", "tags", "language", "created_at", "updated_at"),
    search=queries.found,
    options=queries.WITH_PEOPLE,
    heading=lambda: _VIEWS[_view()][0],
    subtitle=lambda ticket: f"#{ticket.number} · {ticket.customer.name}",
    tabs=_tabs,
    looks={"status": "status", "priority": "priority", "assignee": "person"},
    references={"assignee": _people, "customer": _asked_customers},
    has_show=False,
    row_url=lambda ticket: url_for("tickets.page", number=ticket.number),
    new_url=lambda: url_for("new_ticket.page"),
    new_label=_l("New ticket"),
    bulk=(
        _action("assign", _l("Assign"), "user-plus", "a", _assign, TICKET["assignee"]),
        _action("status", _l("Status"), "circle-dot", "s", _set_status, TICKET["status"]),
        _action("priority", _l("Priority"), "flag", "p", _set_priority, TICKET["priority"]),
        _action("add_tag", _l("Add tag"), "tag", "t", _add_tag, TICKET["tags"]),
        _action("solve", _l("Solve"), "check", "e", _solve, None),
    ),
    is_live=True,
)
blueprint = modules.belongs_to(blueprint_of(PAGES, "inbox"), Module.REQUESTS)
