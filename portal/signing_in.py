"""Customers sign in: by a code or link from a mail, or by a password if they set one."""

from flask import Blueprint, render_template, request, url_for
from werkzeug.wrappers import Response
from wtforms import EmailField, HiddenField, PasswordField, StringField
from wtforms.validators import InputRequired

from crm.customers import commands
from crm.customers.queries import Customer
from kernel import i18n
from kernel.i18n import lazy_text as _l
from portal import robots
from tenants import sign_ins
from web import access, forms, htmx, modules
from web.access import Person, public
from web.forms import Form
from web.lifecycle import session
from web.returning import local_path

blueprint = Blueprint("signing_in", __name__)
# Where customers go who signed in without having been on their way to anywhere.
_HOME = "requests.listing"
blueprint.after_request(robots.keep_out)

_NOT_YET = "whoever signs in has not signed in yet"
_ADDRESS_MISSING = _l("Enter your e-mail address.")


class AddressForm(Form):
    email = EmailField(_l("E-mail address"), [InputRequired(_ADDRESS_MISSING)])
    next = HiddenField()


class CodeForm(AddressForm):
    email = HiddenField(validators=[InputRequired(_ADDRESS_MISSING)])
    code = StringField(_l("Code"), [InputRequired(_l("Enter the six digits of the code."))])


class PasswordForm(AddressForm):
    password = PasswordField(_l("Password"), [InputRequired(_l("Enter your password."))])


@blueprint.get("/signin")
@public(_NOT_YET)
def page() -> Response:
    return forms.show("portal/signing_in/page.html", _given(AddressForm()))


@blueprint.post("/signin")
@public(_NOT_YET)
def ask_for_code() -> Response:
    form = AddressForm()
    if form.validate():
        with form.refusals():
            email, return_to = form.email.data, local_path(form.next.data, "")
            commands.ask_for_code(session, email=email, language=i18n.spoken().code, return_to=return_to)
            return htmx.redirect_to(url_for("signing_in.code_page", email=email.strip(), next=return_to or None))
    return forms.show("portal/signing_in/page.html", form)


@blueprint.get("/signin/code")
@public(_NOT_YET)
def code_page() -> Response:
    return forms.show("portal/signing_in/code.html", _given(CodeForm()))


@blueprint.post("/signin/code")
@public(_NOT_YET)
def sign_in_by_code() -> Response:
    form = CodeForm()
    if form.validate():
        with form.refusals():
            code = "".join(form.code.data.split())
            customer = commands.sign_in_by_code(session, email=form.email.data, code=code, language=i18n.spoken().code)
            return _signed_in(customer, form.next.data)
    return forms.show("portal/signing_in/code.html", form)


@blueprint.get("/signin/password")
@public(_NOT_YET)
def password_page() -> Response:
    return forms.show("portal/signing_in/password.html", _given(PasswordForm()))


@blueprint.post("/signin/password")
@public(_NOT_YET)
def sign_in_by_password() -> Response:
    form = PasswordForm()
    if form.validate():
        with form.refusals():
            secret, address = form.password.data, request.remote_addr or ""
            customer = commands.sign_in_by_password(session, email=form.email.data, password=secret, address=address)
            return _signed_in(customer, form.next.data)
    return forms.show("portal/signing_in/password.html", form)


@blueprint.get("/signin/link/<token>")
@public(_NOT_YET)
def link_page(token: str) -> Response:
    """Ask for a click before signing in: scanners of mail open links, but press no buttons."""
    opened = sign_ins.open_link(session, token)
    body = render_template("portal/signing_in/link.html", token=token, email=opened.email if opened else None)
    return htmx.answer(body, status=200 if opened else 410)


@blueprint.post("/signin/link/<token>")
@public(_NOT_YET)
def sign_in_by_link(token: str) -> Response:
    opened = sign_ins.open_link(session, token)
    return_to = opened.return_to if opened else ""
    return _signed_in(commands.sign_in_by_link(session, token=token, language=i18n.spoken().code), return_to)


@blueprint.post("/signout")
@public("whoever is signed out already may say so again")
def sign_out() -> Response:
    person = access.current_person()
    if person is not None:
        sign_ins.end_sign_in(session, person.token)
    access.sign_out()
    return htmx.redirect_to(url_for("home.page"))


def _given(form: AddressForm) -> AddressForm:
    """Fill in what the address of the page says: who signs in, and where they were going."""
    form.email.data = request.args.get("email", "")
    form.next.data = request.args.get("next", "")
    return form


def _signed_in(customer: Customer, return_to: str | None) -> Response:
    remember(customer)
    return htmx.redirect_to(local_path(return_to, url_for(_HOME if modules.has_page(_HOME) else "account.page")))


def remember(customer: Customer) -> None:
    """Know this browser as the customer's from now on."""
    agent, address = request.user_agent.string, request.remote_addr or ""
    token = sign_ins.open_sign_in(session, face="portal", person_id=customer.id, agent=agent, address=address)
    access.sign_in(Person(customer.as_actor(), token, customer))
