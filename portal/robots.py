"""What search engines may keep: the help centre, and nothing that is somebody's own."""

from flask import Blueprint, Response
from werkzeug.wrappers import Response as AnyResponse

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
    return Response(_RULES, mimetype="text/plain", headers={"Cache-Control": "public, max-age=3600"})


def keep_out(response: AnyResponse) -> AnyResponse:
    """Say so in the answer too: robots.txt forbids reading, not listing.  For the rooms whose pages nobody should find."""
    response.headers["X-Robots-Tag"] = "noindex"
    return response
