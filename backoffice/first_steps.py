"""Arriving at the desk by a link that lets in once: a new workspace's owner, or an operator whom the tenant let in."""

from dataclasses import dataclass
from typing import Any

from flask import Blueprint, flash, render_template, request, url_for
from flask_babel import gettext as _
from werkzeug.wrappers import Response
from wtforms import PasswordField
from wtforms.validators import InputRequired

from backoffice import navigation, signing_in
from kernel import settings
from kernel.i18n import LazyText
from kernel.i18n import lazy_text as _l
from knowledge_base.articles import queries as articles
from service_desk.tickets import queries as tickets
from tenants import registry, staff, staff_sign_in, support_access
from tenants.permissions import Permission
from web import access, forms, htmx
from web.access import Person, public, requires
from web.forms import Form
from web.lifecycle import session

blueprint = Blueprint("first_steps", __name__)


class FirstPasswordForm(Form):
    password = PasswordField(_l("Password"), [InputRequired(_l("Enter a password."))])


@blueprint.get("/enter/<token>")
@public("the link is the key, works once and for minutes")
def enter(token: str) -> Response:
    browser: dict[str, Any] = {"agent": request.user_agent.string, "address": request.remote_addr or ""}
    arrival = support_access.arrive(session, token, **browser)
    if arrival.staff_id is not None:
        member = staff.signed_in(session, arrival.staff_id)
        if member is None:
            raise support_access.LinkUsedUp()
        return signing_in.come_in(member)
    visit = support_access.visiting(session, arrival.token)
    assert visit is not None, "they have just come in"
    access.sign_in(Person(visit.actor, arrival.token, visit))
    return htmx.redirect_to(navigation.home())


@dataclass(frozen=True)
class Step:
    """One of the five things with which a workspace begins, and where it is done."""

    label: LazyText
    text: LazyText
    path: str
    is_done: bool


@blueprint.get("/welcome")
@public("a new workspace's owner first comes here, and may have to confirm their address before")
def welcome() -> Any:
    actor = access.actor()
    if actor.kind == "visitor":
        current = settings.current()
        return render_template("backoffice/support/confirm.html", confirm_url=f"{current.platform_url}/signup/code")
    return _show(FirstPasswordForm())


def _show(form: Form) -> Any:
    steps = _steps()
    has_password = access.actor().kind != "staff" or _member().password_hash is not None
    done = sum(step.is_done for step in steps)
    return forms.show("backoffice/support/welcome.html", form, steps=steps, done=done, has_password=has_password)


def _member() -> Any:
    member = staff.signed_in(session, access.actor().id or 0)
    assert member is not None, "the gate has just found them"
    return member


def _steps() -> list[Step]:
    """What is done is read from what there is: nobody has to tick anything.  Sample data came before the owner did."""
    house = registry.of(session)
    people = staff.active(session)
    since = min((member.created_at for member in people if member.role == "admin"), default=None)
    has_brand = bool(house.brand_color or house.branding)
    has_domain = house.host != settings.current().tenant_host(house.slug)
    first_request = house.url(f"/{house.language.path}/requests/new")
    has_article, has_ticket = articles.has_any_of_staff(session), tickets.has_any_since(session, since)
    return [
        Step(_l("Invite a colleague"), _l("Nobody waits while you sleep."), "/desk/settings/people", len(people) > 1),
        Step(_l("Show your colour"), _l("Your help centre should look like you."), "/desk/settings/branding", has_brand),
        Step(_l("Write a first article"), _l("The question you answer every day."), url_for("writing.new"), has_article),
        Step(_l("Send yourself a first request"), _l("As your customers will."), first_request, has_ticket),
        Step(_l("Use an address of your own"), _l("Such as help.example.com."), "/desk/settings/domain", has_domain),
    ]


@blueprint.post("/first-password")
@requires(Permission.OWN_ACCOUNT)
def set_password() -> Any:
    form = FirstPasswordForm()
    if form.validate_on_submit():
        with form.refusals():
            staff_sign_in.set_first_password(session, _member(), password=form.password.data)
            flash(_("From now on you can also sign in with your password."), "success")
            return htmx.redirect_to(url_for("first_steps.welcome"))
    return _show(form)
