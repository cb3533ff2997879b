"""The ticket page: read the conversation, answer the customer, note something for colleagues."""

from typing import Any

from flask import Blueprint, Response, flash, render_template, url_for
from flask_babel import gettext as _
from wtforms import IntegerField, MultipleFileField, RadioField, SelectField, TextAreaField
from wtforms.validators import NumberRange, Optional

from backoffice.service_desk import ticket_answers, ticket_page
from kernel import events
from kernel.errors import AlreadySent
from kernel.i18n import lazy_text as _l
from notifications import commands as notifications
from service_desk.tickets import commands, queries
from service_desk.tickets.queries import Message, MessageKind, Status, Ticket
from tenants.modules import Module
from tenants.permissions import Permission
from web import access, attachments, forms, htmx, modules
from web.access import requires
from web.forms import OnceForm
from web.lifecycle import session

blueprint = modules.belongs_to(Blueprint("tickets", __name__), Module.REQUESTS)


class WriteForm(OnceForm):
    """What the composer sends; `status` is what the pressed button names."""

    kind = RadioField(choices=forms.choices([("reply", _l("Reply")), ("note", _l("Internal note"))]), default="reply")
    body = TextAreaField(_l("Message"))
    status = SelectField(choices=[Status.WAITING, Status.SOLVED, Status.OPEN], default=Status.WAITING)
    last_seen = IntegerField(validators=[Optional(), NumberRange(0, 2**63 - 1)])
    files = MultipleFileField(_l("Files"))


@blueprint.get("/tickets/<int:number>")
@requires(Permission.TICKET_READ)
def page(number: int) -> Any:
    ticket = _ticket(number)
    if access.actor().kind == "operator":
        # A guest: the tenant reads afterwards what was looked at.
        events.record_view(session, "ticket.viewed", ticket, actor=access.actor())
    notifications.mark_read(session, actor=access.actor(), ticket_id=ticket.id)
    form = WriteForm()
    form.body.data = ticket_answers.inserted(ticket)
    return _show(ticket, form)


def _ticket(number: int) -> Ticket:
    return queries.get(session, number, actor=access.actor())


def _show(ticket: Ticket, form: WriteForm) -> Any:
    seen = form.last_seen.data if form.is_submitted() else None
    page = ticket_page.whole(session, ticket, actor=access.actor(), seen=seen)
    panel = ticket_answers.panel(ticket, page["messages"])
    return forms.show("backoffice/service_desk/ticket.html", form, **page, **panel)


@blueprint.get("/tickets/<int:number>/reply")
@requires(Permission.TICKET_READ)
def back_to_page(number: int) -> Response:
    """Lead back from the address at which a refused reply was shown, when it is opened anew."""
    return htmx.redirect_to(url_for("tickets.page", number=number))


@blueprint.post("/tickets/<int:number>/reply")
@requires(Permission.TICKET_WRITE)
def reply(number: int) -> Any:
    form = WriteForm()
    if form.validate_on_submit():
        with form.refusals():
            message = _send(_ticket(number), form)
            return htmx.redirect_to(f"{url_for('tickets.page', number=number)}#m{message.id}")
    if isinstance(form.refusal, AlreadySent):
        form.renew_key()
    return _show(_ticket(number), form)


def _send(ticket: Ticket, form: WriteForm) -> Message:
    given: dict[str, Any] = {
        "body": form.body.data or "",
        "actor": access.actor(),
        "uploads": attachments.arrived(),
        "form_key": form.key,
    }
    if form.kind.data == MessageKind.NOTE:
        message = commands.note(session, ticket, **given)
        flash(_("Your note was added. Only staff can read it."), "success")
        return message
    message = commands.reply(session, ticket, **given, status=Status(form.status.data), last_seen=form.last_seen.data)
    flash(_("Your reply was sent to %(name)s.", name=ticket.customer.name), "success")
    return message


@blueprint.get("/tickets/<int:number>/live")
@requires(Permission.TICKET_READ)
def live(number: int) -> str:
    """Return what may have changed while the page was open; the composer is never among it."""
    ticket = _ticket(number)
    notifications.mark_read(session, actor=access.actor(), ticket_id=ticket.id)
    return render_template("backoffice/service_desk/_live.html", **ticket_page.whole(session, ticket, actor=access.actor()))


@blueprint.get("/tickets/<int:number>/files/<file_id>")
@requires(Permission.TICKET_READ)
def file(number: int, file_id: str) -> Response:
    return attachments.send(_file(number, file_id))


@blueprint.get("/tickets/<int:number>/files/<file_id>/thumbnail")
@requires(Permission.TICKET_READ)
def thumbnail(number: int, file_id: str) -> Response:
    return attachments.send(_file(number, file_id), thumbnail=True)


def _file(number: int, file_id: str) -> Any:
    return queries.file_of(session, _ticket(number), attachments.parse_id(file_id), actor=access.actor())
