"""What the tenant looks like: its colour as a style sheet, its logo, and the home page as a draft would have it."""

import io
from typing import Any

from flask import Blueprint, Response, abort, g, request, send_file, url_for
from werkzeug.wrappers import Response as AnyResponse

from kernel import files
from portal import home, robots
from tenants import branding
from tenants.registry import TenantFacts
from web import assets, brand_drafts, hosts
from web.access import public
from web.lifecycle import session

blueprint = Blueprint("brand", __name__)
_YEAR_SECONDS = 365 * 24 * 3600
_FOR_EVER, _FOR_NOW = f"public, max-age={_YEAR_SECONDS}, immutable", "public, max-age=60"


@blueprint.get("/brand.css")
@public("every page of the portal wears it")
def style_sheet() -> Response:
    """Return the style sheet, cached for ever under the colour it is made of, and shortly under any other name."""
    draft = request.args.get("draft")
    color = brand_drafts.read(_tenant(), draft)[0].brand_color if draft else _tenant().brand_color
    is_named_by_color = bool(color) and request.args.get("v") == color.lstrip("#")
    caching = _FOR_EVER if is_named_by_color else _FOR_NOW
    return Response(assets.brand_css(color), mimetype="text/css", headers={"Cache-Control": caching})


def _tenant() -> TenantFacts:
    tenant = hosts.tenant()
    assert tenant is not None, "a portal without a tenant has answered 404 before"
    return tenant


@blueprint.get("/brand/logo")
@public("every page of the portal wears it")
def logo() -> Response:
    """Return the logo for a theme (`?theme=dark`), cached for ever under the hash that it is known by."""
    kept: Any = branding.look_of(_tenant().branding).logos.get(request.args.get("theme", "light"))
    if kept is None:
        abort(404)
    try:
        content = io.BytesIO(files.read(session, kept["sha256"]))
    except FileNotFoundError:
        abort(404)
    is_named = request.args.get("v") == kept["sha256"][:10]
    response: Response = send_file(content, mimetype=kept["media_type"], conditional=True, etag=kept["sha256"])
    response.headers["Cache-Control"] = _FOR_EVER if is_named else _FOR_NOW
    response.headers["Content-Security-Policy"] = "default-src 'none'; sandbox"
    return response


@blueprint.get("/<language:language>/preview")
@public("only whoever was given its signed address finds it")
def preview() -> AnyResponse:
    """Show the home page as a draft would have it, to be framed by the settings of this very house."""
    draft = request.args.get("draft", "")
    g.tenant, theme = brand_drafts.read(_tenant(), draft)
    css = url_for("brand.style_sheet", draft=draft) if g.tenant.brand_color else None
    response = Response(home.render(theme=theme, brand_css=css))
    response.headers["Content-Security-Policy"] = (
        "default-src 'self'; img-src 'self' data:; frame-ancestors 'self'; form-action 'none'; base-uri 'none'"
    )
    response.headers["X-Frame-Options"] = "SAMEORIGIN"
    response.headers["Cache-Control"] = "private, no-store"
    return robots.keep_out(response)
