"""A customer's own account: name, telephone, language, password, and where they are signed in."""

from flask import Blueprint, flash, url_for
from flask_babel import gettext as _
from werkzeug.wrappers import Response
from wtforms import PasswordField, RadioField, StringField, TelField
from wtforms.validators import InputRequired

from crm.customers import commands, queries
from crm.customers.queries import Customer
from kernel import i18n
from kernel.i18n import lazy_text as _l
from portal import robots, signing_in
from tenants import sign_ins
from tenants.permissions import Permission
from web import access, forms, htmx, languages
from web.access import requires
from web.forms import Form
from web.lifecycle import session

blueprint = Blueprint("account", __name__)
blueprint.after_request(robots.keep_out)


class AccountForm(Form):
    name = StringField(_l("Your name"), [InputRequired(_l("Enter a name."))])
    phone = TelField(_l("Telephone"))
    language = RadioField(_l("Language"), choices=forms.offered_languages)


class NewPasswordForm(Form):
    password = PasswordField(_l("New password"), [InputRequired(_l("Enter a password."))])


def _customer() -> Customer:
    return queries.get(session, access.actor().id or 0, actor=access.actor())


@blueprint.get("/account")
@requires(Permission.OWN_ACCOUNT)
def page() -> Response:
    return _shown(AccountForm(obj=_customer()))


@blueprint.post("/account")
@requires(Permission.OWN_ACCOUNT)
def change() -> Response:
    form = AccountForm()
    if form.validate():
        with form.refusals():
            values = {"name": form.name.data, "phone": form.phone.data or "", "language": form.language.data}
            commands.change(session, _customer(), values=values, version=None, actor=access.actor())
            i18n.speak(i18n.BY_CODE[form.language.data])
            flash(_("Your account was saved."), "success")
            response = htmx.redirect_to(url_for("account.page"))
            languages.remember(response, i18n.spoken())
            return response
    return _shown(form)


@blueprint.post("/account/password")
@requires(Permission.OWN_ACCOUNT)
def set_password() -> Response:
    form = NewPasswordForm()
    if form.validate():
        with form.refusals():
            customer = _customer()
            commands.set_password(session, customer, password=form.password.data)
            # Setting it has ended every sign-in; this browser's begins anew.
            signing_in.remember(customer)
            flash(_("Your password was set, and every other browser was signed out."), "success")
            return htmx.redirect_to(url_for("account.page"))
    return _shown(AccountForm(formdata=None, obj=_customer()), password_form=form)


@blueprint.post("/account/sign-out-everywhere")
@requires(Permission.OWN_ACCOUNT)
def sign_out_everywhere() -> Response:
    sign_ins.end_all(session, face="portal", person_id=access.actor().id or 0)
    access.sign_out()
    flash(_("You are signed out in every browser."), "success")
    return htmx.redirect_to(url_for("signing_in.page"))


def _shown(form: AccountForm, password_form: NewPasswordForm | None = None) -> Response:
    asked = password_form or NewPasswordForm(formdata=None)
    answer = forms.show("portal/account.html", form, password_form=asked, email=_customer().email)
    answer.status_code = max(form.http_status, asked.http_status)
    return answer
