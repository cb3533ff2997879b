"""Modules: the parts of the product, switched on and off."""

from typing import Any

from flask import Blueprint, flash, url_for
from flask_babel import gettext as _
from wtforms import HiddenField, SelectMultipleField

from kernel.errors import StaleEdit
from kernel.i18n import lazy_text as _l
from tenants import modules
from tenants.permissions import Permission
from web import access, forms, hosts, htmx
from web.access import requires
from web.forms import Form
from web.lifecycle import session

blueprint = Blueprint("settings_modules", __name__)


class ModulesForm(Form):
    version = HiddenField()
    on = SelectMultipleField(_l("Modules"), choices=forms.choices((sheet.module, sheet.name) for sheet in modules.SHEETS))


@blueprint.get("/settings/modules")
@requires(Permission.SETTINGS_MANAGE)
def page() -> Any:
    off = modules.switched_off(session)
    return _show(ModulesForm(formdata=None, on=[sheet.module for sheet in modules.SHEETS if sheet.module not in off]))


def _show(form: ModulesForm) -> Any:
    if isinstance(form.refusal, StaleEdit) or not form.is_submitted():
        form.version.data = modules.version(session)
    tenant = hosts.tenant()
    not_in_plan = modules.NOT_IN_PLAN.get(tenant.plan, frozenset()) if tenant else frozenset()
    return forms.show("backoffice/settings/modules.html", form, sheets=modules.SHEETS, not_in_plan=not_in_plan)


@blueprint.post("/settings/modules")
@requires(Permission.SETTINGS_MANAGE)
def save() -> Any:
    form = ModulesForm()
    if form.validate_on_submit():
        with form.refusals():
            modules.switch(session, on=set(form.on.data or []), seen=form.version.data or "", actor=access.actor())
            flash(_("Saved. What you switched off keeps its data."), "success")
            return htmx.redirect_to(url_for(".page"))
    return _show(form)
