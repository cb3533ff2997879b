"""Writing down what a customer asked on the phone or at the counter, in their name."""

from typing import Any

from flask import Blueprint, flash, request, url_for
from flask_babel import gettext as _
from werkzeug.wrappers import Response
from wtforms import MultipleFileField, SelectField, StringField, TextAreaField

from crm.customers import commands as customers
from kernel import i18n
from kernel.errors import AlreadySent
from kernel.i18n import lazy_text as _l
from service_desk.tickets import commands, queries
from service_desk.tickets.queries import PRIORITY_NAMES, Priority, Ticket
from tenants.modules import Module
from tenants.permissions import Permission
from web import access, attachments, forms, htmx, modules
from web.access import requires
from web.forms import OnceForm
from web.lifecycle import session

blueprint = modules.belongs_to(Blueprint("new_ticket", __name__), Module.REQUESTS)


class NewTicketForm(OnceForm):
    email = StringField(_l("Customer's e-mail"))
    name = StringField(_l("Customer's name"))
    language = SelectField(_l("Language"), choices=forms.LANGUAGE_CHOICES)
    subject = StringField(_l("Subject"))
    body = TextAreaField(_l("Message"))
    priority = SelectField(_l("Priority"), choices=forms.choices(PRIORITY_NAMES.items()), coerce=int, default=Priority.NORMAL)
    files = MultipleFileField(_l("Files"))


@blueprint.get("/tickets/new")
@requires(Permission.TICKET_WRITE)
def page() -> Any:
    """Show the form; `email` and `name` in the address fill it in, as from a customer's page."""
    given = {"email": request.args.get("email", ""), "name": request.args.get("name", "")}
    return _show(NewTicketForm(**given, language=i18n.spoken().code))


def _show(form: NewTicketForm) -> Any:
    return forms.show("backoffice/service_desk/new_ticket.html", form)


@blueprint.post("/tickets/new")
@requires(Permission.TICKET_WRITE)
def create() -> Any:
    form = NewTicketForm()
    if form.validate_on_submit():
        with form.refusals():
            return _written(_create(form))
    if isinstance(form.refusal, AlreadySent) and (earlier := queries.by_form_key(session, form.key or "")):
        flash(_("This ticket had been sent already. Here it is."), "info")
        return htmx.redirect_to(url_for("tickets.page", number=earlier.number))
    return _show(form)


def _create(form: NewTicketForm) -> Ticket:
    name = (form.name.data or "").strip() or (form.email.data or "").partition("@")[0]
    customer = customers.welcome(session, email=form.email.data or "", name=name, language=form.language.data)
    return commands.create(
        session,
        customer=customer,
        subject=form.subject.data or "",
        body=form.body.data or "",
        language=form.language.data,
        priority=Priority(form.priority.data),
        uploads=attachments.arrived(),
        form_key=form.key,
        actor=access.actor(),
    )


def _written(ticket: Ticket) -> Response:
    flash(
        _("Ticket #%(number)s was written. %(name)s is told by e-mail.", number=ticket.number, name=ticket.customer.name),
        "success",
    )
    return htmx.redirect_to(url_for("tickets.page", number=ticket.number))
