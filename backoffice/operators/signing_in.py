"""Operators sign in with a password, at the platform's own host only."""

from typing import Any

from flask import Blueprint, request, url_for
from werkzeug.wrappers import Response
from wtforms import PasswordField, StringField
from wtforms.validators import InputRequired

from backoffice.operators import audit
from kernel.i18n import lazy_text as _l
from tenants import operators
from web import access, forms, htmx
from web.access import Person, public
from web.forms import Form
from web.lifecycle import session
from web.returning import local_path

blueprint = Blueprint("signing_in", __name__, url_prefix="/ops")


class PasswordForm(Form):
    email = StringField(_l("E-mail"), [InputRequired(_l("Enter your e-mail address."))])
    password = PasswordField(_l("Password"), [InputRequired(_l("Enter your password."))])


@blueprint.get("/signin")
@public("whoever signs in has not signed in yet")
def page() -> Any:
    if access.current_person() is not None:
        return htmx.redirect_to(_onwards())
    return _show(PasswordForm())


@blueprint.post("/signin")
@public("whoever signs in has not signed in yet")
def by_password() -> Any:
    form = PasswordForm()
    if form.validate_on_submit():
        with form.refusals():
            operator, token = operators.sign_in(session, email=form.email.data, password=form.password.data)
            access.sign_in(Person(operator.as_actor(), token, operator))
            audit.note("operator.signed_in")
            return htmx.redirect_to(_onwards())
    return _show(form)


@blueprint.post("/signout")
@public("signing out twice harms nobody")
def sign_out() -> Response:
    person = access.current_person()
    if person is not None:
        operators.sign_out(session, person.token)
        audit.note("operator.signed_out")
    access.sign_out()
    return htmx.redirect_to(url_for("signing_in.page"))


def _show(form: Form) -> Any:
    return forms.show("operators/signin.html", form, next_path=_onwards())


def _onwards() -> str:
    return local_path(request.values.get("next"), url_for("console.page"))
