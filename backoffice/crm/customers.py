"""Customers at the desk: the list, the record with its tickets and history, the form, bulk actions."""

from collections.abc import Sequence

from flask import url_for
from sqlalchemy.orm import Session

from crm.customers import commands, queries
from crm.customers.fields import CUSTOMER
from crm.customers.queries import Customer
from kernel.actors import Actor
from kernel.i18n import lazy_text as _l
from service_desk.tickets import queries as tickets
from service_desk.tickets.queries import STATUS_NAMES, Status
from tenants.modules import Module
from tenants.permissions import Permission
from web import access, modules
from web.lifecycle import session
from web.record_pages import Action, BulkAction, Entry, Panel, RecordPages, blueprint_of


def _panels(customer: Customer) -> Sequence[Panel]:
    if not modules.is_on(Module.REQUESTS):
        return []
    latest = tickets.latest_of_customer(session, customer.id, actor=access.actor())
    entries = [
        Entry(
            text=f"#{ticket.number} {ticket.subject}",
            url=url_for("tickets.page", number=ticket.number),
            at=ticket.updated_at,
            status=ticket.status,
            status_name=STATUS_NAMES[Status(ticket.status)],
        )
        for ticket in latest
    ]
    all_of_them = url_for("inbox.listing", view="all", customer=customer.id)
    return [Panel(_l("Tickets"), entries, _l("This customer has not asked for anything yet."), all_of_them)]


def _actions(customer: Customer) -> Sequence[Action]:
    if not modules.is_on(Module.REQUESTS):
        return []
    new_ticket = url_for("new_ticket.page", email=customer.email or "", name=customer.name)
    return [Action(_l("New ticket"), new_ticket, Permission.TICKET_WRITE)]


def _add_tag(session: Session, customer: Customer, tag: str, actor: Actor) -> None:
    commands.add_tag(session, customer, tag=tag, actor=actor)


PAGES = RecordPages(
    record_type=CUSTOMER,
    path="/customers",
    read=Permission.CUSTOMER_READ,
    write=Permission.CUSTOMER_WRITE,
    visible_to=queries.visible_to,
    columns=("name", "email", "phone", "language", "tags", "updated_at"),
    filters=("organisation", "language", "tags", "created_at", "updated_at"),
    sort="name",
    subtitle=lambda customer: customer.organisation,
    bulk=(
        BulkAction(
            name="add_tag",
            label=_l("Add tag"),
            icon="tag",
            permission=Permission.CUSTOMER_WRITE,
            apply=_add_tag,
            value=CUSTOMER["tags"],
            key="t",
        ),
    ),
    new_label=_l("New customer"),
    form=(
        (_l("Who it is"), ("name", "organisation", "language")),
        (_l("How to reach them"), ("email", "phone")),
        (_l("For colleagues"), ("tags", "notes")),
    ),
    add=commands.add,
    change=commands.change,
    panels=_panels,
    actions=_actions,
    viewed="customer.viewed",
    events={
        "customer.added": _l("%(who)s added this customer"),
        "customer.changed": _l("%(who)s changed: %(what)s"),
        "customer.signed_in": _l("%(who)s signed in to the help centre"),
        "customer.password_set": _l("%(who)s chose a new password"),
    },
)
blueprint = modules.belongs_to(blueprint_of(PAGES, "customers"), Module.CUSTOMERS)
