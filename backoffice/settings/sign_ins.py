"""Sign-ins: every browser in which somebody is signed in at the desk, and signing them out."""

from flask import Blueprint, flash, render_template, url_for
from flask_babel import gettext as _
from werkzeug.wrappers import Response

from backoffice.my_settings import browser_name
from kernel import passwords
from tenants import people
from tenants.permissions import Permission
from web import access, htmx
from web.access import requires
from web.lifecycle import session

blueprint = Blueprint("settings_sign_ins", __name__)


@blueprint.get("/settings/sign-ins")
@requires(Permission.STAFF_MANAGE)
def listing() -> str:
    return render_template(
        "backoffice/settings/sign_ins.html",
        sign_ins=people.open_sign_ins(session),
        browser_name=browser_name,
        this_browser=passwords.digest(_token()),
    )


def _token() -> str:
    person = access.current_person()
    assert person is not None, "the gate has just found them"
    return person.token


@blueprint.post("/settings/sign-ins/<token_digest>/end")
@requires(Permission.STAFF_MANAGE)
def end(token_digest: str) -> Response:
    people.end_one_sign_in(session, token_digest, actor=access.actor())
    flash(_("That browser was signed out."), "success")
    return htmx.redirect_to(url_for(".listing"))


@blueprint.post("/settings/people/<int:staff_id>/sign-out")
@requires(Permission.STAFF_MANAGE)
def end_all(staff_id: int) -> Response:
    """Sign somebody out everywhere; who asks that for themselves stays in this browser."""
    member = people.get(session, staff_id)
    people.end_sign_ins(session, member, actor=access.actor(), but=_token())
    flash(_("%(name)s was signed out everywhere.", name=member.name), "success")
    return htmx.redirect_to(url_for(".listing"))
