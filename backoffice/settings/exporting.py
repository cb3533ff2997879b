"""Taking everything along: ask for an export, see how far it is, download it for a week."""

import base64
import uuid
from typing import Any

from flask import Blueprint, Response, flash, render_template, request, send_file, url_for
from flask_babel import gettext as _
from werkzeug.wrappers import Response as AnyResponse

from tenants.archive import exports
from tenants.permissions import Permission
from web import access, hosts, htmx
from web.access import requires
from web.lifecycle import session

blueprint = Blueprint("settings_exporting", __name__)


@blueprint.get("/settings/export")
@requires(Permission.TENANT_TAKE_ALONG)
def page() -> str:
    return render_template("backoffice/settings/exporting.html", **_latest())


def _latest() -> dict[str, Any]:
    latest = exports.latest(session)
    return {"exports": latest, "under_way": exports.under_way(latest), "days": exports.KEPT_FOR.days}


@blueprint.post("/settings/export")
@requires(Permission.TENANT_TAKE_ALONG)
def ask() -> AnyResponse:
    exports.ask(session, actor=access.actor())
    flash(_("Your export is being made. You get an e-mail when it is ready."), "success")
    return htmx.redirect_to(url_for(".page"))


@blueprint.get("/settings/export/list")
@requires(Permission.TENANT_TAKE_ALONG)
def listing() -> str:
    """The exports alone, which ask for themselves while one is being made."""
    return render_template("backoffice/settings/_exports.html", **_latest())


@blueprint.get("/settings/export/<uuid:export_key>.zip")
@requires(Permission.TENANT_TAKE_ALONG)
def download(export_key: uuid.UUID) -> AnyResponse:
    """Send a finished export, whole or, when a broken download goes on, the rest of it (RFC 9110 §14)."""
    export, path = exports.fetch(session, export_key)
    facts = hosts.tenant()
    name = f"{facts.slug if facts else 'export'}-{export.asked_at:%Y-%m-%d}.zip"
    response: Response = send_file(
        path,
        mimetype="application/zip",
        as_attachment=True,
        download_name=name,
        conditional=True,
        etag=export.sha256,
        max_age=0,
    )
    # RFC 9530: whoever downloads by a script can check what came without looking at the page.
    response.headers["Repr-Digest"] = f"sha-256=:{base64.b64encode(bytes.fromhex(export.sha256)).decode()}:"
    response.headers["Cache-Control"] = "private, no-store"
    if request.method == "GET" and response.status_code == 200:
        exports.note_download(session, export, actor=access.actor())
    return response
