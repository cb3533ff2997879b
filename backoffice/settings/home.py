"""The settings' front page: their sections, for whoever may change any."""

from flask import Blueprint, render_template

from tenants.permissions import Permission
from web.access import requires

blueprint = Blueprint("settings", __name__)


@blueprint.get("/settings/")
@requires(Permission.SETTINGS_MANAGE)
def page() -> str:
    return render_template("backoffice/settings/home.html")
