"""The demo data of a trial: what of it is still here, and how to be rid of it."""

from flask import Blueprint, flash, render_template, url_for
from flask_babel import gettext as _
from werkzeug.wrappers import Response

from tenants import demo_rows
from tenants.permissions import Permission
from web import htmx
from web.access import requires
from web.lifecycle import session

blueprint = Blueprint("settings_demo_data", __name__)


@blueprint.get("/settings/demo")
@requires(Permission.TENANT_CLOSE)
def page() -> str:
    return render_template("backoffice/settings/demo_data.html", counts=demo_rows.counts(session))


@blueprint.post("/settings/demo/remove")
@requires(Permission.TENANT_CLOSE)
def remove() -> Response:
    demo_rows.promise_removal(session)
    flash(_("The demo data is being removed. What you wrote yourself stays."), "success")
    return htmx.redirect_to(url_for(".page"))
