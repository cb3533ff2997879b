"""Roles: what each may do, in sentences, and those that the tenant makes for itself."""

from typing import Any

from flask import Blueprint, flash, render_template, request, url_for
from flask_babel import gettext as _
from werkzeug.wrappers import Response
from wtforms import HiddenField, SelectMultipleField, StringField
from wtforms.validators import InputRequired, Length

from kernel.errors import StaleEdit
from kernel.i18n import lazy_text as _l
from tenants import roles
from tenants.permissions import Permission
from tenants.roles import RoleSheet
from web import access, forms, htmx
from web.access import requires
from web.forms import Form
from web.lifecycle import session

blueprint = Blueprint("settings_roles", __name__)


class RoleForm(Form):
    version = HiddenField()
    name = StringField(
        _l("Name"),
        [InputRequired(_l("Enter a name.")), Length(max=roles.NAME_LENGTH, message=forms.TOO_LONG)],
    )
    permissions = SelectMultipleField(_l("People with this role may"), choices=forms.choices(roles.DEEDS.items()))


@blueprint.get("/settings/roles")
@requires(Permission.STAFF_MANAGE)
def listing() -> str:
    return render_template("backoffice/settings/roles.html", sheets=roles.all_of(session), deeds=roles.DEEDS)


@blueprint.get("/settings/roles/new")
@requires(Permission.STAFF_MANAGE)
def new() -> Any:
    """Begin with what another role may do (`?like=agent`), as far as one may give it."""
    like = roles.permissions_of(session, request.args.get("like", "")) or frozenset()
    return _show(RoleForm(formdata=None, permissions=sorted(like & access.actor().permissions)))


def _show(form: RoleForm, sheet: RoleSheet | None = None) -> Any:
    is_stale = isinstance(form.refusal, StaleEdit)
    if sheet and sheet.own and (is_stale or not form.is_submitted()):
        form.version.data = str(sheet.own.version)
    context = {"sheet": sheet, "preview": _preview(form, sheet), "mine": access.actor().permissions}
    return forms.show("backoffice/settings/role_form.html", form, is_stale=is_stale, **context)


def _preview(form: RoleForm, sheet: RoleSheet | None) -> dict[str, Any]:
    """Return what saving the form would change, in words, and for how many people."""
    wanted = roles.completed(form.permissions.data or [])
    present = sheet.permissions if sheet else frozenset()
    return {
        "gained": [deed for permission, deed in roles.DEEDS.items() if permission in wanted - present],
        "lost": [deed for permission, deed in roles.DEEDS.items() if permission in present - wanted],
        "people": sheet.people if sheet else 0,
        "is_new": sheet is None,
    }


@blueprint.post("/settings/roles/new")
@requires(Permission.STAFF_MANAGE)
def add() -> Any:
    form = RoleForm()
    if form.validate_on_submit() and not _is_preview():
        with form.refusals():
            roles.add(session, name=form.name.data, permissions=form.permissions.data, actor=access.actor())
            flash(_("The role was added. Give it to people under People."), "success")
            return htmx.redirect_to(url_for(".listing"))
    return _show(form)


def _is_preview() -> bool:
    return "preview" in request.form


@blueprint.get("/settings/roles/<int:role_id>")
@requires(Permission.STAFF_MANAGE)
def edit(role_id: int) -> Any:
    sheet = _own(role_id)
    return _show(RoleForm(formdata=None, name=sheet.name, permissions=sorted(sheet.permissions)), sheet)


def _own(role_id: int) -> RoleSheet:
    return roles.sheet(session, str(role_id))


@blueprint.post("/settings/roles/<int:role_id>")
@requires(Permission.STAFF_MANAGE)
def save(role_id: int) -> Any:
    form, _sheet = RoleForm(), _own(role_id)
    if form.validate_on_submit() and not _is_preview():
        with form.refusals():
            seen = form.version.data or ""
            version = int(seen) if seen.isascii() and seen.isdecimal() and len(seen) < 10 else -1
            given = {"name": form.name.data, "permissions": form.permissions.data}
            roles.change(session, roles.own(session, role_id), **given, version=version, actor=access.actor())
            flash(_("The role was saved. It counts from the next click of everybody who has it."), "success")
            return htmx.redirect_to(url_for(".listing"))
    return _show(form, _own(role_id))


@blueprint.post("/settings/roles/preview")
@requires(Permission.STAFF_MANAGE)
def preview() -> str:
    """Return what saving the form would change, for the panel beside it."""
    key = request.form.get("key", "")
    sheet = roles.sheet(session, key) if key else None
    return render_template("backoffice/settings/_role_preview.html", preview=_preview(RoleForm(), sheet))


@blueprint.post("/settings/roles/<int:role_id>/delete")
@requires(Permission.STAFF_MANAGE)
def delete(role_id: int) -> Response:
    roles.delete(session, roles.own(session, role_id), actor=access.actor())
    flash(_("The role was deleted."), "success")
    return htmx.redirect_to(url_for(".listing"))
