"""Closing the house: giving notice, and taking it back while there is time."""

from typing import Any

from flask import Blueprint, flash, url_for
from flask_babel import gettext as _
from werkzeug.wrappers import Response
from wtforms import StringField, TextAreaField
from wtforms.validators import InputRequired, Length, Optional

from kernel import database
from kernel.errors import InvalidField
from kernel.i18n import lazy_text as _l
from tenants import lifecycle
from tenants.permissions import Permission
from tenants.registry import TenantFacts
from web import access, forms, hosts, htmx
from web.access import requires
from web.forms import Form

blueprint = Blueprint("settings_closing", __name__)
_REASON_LENGTH = 500


class ClosingForm(Form):
    """`address` must be typed, so that nobody closes a house by a slip of the hand."""

    address = StringField(_l("Address of this workspace"), [InputRequired(_l("Type the address to confirm."))])
    reason = TextAreaField(_l("Why are you leaving?"), [Optional(), Length(max=_REASON_LENGTH, message=forms.TOO_LONG)])


@blueprint.get("/settings/closing")
@requires(Permission.TENANT_CLOSE)
def page() -> Response:
    return _show(ClosingForm())


def _house() -> TenantFacts:
    facts = hosts.tenant()
    assert facts is not None, "the desk stands in a house"
    return facts


def _show(form: Form) -> Response:
    grace = lifecycle.GRACE.days
    with database.transaction() as platform:
        purge_at = lifecycle.purge_at(platform, _house().id)
    return forms.show("backoffice/settings/closing.html", form, purge_at=purge_at, grace_days=grace, address=_house().slug)


@blueprint.post("/settings/closing")
@requires(Permission.TENANT_CLOSE)
def close() -> Response:
    form = ClosingForm()
    if form.validate_on_submit():
        with form.refusals():
            if (form.address.data or "").strip().lower() != _house().slug:
                raise InvalidField("address", _l("This is not the address. Type “%(slug)s” to confirm."), slug=_house().slug)
            with database.transaction() as platform:
                lifecycle.close(platform, _house().id, actor=access.actor(), reason=form.reason.data or "")
            return htmx.redirect_to(url_for(".page"))
    return _show(form)


@blueprint.post("/settings/closing/undo")
@requires(Permission.TENANT_CLOSE)
def undo() -> Any:
    with database.transaction() as platform:
        lifecycle.reopen(platform, _house().id, actor=access.actor())
    flash(_("The closing is undone. Everything is as it was."), "success")
    return htmx.redirect_to(url_for(".page"))
