"""Facts of a ticket that staff change beside the conversation: each is a small form of its own."""

from collections.abc import Callable
from typing import Any

from flask import Blueprint, render_template, url_for
from wtforms import IntegerField, SelectField, StringField
from wtforms.validators import NumberRange, Optional

from backoffice.service_desk import ticket_answers, ticket_page
from backoffice.service_desk.tickets import WriteForm
from kernel.errors import InvalidField
from kernel.i18n import lazy_text as _l
from service_desk.tickets import commands, queries
from service_desk.tickets.queries import Priority, Status, Ticket
from tenants import staff
from tenants.modules import Module
from tenants.permissions import Permission
from web import access, htmx, modules
from web.access import requires
from web.forms import Form
from web.lifecycle import session

blueprint = modules.belongs_to(Blueprint("ticket_facts", __name__), Module.REQUESTS)


class AssigneeForm(Form):
    assignee = IntegerField(_l("Assignee"), [Optional(), NumberRange(1, 2**63 - 1)])


class StatusForm(Form):
    status = SelectField(_l("Status"), choices=list(Status))


class PriorityForm(Form):
    priority = SelectField(_l("Priority"), choices=[str(int(priority)) for priority in Priority])


class TagsForm(Form):
    tags = StringField(_l("Tags"))


class SubjectForm(Form):
    subject = StringField(_l("Subject"))
    version = IntegerField(validators=[Optional()])


@blueprint.post("/tickets/<int:number>/assignee")
@requires(Permission.TICKET_WRITE)
def assign(number: int) -> Any:
    form = AssigneeForm()
    return _change(number, form, lambda ticket: _assign(ticket, form.assignee.data))


def _assign(ticket: Ticket, staff_id: int | None) -> None:
    assignee = staff.named(session, {staff_id}).get(staff_id) if staff_id else None
    if staff_id and assignee is None:
        raise InvalidField("assignee", _l("Choose somebody from the list."))
    commands.assign(session, ticket, assignee=assignee, actor=access.actor())


@blueprint.post("/tickets/<int:number>/status")
@requires(Permission.TICKET_WRITE)
def set_status(number: int) -> Any:
    form = StatusForm()
    return _change(number, form, lambda ticket: _set_status(ticket, Status(form.status.data)))


def _set_status(ticket: Ticket, status: Status) -> None:
    commands.set_status(session, ticket, status=status, actor=access.actor())


@blueprint.post("/tickets/<int:number>/priority")
@requires(Permission.TICKET_WRITE)
def set_priority(number: int) -> Any:
    form = PriorityForm()
    return _change(number, form, lambda ticket: _set_priority(ticket, Priority(int(form.priority.data))))


def _set_priority(ticket: Ticket, priority: Priority) -> None:
    commands.set_priority(session, ticket, priority=priority, actor=access.actor())


@blueprint.post("/tickets/<int:number>/tags")
@requires(Permission.TICKET_WRITE)
def set_tags(number: int) -> Any:
    form = TagsForm()
    return _change(number, form, lambda ticket: _set_tags(ticket, form.tags.data or ""))


def _set_tags(ticket: Ticket, text: str) -> None:
    """Chinese keyboards write ， and 、 where Latin ones write a comma."""
    commands.set_tags(session, ticket, tags=text.replace("，", ",").replace("、", ",").split(","), actor=access.actor())


@blueprint.post("/tickets/<int:number>/subject")
@requires(Permission.TICKET_WRITE)
def rename(number: int) -> Any:
    form = SubjectForm()
    given: dict[str, Any] = {"subject": form.subject.data or "", "version": form.version.data}
    return _change(number, form, lambda ticket: commands.rename(session, ticket, **given, actor=access.actor()))


def _change(number: int, form: Form, change: Callable[[Ticket], None]) -> Any:
    """Make a change and answer with what shows it on the page; what is refused is said there, and nothing is kept."""
    if form.validate_on_submit():
        with form.refusals():
            change(queries.get(session, number, actor=access.actor()))
            return _changed(number)
    return _refused(number, form)


def _changed(number: int) -> Any:
    if not htmx.wants_fragment():
        return htmx.redirect_to(url_for("tickets.page", number=number))
    ticket = queries.get(session, number, actor=access.actor())
    return render_template(
        "backoffice/service_desk/_facts_changed.html", **ticket_page.about(session, ticket, actor=access.actor())
    )


def _refused(number: int, form: Form) -> Any:
    ticket = queries.get(session, number, actor=access.actor())
    said = {"problem": form.first_error, "subject": form["subject"].data if "subject" in form else ticket.subject}
    if htmx.wants_fragment():
        page = ticket_page.about(session, ticket, actor=access.actor())
        body = render_template("backoffice/service_desk/_facts_changed.html", **{**page, **said})
    else:
        page = ticket_page.whole(session, ticket, actor=access.actor())
        page |= ticket_answers.panel(ticket, page["messages"])
        body = render_template("backoffice/service_desk/ticket.html", form=WriteForm(formdata=None), **{**page, **said})
    return htmx.answer(body, status=form.http_status)
