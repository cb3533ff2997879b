"""How did we do?  Reached from the stars in our mails and from the page of a solved request."""

from flask import Blueprint, flash, request, url_for
from flask_babel import gettext as _
from werkzeug.wrappers import Response
from wtforms import IntegerField, TextAreaField
from wtforms.validators import InputRequired

from kernel.i18n import lazy_text as _l
from portal import robots
from service_desk.tickets import commands, queries
from service_desk.tickets.queries import Ticket
from tenants.modules import Module
from web import attachments, forms, htmx, modules
from web.access import public
from web.forms import Form
from web.lifecycle import session

blueprint = modules.belongs_to(Blueprint("rating", __name__), Module.REQUESTS)
blueprint.after_request(robots.keep_out)

_HOLDER = "whoever holds the address, which nobody can guess, is its customer"


class RatingForm(Form):
    score = IntegerField(_l("How did we do?"), [InputRequired(_l("Choose one to five stars."))])
    comment = TextAreaField(_l("What should we keep, or do better?"))


@blueprint.get("/<language:language>/requests/<public_id>/rate")
@public(_HOLDER)
def page(public_id: str) -> Response:
    """Show the stars with those of the link chosen.  Opening it rates nothing: mail scanners open links too."""
    ticket = _ticket(public_id)
    chosen = request.args.get("score", ticket.rating, type=int)
    return _shown(ticket, RatingForm(formdata=None, score=chosen, comment=ticket.rating_comment))


@blueprint.post("/<language:language>/requests/<public_id>/rate")
@public(_HOLDER)
def rate(public_id: str) -> Response:
    form = RatingForm()
    if form.validate():
        with form.refusals():
            ticket = _ticket(public_id)
            comment = form.comment.data or ""
            commands.rate(session, ticket, score=form.score.data, comment=comment, actor=ticket.customer.as_actor())
            flash(_("Thank you for telling us."), "success")
            return htmx.redirect_to(url_for("requests.show", public_id=public_id))
    return _shown(_ticket(public_id), form)


def _ticket(public_id: str) -> Ticket:
    return queries.by_public_id(session, attachments.parse_id(public_id))


def _shown(ticket: Ticket, form: RatingForm) -> Response:
    return forms.show("portal/requests/rate.html", form, ticket=ticket, may_rate=queries.is_open_to_rating(ticket))
