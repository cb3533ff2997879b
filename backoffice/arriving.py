"""The pages behind the links in staff's mails: accepting an invitation, and a new password for who forgot theirs."""

from typing import Any

from flask import Blueprint, flash, request, url_for
from flask_babel import gettext as _
from wtforms import PasswordField, StringField
from wtforms.validators import InputRequired, Length

from backoffice import signing_in
from kernel import i18n
from kernel.i18n import BY_CODE
from kernel.i18n import lazy_text as _l
from tenants import people, staff, staff_links
from tenants.staff_links import Purpose
from web import forms, htmx, languages
from web.access import public
from web.forms import Form
from web.lifecycle import session

blueprint = Blueprint("arriving", __name__)


class WelcomeForm(Form):
    name = StringField(
        _l("Your name"), [InputRequired(_l("Enter a name.")), Length(max=staff.NAME_LENGTH, message=forms.TOO_LONG)]
    )
    password = PasswordField(_l("Password"), [InputRequired(_l("Enter a password."))])


class ForgottenForm(Form):
    email = StringField(_l("E-mail"), [InputRequired(_l("Enter your e-mail address."))])


class NewPasswordForm(Form):
    password = PasswordField(_l("New password"), [InputRequired(_l("Enter a new password."))])


@blueprint.get("/welcome/<token>")
@public("who is invited has no password yet")
def welcome(token: str) -> Any:
    return _show_welcome(token, WelcomeForm())


def _show_welcome(token: str, form: Form) -> Any:
    member = staff_links.look(session, token, Purpose.INVITATION)
    i18n.speak(languages.guess(BY_CODE[member.language]))
    return forms.show("backoffice/welcome.html", form, email=member.email, token=token)


@blueprint.post("/welcome/<token>")
@public("who is invited has no password yet")
def accept(token: str) -> Any:
    form = WelcomeForm()
    if form.validate_on_submit():
        with form.refusals():
            given = {"name": form.name.data, "password": form.password.data}
            return signing_in.come_in(people.accept_invitation(session, token, **given))
    return _show_welcome(token, form)


@blueprint.get("/signin/forgotten")
@public("who forgot their password cannot sign in")
def forgotten() -> Any:
    return forms.show("backoffice/forgotten.html", ForgottenForm())


@blueprint.post("/signin/forgotten")
@public("who forgot their password cannot sign in")
def ask_for_reset() -> Any:
    """Answer the same to everybody: whether an address works here is nobody's business."""
    form = ForgottenForm()
    if form.validate_on_submit():
        with form.refusals():
            staff_links.ask_for_reset(session, email=form.email.data, address=request.remote_addr or "")
            flash(_("If this address works here, a mail with a link is on its way. It works for 45 minutes."), "success")
            return htmx.redirect_to(url_for("signing_in.page"))
    return forms.show("backoffice/forgotten.html", form)


@blueprint.get("/signin/reset/<token>")
@public("who forgot their password cannot sign in")
def reset(token: str) -> Any:
    return _show_reset(token, NewPasswordForm())


def _show_reset(token: str, form: Form) -> Any:
    member = staff_links.look(session, token, Purpose.RESET)
    i18n.speak(languages.guess(BY_CODE[member.language]))
    return forms.show("backoffice/new_password.html", form, email=member.email, token=token)


@blueprint.post("/signin/reset/<token>")
@public("who forgot their password cannot sign in")
def set_password(token: str) -> Any:
    """The second step stays: whoever holds the mailbox alone is not in yet."""
    form = NewPasswordForm()
    if form.validate_on_submit():
        with form.refusals():
            staff_links.reset_password(session, token, password=form.password.data)
            flash(_("Your new password counts from now on. Sign in with it."), "success")
            return htmx.redirect_to(url_for("signing_in.page"))
    return _show_reset(token, form)
