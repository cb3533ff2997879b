"""A member of staff's own account: language, password, second step, and where they are signed in."""

import re
from typing import Any

import segno
from flask import Blueprint, flash, request, url_for
from flask_babel import gettext as _
from werkzeug.wrappers import Response
from wtforms import HiddenField, PasswordField, SelectField, StringField
from wtforms.validators import InputRequired

from kernel import i18n, passwords
from kernel.i18n import BY_CODE
from kernel.i18n import lazy_text as _l
from tenants import roles, sign_ins, staff, staff_sign_in
from tenants.permissions import Permission
from web import access, forms, hosts, htmx, languages
from web.access import requires
from web.forms import Form
from web.lifecycle import session
from web.returning import local_path

blueprint = Blueprint("my_settings", __name__)


class LanguageForm(Form):
    language = SelectField(_l("Language"), choices=forms.LANGUAGE_CHOICES)


class PasswordForm(Form):
    present_password = PasswordField(_l("Current password"), [InputRequired(_l("Enter your current password."))])
    new_password = PasswordField(_l("New password"), [InputRequired(_l("Enter a new password."))])


class SecondStepForm(Form):
    secret = HiddenField()
    code = StringField(_l("Code"), [InputRequired(_l("Enter the six digits that your app shows."))])


class DropSecondStepForm(Form):
    password = PasswordField(_l("Password"), [InputRequired(_l("Enter your password."))])


@blueprint.get("/me")
@requires(Permission.OWN_ACCOUNT)
def page() -> Any:
    return _show(PasswordForm())


def _member() -> Any:
    """Return the signed-in member's row, in the present transaction: a refused form has begun a new one."""
    member = staff.signed_in(session, access.actor().id or 0)
    assert member is not None, "the gate has just found them"
    return member


def _token() -> str:
    person = access.current_person()
    assert person is not None
    return person.token


def _show(form: Form) -> Any:
    member = _member()
    return forms.show(
        "backoffice/my_settings.html",
        form,
        member=member,
        role_name=roles.name_of(member),
        browsers=sign_ins.open_sign_ins(session, face="desk", person_id=member.id),
        browser_name=browser_name,
        this_browser=passwords.digest(_token()),
    )


@blueprint.post("/me/language")
@requires(Permission.OWN_ACCOUNT)
def change_language() -> Response:
    form = LanguageForm()
    if form.validate_on_submit() and form.language.data != _member().language:
        staff.speak(session, _member(), language=form.language.data)
        i18n.speak(BY_CODE[form.language.data])
        flash(_("The desk speaks your language now."), "success")
    return htmx.redirect_to(local_path(request.form.get("next"), url_for("my_settings.page")))


@blueprint.post("/me/password")
@requires(Permission.OWN_ACCOUNT)
def change_password() -> Any:
    form = PasswordForm()
    if form.validate_on_submit():
        with form.refusals():
            given = {"present": form.present_password.data, "new": form.new_password.data}
            staff_sign_in.change_password(session, _member(), **given, token=_token(), address=request.remote_addr or "")
            flash(_("Your password was changed, and you were signed out everywhere else."), "success")
            return htmx.redirect_to(url_for("my_settings.page"))
    return _show(form)


@blueprint.get("/me/second-step")
@requires(Permission.OWN_ACCOUNT)
def second_step() -> Any:
    if _member().totp_secret:
        return _show_second_step(DropSecondStepForm())
    return _show_second_step(SecondStepForm())


def _show_second_step(form: Form) -> Any:
    qr_code = ""
    if isinstance(form, SecondStepForm):
        if not staff_sign_in.is_secret(form.secret.data or ""):
            form.secret.data = staff_sign_in.new_secret()
        tenant = hosts.tenant()
        address = staff_sign_in.app_address(_member(), form.secret.data, company=tenant.name if tenant else "")
        qr_code = segno.make(address, error="m").svg_data_uri(scale=5, dark="#000", light="#fff")
    return forms.show("backoffice/my_second_step.html", form, qr_code=qr_code)


@blueprint.post("/me/second-step")
@requires(Permission.OWN_ACCOUNT)
def require_second_step() -> Any:
    form = SecondStepForm()
    if form.validate_on_submit():
        with form.refusals():
            staff_sign_in.require_second_step(session, _member(), secret=form.secret.data or "", code=form.code.data or "")
            flash(_("From now on you are asked for a code when you sign in."), "success")
            return htmx.redirect_to(url_for("my_settings.page"))
    return _show_second_step(form)


@blueprint.post("/me/second-step/off")
@requires(Permission.OWN_ACCOUNT)
def drop_second_step() -> Any:
    form = DropSecondStepForm()
    if form.validate_on_submit():
        with form.refusals():
            address = request.remote_addr or ""
            staff_sign_in.drop_second_step(session, _member(), password=form.password.data, address=address)
            flash(_("You are no longer asked for a code."), "success")
            return htmx.redirect_to(url_for("my_settings.page"))
    return _show_second_step(form)


@blueprint.post("/me/browsers/<token_digest>/end")
@requires(Permission.OWN_ACCOUNT)
def end_sign_in(token_digest: str) -> Response:
    sign_ins.end_one(session, face="desk", person_id=access.actor().id or 0, token_digest=token_digest)
    flash(_("That browser was signed out."), "success")
    return htmx.redirect_to(url_for("my_settings.page"))


# In this order: Edge and Chrome also call themselves Safari, phones also call themselves Linux or Mac.
_BROWSERS = (("Edg", "Edge"), ("Firefox", "Firefox"), ("Chrome", "Chrome"), ("Safari", "Safari"))
_SYSTEMS = (
    ("iPhone|iPad", "iOS"),
    ("Android", "Android"),
    ("HarmonyOS", "HarmonyOS"),
    ("Windows", "Windows"),
    ("Mac OS", "macOS"),
    ("Linux", "Linux"),
)


def browser_name(agent: str) -> str:
    """Return what a User-Agent header says in words that people know: "Firefox, Windows"."""
    names = [next((name for mark, name in known if re.search(mark, agent)), "") for known in (_BROWSERS, _SYSTEMS)]
    return languages.joined(filter(None, names)) or agent[:60] or str(_("Unknown browser"))
