"""A customer's requests: the list, and each with its conversation."""

import uuid
from datetime import datetime
from typing import Any

from flask import Blueprint, abort, flash, render_template, request, url_for
from flask_babel import gettext as _
from werkzeug.wrappers import Response
from wtforms import MultipleFileField, TextAreaField
from wtforms.validators import InputRequired

from kernel.actors import Actor
from kernel.errors import AlreadySent
from kernel.files import ACCEPTED
from kernel.i18n import lazy_text as _l
from kernel.text import fold
from portal import expectations, navigation, progress, robots
from portal.rating import RatingForm
from service_desk.tickets import commands, queries
from service_desk.tickets.queries import CUSTOMER_STATUS_NAMES, CUSTOMER_TABS, Status, Ticket
from tenants.modules import Module
from tenants.permissions import Permission
from web import access, attachments, htmx, modules
from web.access import public, requires
from web.forms import OnceForm
from web.lifecycle import session

blueprint = modules.belongs_to(Blueprint("requests", __name__), Module.REQUESTS)
blueprint.after_request(robots.keep_out)

# A request's address is 122 random bits, sent to its customer only: it is the key, so that guests need no account.
_HOLDER = "whoever holds the address, which nobody can guess, is its customer"


@blueprint.get("/<language:language>/requests")
@requires(Permission.OWN_ACCOUNT)
def listing() -> str:
    tab = request.args.get("tab", "open")
    if tab not in CUSTOMER_TABS:
        abort(404)
    words = " ".join(request.args.get("q", "").split())[:200]
    found = queries.of_customer(session, tab=tab, actor=access.actor(), words=fold(words), before=_before())
    here: dict[str, Any] = {"tab": tab, "q": words or None}
    return render_template(
        "portal/requests/list.html",
        tab=tab,
        words=words,
        found=found,
        status_names=CUSTOMER_STATUS_NAMES,
        newest_url=url_for("requests.listing", **here) if "before" in request.args else None,
        older_url=url_for("requests.listing", **here, before=found.next_before.isoformat()) if found.next_before else None,
    )


def _before() -> datetime | None:
    """Return where the page goes on; a place that is none is the reader's mistake, not ours."""
    given = request.args.get("before")
    if given is None:
        return None
    try:
        moment = datetime.fromisoformat(given)
    except ValueError:
        abort(400)
    if moment.tzinfo is None:
        abort(400)
    return moment


class ReplyForm(OnceForm):
    body = TextAreaField(_l("Your reply"), [InputRequired(_l("Write a message."))])
    files = MultipleFileField(_l("Files"))


@blueprint.get("/<language:language>/requests/<public_id>")
@public(_HOLDER)
def show(public_id: str) -> Response:
    return _page(public_id, ReplyForm())


@blueprint.post("/<language:language>/requests/<public_id>")
@public(_HOLDER)
def reply(public_id: str) -> Response:
    form = ReplyForm()
    if form.validate():
        with form.refusals():
            ticket = _ticket(public_id)
            actor, uploads = _holder(ticket), attachments.arrived()
            commands.reply(session, ticket, body=form.body.data or "", actor=actor, form_key=form.key, uploads=uploads)
            flash(_("Your reply was sent."), "success")
            return htmx.redirect_to(f"{_url(public_id)}#latest")
    if isinstance(form.refusal, AlreadySent):
        return _already_sent(form.refusal, public_id)
    return _page(public_id, form)


def _ticket(public_id: str) -> Ticket:
    return queries.by_public_id(session, attachments.parse_id(public_id))


def _holder(ticket: Ticket) -> Actor:
    actor: Actor = ticket.customer.as_actor()
    return actor


def _url(public_id: str | uuid.UUID) -> str:
    return url_for("requests.show", public_id=public_id)


def _page(public_id: str, form: ReplyForm) -> Response:
    ticket = _ticket(public_id)
    body = render_template(
        "portal/requests/show.html",
        form=form,
        rating_form=RatingForm(formdata=None, score=ticket.rating, comment=ticket.rating_comment),
        may_rate=queries.is_open_to_rating(ticket),
        is_just_received="received" in request.args and request.method == "GET",
        accepted_files=ACCEPTED,
        has_lost_files=bool(form.errors and attachments.arrived()),
        first_reply=expectations.first_reply() if "received" in request.args else "",
        link=navigation.absolute(_url(ticket.public_id)),
        **_conversation(ticket),
    )
    return htmx.answer(body, status=form.http_status)


def _conversation(ticket: Ticket) -> dict[str, object]:
    """Return what the parts of the page that refresh themselves show."""
    return {
        "ticket": ticket,
        "status_name": CUSTOMER_STATUS_NAMES[Status(ticket.status)],
        "messages": queries.conversation(session, ticket, actor=_holder(ticket)),
        "steps": progress.steps(ticket, queries.timeline(session, ticket)),
    }


def _already_sent(error: AlreadySent, public_id: str) -> Response:
    body = render_template("portal/asking/already_sent.html", error=error, ticket=_ticket(public_id))
    return htmx.answer(body, status=error.status)


@blueprint.get("/<language:language>/requests/<public_id>/conversation")
@public(_HOLDER)
def conversation(public_id: str) -> str:
    return render_template("portal/requests/_live.html", **_conversation(_ticket(public_id)))


@blueprint.post("/<language:language>/requests/<public_id>/solve")
@public(_HOLDER)
def solve(public_id: str) -> Response:
    return _moved_to(public_id, Status.SOLVED, _("Good to hear. The request is solved."))


@blueprint.post("/<language:language>/requests/<public_id>/reopen")
@public(_HOLDER)
def reopen(public_id: str) -> Response:
    return _moved_to(public_id, Status.OPEN, _("The request is open again. Tell us below what is still missing."))


def _moved_to(public_id: str, status: Status, told: str) -> Response:
    ticket = _ticket(public_id)
    commands.set_status(session, ticket, status=status, actor=_holder(ticket))
    flash(told, "success")
    return htmx.redirect_to(_url(public_id))


@blueprint.get("/<language:language>/requests/<public_id>/files/<file_id>")
@public(_HOLDER)
def file(public_id: str, file_id: str) -> Response:
    return _file(public_id, file_id, thumbnail=False)


@blueprint.get("/<language:language>/requests/<public_id>/files/<file_id>/thumbnail")
@public(_HOLDER)
def thumbnail(public_id: str, file_id: str) -> Response:
    return _file(public_id, file_id, thumbnail=True)


def _file(public_id: str, file_id: str, *, thumbnail: bool) -> Response:
    ticket = _ticket(public_id)
    found = queries.file_of(session, ticket, attachments.parse_id(file_id), actor=_holder(ticket))
    return attachments.send(found, thumbnail=thumbnail)
