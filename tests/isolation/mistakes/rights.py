"""Mistakes about who may: permissions that are missing, wrong, or asked for too late."""

from typing import Any

import pytest
from flask import g, request
from sqlalchemy import update

import wsgi
from kernel import database
from kernel.errors import Forbidden
from service_desk.tickets.models import Ticket
from tenants import permissions
from tenants.permissions import Permission, Role
from tests.isolation.houses import Town
from web import access, lifecycle
from web.access import Access

Patch = pytest.MonkeyPatch


def _permission_of(patch: Patch, endpoint: str, permission: str) -> None:
    view = wsgi.faces()["desk"].view_functions[endpoint]
    patch.setattr(view, "access", Access(permission))


def drop_permission(patch: Patch, town: Town) -> None:
    _permission_of(patch, "customers.export", Permission.OWN_ACCOUNT)


def wrong_permission(patch: Patch, town: Town) -> None:
    _permission_of(patch, "categories.add", Permission.ARTICLE_WRITE)


def gate_get_only(patch: Patch, town: Town) -> None:
    def lenient() -> Any:
        if request.method == "GET":
            return access.gate()
        g.actor = permissions_of_all
        return None

    permissions_of_all = access.Actor(kind="system", permissions=frozenset(map(str, Permission)))
    gates = wsgi.faces()["desk"].before_request_funcs[None]
    patch.setitem(gates_by_place(gates), gates.index(access.gate), lenient)


def gates_by_place(gates: list[Any]) -> Any:
    """A list, in the words that pytest has for patching: it sets and puts back by index."""
    return _Places(gates)


class _Places(dict[int, Any]):
    def __init__(self, gates: list[Any]) -> None:
        super().__init__(enumerate(gates))
        self.gates = gates

    def __setitem__(self, place: int, gate: Any) -> None:
        self.gates[place] = gate


def viewers_write(patch: Patch, town: Town) -> None:
    patch.setitem(permissions.GRANTED, Role.VIEWER, permissions.GRANTED[Role.AGENT])


def ask_afterwards(patch: Patch, town: Town) -> None:
    def view(number: int) -> Any:
        with database.transaction(town.own.tenant.stand) as session:
            session.execute(_tagging(number))
        raise Forbidden()

    _instead(patch, view)


def keep_refused(patch: Patch, town: Town) -> None:
    """The write and the refusal are one transaction, and the error page commits it on its way out."""

    def view(number: int) -> Any:
        lifecycle.session.execute(_tagging(number))
        raise Forbidden()

    def start_over() -> None:
        opened = g.pop("session", None)
        if opened is not None:
            database.settle(opened, keep=True)

    _instead(patch, view)
    patch.setattr(lifecycle, "start_over", start_over)


def _tagging(number: int) -> Any:
    return update(Ticket).where(Ticket.number == number).values(tags=["changed"])


def _instead(patch: Patch, view: Any) -> None:
    view.access = Access(Permission.TICKET_READ)
    patch.setitem(wsgi.faces()["desk"].view_functions, "ticket_facts.set_tags", view)
