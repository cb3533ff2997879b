"""What search engines may keep: the help centre, and nothing that is somebody's own."""

from flask import Blueprint, Response, url_for
from werkzeug.wrappers import Response as AnyResponse

from portal import navigation
from web.access import public

blueprint = Blueprint("robots", __name__)

_RULES = """User-agent: *
Disallow: /signin
Disallow: /account
Disallow: /*/search
Disallow: /*/requests
Allow: /*/requests/new$
"""


@blueprint.get("/robots.txt")
@public("machines read it before anything else")
def rules() -> Response:
    sitemap = f"\nSitemap: {navigation.absolute(url_for('sitemaps.index'))}\n"
    return Response(_RULES + sitemap, mimetype="text/plain", headers={"Cache-Control": "public, max-age=3600"})


@blueprint.after_app_request
def _keep_errors_out(response: AnyResponse) -> AnyResponse:
    """What is not here, or not any more, is nothing to be found."""
    return keep_out(response) if response.status_code >= 400 else response


def keep_out(response: AnyResponse) -> AnyResponse:
    """Say so in the answer too: robots.txt forbids reading, not listing.  For the rooms whose pages nobody should find."""
    response.headers["X-Robots-Tag"] = "noindex"
    return response
