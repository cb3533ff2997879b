"""People: who works here, inviting them, their roles, letting them go."""

from collections.abc import Callable
from typing import Any

from flask import Blueprint, flash, render_template, request, url_for
from flask_babel import gettext as _
from werkzeug.wrappers import Response
from wtforms import HiddenField, SelectField, TextAreaField
from wtforms.validators import InputRequired

from kernel.i18n import lazy_text as _l
from kernel.i18n import spoken
from tenants import people, roles
from tenants.permissions import Permission
from web import access, forms, htmx
from web.access import requires
from web.forms import Form
from web.lifecycle import session

blueprint = Blueprint("settings_people", __name__)


class InviteForm(Form):
    emails = TextAreaField(_l("E-mail addresses"), [InputRequired(_l("Enter at least one e-mail address."))])
    role = SelectField(_l("Role"), coerce=str)
    language = SelectField(_l("Language of the invitation"), choices=forms.LANGUAGE_CHOICES)


class RoleForm(Form):
    seen = HiddenField()
    role = SelectField(_l("Role"), coerce=str)


@blueprint.get("/settings/people")
@requires(Permission.STAFF_MANAGE)
def listing() -> str:
    found = people.everybody(session)
    here = [person for person in found if person.standing is not people.Standing.GONE]
    gone = [person for person in found if person.standing is people.Standing.GONE]
    return render_template(
        "backoffice/settings/people.html", here=here, gone=gone, role_of=roles.name_of, standing_names=STANDING_NAMES
    )


STANDING_NAMES = {
    people.Standing.ACTIVE: (_l("Active"), "success"),
    people.Standing.INVITED: (_l("Invited"), "info"),
    people.Standing.EXPIRED: (_l("Invitation expired"), "warning"),
    people.Standing.GONE: (_l("Deactivated"), "neutral"),
}


@blueprint.get("/settings/people/invite")
@requires(Permission.STAFF_MANAGE)
def invitation() -> Any:
    form = InviteForm(language=spoken().code, role="agent")
    return _show_invitation(form)


def _show_invitation(form: InviteForm) -> Any:
    form.role.choices = _grantable()
    return forms.show("backoffice/settings/invite.html", form)


def _grantable() -> list[Any]:
    """Return the roles that the actor may give: those that may do nothing that the actor may not."""
    mine = access.actor().permissions
    return forms.choices((sheet.key, sheet.name) for sheet in roles.all_of(session) if sheet.permissions <= mine)


@blueprint.post("/settings/people/invite")
@requires(Permission.STAFF_MANAGE)
def invite() -> Any:
    form = InviteForm()
    form.role.choices = _grantable()
    if form.validate_on_submit():
        with form.refusals():
            addresses = people.addresses_in(form.emails.data)
            for email in addresses:
                given = {"role": form.role.data, "language": form.language.data}
                people.invite(session, email=email, **given, actor=access.actor())
            flash(_("%(count)s invited. Their mails are on the way.", count=len(addresses)), "success")
            return htmx.redirect_to(url_for(".listing"))
    return _show_invitation(form)


@blueprint.get("/settings/people/<int:staff_id>")
@requires(Permission.STAFF_MANAGE)
def person(staff_id: int) -> Any:
    return _show_person(staff_id)


def _show_person(staff_id: int, refused: RoleForm | None = None) -> Any:
    member = people.get(session, staff_id)
    form = refused or RoleForm(formdata=None, role=member.role)
    form.seen.data = member.role
    form.role.choices = _with_present(_grantable(), member)
    found = next(one for one in people.everybody(session) if one.member.id == staff_id)
    return forms.show(
        "backoffice/settings/person.html",
        form,
        person=found,
        role_name=roles.name_of(member),
        standing=STANDING_NAMES[found.standing],
        is_me=access.actor().id == staff_id,
        i_own=any(one.is_owner and one.member.id == access.actor().id for one in people.everybody(session)),
    )


def _with_present(offered: list[Any], member: Any) -> list[Any]:
    is_offered = any(choice.value == member.role for choice in offered)
    return offered if is_offered else [*forms.choices([(member.role, roles.name_of(member))]), *offered]


@blueprint.post("/settings/people/<int:staff_id>/role")
@requires(Permission.STAFF_MANAGE)
def change_role(staff_id: int) -> Any:
    member = people.get(session, staff_id)
    form = RoleForm()
    form.role.choices = _with_present(_grantable(), member)
    if form.validate_on_submit():
        with form.refusals():
            given = {"role": form.role.data, "seen": form.seen.data or ""}
            people.change_role(session, member, **given, actor=access.actor())
            flash(_("The role was changed. It counts from their next click."), "success")
            return htmx.redirect_to(url_for(".person", staff_id=staff_id))
    return _show_person(staff_id, form)


Command = Callable[..., None]


def _do(staff_id: int, command: Command, told: str) -> Response:
    command(session, people.get(session, staff_id), actor=access.actor())
    flash(told, "success")
    return htmx.redirect_to(url_for(".person", staff_id=staff_id))


@blueprint.post("/settings/people/<int:staff_id>/invite-again")
@requires(Permission.STAFF_MANAGE)
def invite_again(staff_id: int) -> Response:
    return _do(staff_id, people.invite_again, _("A new invitation is on the way. The old link has ended."))


@blueprint.post("/settings/people/<int:staff_id>/revoke-invitation")
@requires(Permission.STAFF_MANAGE)
def revoke_invitation(staff_id: int) -> Response:
    return _do(staff_id, people.revoke_invitation, _("The invitation was taken back. Its link has ended."))


@blueprint.post("/settings/people/<int:staff_id>/deactivate")
@requires(Permission.STAFF_MANAGE)
def deactivate(staff_id: int) -> Response:
    return _do(staff_id, people.deactivate, _("The account was deactivated, and signed out everywhere."))


@blueprint.post("/settings/people/<int:staff_id>/reactivate")
@requires(Permission.STAFF_MANAGE)
def reactivate(staff_id: int) -> Response:
    return _do(staff_id, people.reactivate, _("The account is active again."))


@blueprint.post("/settings/people/<int:staff_id>/own")
@requires(Permission.STAFF_MANAGE)
def transfer_ownership(staff_id: int) -> Response:
    if request.form.get("sure") != "yes":
        flash(_("Tick the box first: the ownership was not transferred."), "warning")
        return htmx.redirect_to(url_for(".person", staff_id=staff_id))
    return _do(staff_id, people.transfer_ownership, _("The ownership was transferred."))
