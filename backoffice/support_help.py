"""Help from Frontdesk: a tenant's people ask those who run the platform, and follow the answer at their own desk."""

import uuid
from typing import Any

from flask import Blueprint, Response, flash, request, url_for
from flask_babel import gettext as _
from wtforms import HiddenField, MultipleFileField, StringField, TextAreaField

from kernel.errors import AlreadySent
from kernel.files import ACCEPTED
from kernel.i18n import lazy_text as _l
from service_desk.tickets.queries import CUSTOMER_STATUS_NAMES, Status
from service_desk.vendor_help import commands, queries
from service_desk.vendor_help.commands import Whence
from tenants import staff, vendor
from tenants.permissions import Permission
from web import access, attachments, forms, htmx, returning
from web.access import requires
from web.forms import OnceForm
from web.lifecycle import session

blueprint = Blueprint("support_help", __name__)


class AskForm(OnceForm):
    subject = StringField(_l("What is it about?"))
    body = TextAreaField(_l("What happened?"))
    files = MultipleFileField(_l("Screenshot"))
    page = HiddenField()


class AnswerForm(OnceForm):
    body = TextAreaField(_l("Message"))
    files = MultipleFileField(_l("Files"))


@blueprint.get("/help")
@requires(Permission.OWN_ACCOUNT)
def page() -> Any:
    return _show(AskForm(page=returning.local_path(request.args.get("page"), "")))


def _show(form: AskForm) -> Any:
    asked = queries.questions(session, actor=access.actor()) if vendor.house() else []
    given = {"questions": asked, "status_names": CUSTOMER_STATUS_NAMES, "statuses": Status, "accepted_files": ACCEPTED}
    return forms.show("backoffice/support/help.html", form, is_open=vendor.house() is not None, **given)


def _member() -> Any:
    member = staff.signed_in(session, access.actor().id or 0)
    assert member is not None, "the gate has just found them"
    return member


@blueprint.post("/help")
@requires(Permission.OWN_ACCOUNT)
def ask() -> Any:
    form = AskForm()
    if form.validate_on_submit():
        with form.refusals():
            public_id = _ask(form)
            flash(_("We have your question. You will find our answer here and in your mail."), "success")
            return htmx.redirect_to(url_for("support_help.question", public_id=public_id))
    if isinstance(form.refusal, AlreadySent):
        flash(_("This question had been sent already."), "info")
        return htmx.redirect_to(url_for("support_help.page"))
    return _show(form)


def _ask(form: AskForm) -> uuid.UUID:
    return commands.ask(
        session,
        _member(),
        subject=form.subject.data or "",
        body=form.body.data or "",
        whence=Whence(returning.local_path(form.page.data, ""), request.user_agent.string),
        uploads=attachments.arrived(),
        form_key=form.key,
    )


@blueprint.get("/help/<public_id>")
@requires(Permission.OWN_ACCOUNT)
def question(public_id: str) -> Any:
    return _show_question(attachments.parse_id(public_id), AnswerForm())


def _show_question(public_id: uuid.UUID, form: AnswerForm) -> Any:
    asked, messages = queries.conversation(session, public_id, actor=access.actor())
    status = CUSTOMER_STATUS_NAMES[Status(asked.ticket.status)]
    given = {"asked": asked, "messages": messages, "status_name": status, "accepted_files": ACCEPTED, "vendor": vendor.house()}
    return forms.show("backoffice/support/question.html", form, **given)


@blueprint.post("/help/<public_id>/reply")
@requires(Permission.OWN_ACCOUNT)
def reply(public_id: str) -> Any:
    key, form = attachments.parse_id(public_id), AnswerForm()
    if form.validate_on_submit():
        with form.refusals():
            given: dict[str, Any] = {"body": form.body.data or "", "uploads": attachments.arrived(), "form_key": form.key}
            commands.reply(session, _member(), key, **given)
            return htmx.redirect_to(url_for("support_help.question", public_id=key))
    if isinstance(form.refusal, AlreadySent):
        return htmx.redirect_to(url_for("support_help.question", public_id=key))
    return _show_question(key, form)


@blueprint.get("/help/<public_id>/files/<file_id>")
@requires(Permission.OWN_ACCOUNT)
def file(public_id: str, file_id: str) -> Response:
    return _send(public_id, file_id)


@blueprint.get("/help/<public_id>/files/<file_id>/thumbnail")
@requires(Permission.OWN_ACCOUNT)
def thumbnail(public_id: str, file_id: str) -> Response:
    return _send(public_id, file_id, is_thumbnail=True)


def _send(public_id: str, file_id: str, *, is_thumbnail: bool = False) -> Response:
    asked = queries.request(session, attachments.parse_id(public_id), actor=access.actor())
    with vendor.door() as inside:
        stored = queries.file(inside, asked, attachments.parse_id(file_id))
        return attachments.send(stored, thumbnail=is_thumbnail, place=inside)
