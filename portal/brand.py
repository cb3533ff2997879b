"""The tenant's colour as a style sheet."""

from flask import Blueprint, Response, request

from web import assets, hosts
from web.access import public

blueprint = Blueprint("brand", __name__)
_YEAR_SECONDS = 365 * 24 * 3600


@blueprint.get("/brand.css")
@public("every page of the portal wears it")
def style_sheet() -> Response:
    """Return the style sheet, cached for ever under the colour it is made of, and shortly under any other name."""
    tenant = hosts.tenant()
    color = tenant.brand_color if tenant else ""
    is_named_by_color = bool(color) and request.args.get("v") == color.lstrip("#")
    caching = f"public, max-age={_YEAR_SECONDS}, immutable" if is_named_by_color else "public, max-age=60"
    return Response(assets.brand_css(color), mimetype="text/css", headers={"Cache-Control": caching})
