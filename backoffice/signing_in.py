"""Staff sign in with a password, and with a code from their phone when they asked for that second step."""

from datetime import datetime, timedelta
from typing import Any

from flask import Blueprint, request, url_for
from flask import session as cookie
from werkzeug.wrappers import Response
from wtforms import PasswordField, StringField
from wtforms.validators import InputRequired

from kernel import clock
from kernel.i18n import lazy_text as _l
from tenants import sign_ins, staff, staff_sign_in
from web import access, forms, htmx
from web.access import Person, public
from web.forms import Form
from web.lifecycle import session
from web.returning import local_path

blueprint = Blueprint("signing_in", __name__)

_SECOND_STEP = "second_step"
_SECOND_STEP_WITHIN = timedelta(minutes=10)


class PasswordForm(Form):
    email = StringField(_l("E-mail"), [InputRequired(_l("Enter your e-mail address."))])
    password = PasswordField(_l("Password"), [InputRequired(_l("Enter your password."))])


class CodeForm(Form):
    code = StringField(_l("Code"), [InputRequired(_l("Enter the six digits that your app shows."))])


@blueprint.get("/signin")
@public("whoever signs in has not signed in yet")
def page() -> Any:
    if access.current_person() is not None:
        return htmx.redirect_to(_onwards())
    return _show("backoffice/signin.html", PasswordForm())


@blueprint.post("/signin")
@public("whoever signs in has not signed in yet")
def by_password() -> Any:
    form = PasswordForm()
    if form.validate_on_submit():
        with form.refusals():
            given = {"email": form.email.data, "password": form.password.data}
            member = staff_sign_in.sign_in_by_password(session, **given, address=request.remote_addr or "")
            return _ask_for_second_step(member.id) if member.totp_secret else come_in(member)
    return _show("backoffice/signin.html", form)


def _ask_for_second_step(staff_id: int) -> Response:
    cookie[_SECOND_STEP] = [staff_id, clock.now().isoformat()]
    return htmx.redirect_to(url_for("signing_in.second_step", next=_next() or None))


@blueprint.get("/signin/second-step")
@public("whoever signs in has not signed in yet")
def second_step() -> Any:
    if _half_signed_in() is None:
        return htmx.redirect_to(url_for("signing_in.page", next=_next() or None))
    return _show("backoffice/second_step.html", CodeForm())


@blueprint.post("/signin/second-step")
@public("whoever signs in has not signed in yet")
def by_second_step() -> Any:
    staff_id = _half_signed_in()
    member = staff.signed_in(session, staff_id) if staff_id else None
    if member is None or member.totp_secret is None:
        return htmx.redirect_to(url_for("signing_in.page", next=_next() or None))
    form = CodeForm()
    if form.validate_on_submit():
        with form.refusals():
            staff_sign_in.sign_in_by_second_step(session, member, code=form.code.data, address=request.remote_addr or "")
            return come_in(member)
    return _show("backoffice/second_step.html", form)


def _half_signed_in() -> int | None:
    """Return who typed the right password in this browser during the last ten minutes."""
    staff_id, since = cookie.get(_SECOND_STEP, (None, ""))
    if staff_id is None or clock.now() - datetime.fromisoformat(since) > _SECOND_STEP_WITHIN:
        return None
    return int(staff_id)


def come_in(member: Any) -> Response:
    """Sign this browser in as somebody who has proved who they are, and go on to where they wanted."""
    facts: dict[str, Any] = {"agent": request.user_agent.string, "address": request.remote_addr or ""}
    token = sign_ins.open_sign_in(session, face="desk", person_id=member.id, **facts)
    access.sign_in(Person(member.as_actor(), token, member))
    return htmx.redirect_to(_onwards())


def _show(template: str, form: Form) -> Any:
    return forms.show(template, form, next_path=_next())


def _onwards() -> str:
    """The desk's own address: it knows which room is the first for whom."""
    return _next() or url_for("inbox.listing")


def _next() -> str:
    return local_path(request.values.get("next"), "")


@blueprint.post("/signout")
@public("signing out twice harms nobody")
def sign_out() -> Response:
    person = access.current_person()
    if person is not None:
        sign_ins.end_sign_in(session, person.token)
    access.sign_out()
    return htmx.redirect_to(url_for("signing_in.page"))
