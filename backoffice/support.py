"""Support access: the tenant's administrators let the platform's operators in, watch, and put them out."""

from typing import Any

from flask import Blueprint, flash, url_for
from flask_babel import gettext as _
from werkzeug.wrappers import Response
from wtforms import RadioField, SelectField, TextAreaField

from kernel.i18n import lazy_text as _l
from tenants import support_access
from tenants.permissions import Permission, Role
from web import access, forms, htmx
from web.access import requires
from web.forms import Form
from web.lifecycle import session

blueprint = Blueprint("support", __name__)

_ROLES = (
    (Role.VIEWER, _l("They may look, and change nothing.")),
    (Role.AGENT, _l("They may look, and work as an agent does: answer, note, change.")),
    (
        Role.ADMIN,
        _l("They may do what administrators do, but export and delete nothing, and decide nothing about people and access."),
    ),
)
_HOURS = tuple((hours, _l("%(hours)s h") % {"hours": hours}) for hours in support_access.HOURS)


class GrantForm(Form):
    reason = TextAreaField(_l("What should we look at?"))
    role = RadioField(_l("What may they do?"), choices=forms.choices(_ROLES), default=Role.VIEWER)
    hours = SelectField(_l("For how long?"), choices=forms.choices(_HOURS), coerce=int, default=support_access.DEFAULT_HOURS)


@blueprint.get("/settings/support")
@requires(Permission.SUPPORT_MANAGE)
def page() -> Any:
    return _show(GrantForm())


def _show(form: Form) -> Any:
    passes = support_access.passes(session)
    guests = support_access.guests(session, [one.id for one in passes])
    return forms.show("backoffice/support/access.html", form, passes=passes, guests=guests, roles=dict(_ROLES))


@blueprint.post("/settings/support")
@requires(Permission.SUPPORT_MANAGE)
def grant() -> Any:
    form = GrantForm()
    if form.validate_on_submit():
        with form.refusals():
            given: dict[str, Any] = {"reason": form.reason.data or "", "hours": form.hours.data}
            support_access.grant(session, **given, role=Role(form.role.data), actor=access.actor())
            flash(_("We can come in now. You see below who did, and you can end it at any moment."), "success")
            return htmx.redirect_to(url_for("support.page"))
    return _show(form)


@blueprint.post("/settings/support/<int:pass_id>/end")
@requires(Permission.SUPPORT_MANAGE)
def end(pass_id: int) -> Response:
    support_access.end(session, pass_id, actor=access.actor())
    flash(_("The access has ended. Whoever was in is out."), "success")
    return htmx.redirect_to(url_for("support.page"))
