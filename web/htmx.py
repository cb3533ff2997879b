"""htmx 4 for Flask: what a request says about itself, and answers that headers can carry."""

import json
from collections.abc import Mapping
from urllib.parse import quote

from flask import Flask, Response, make_response, request
from htmx_flask import Htmx, HtmxAwareRequest
from werkzeug.wrappers import Response as AnyResponse

# `htmx-flask` knows htmx 1 and 2: what it reads from headers that htmx 4 no longer sends, and its `make_response` (which dies
# of a Chinese URL), are replaced here.


class HtmxRequest(HtmxAwareRequest):  # type: ignore[misc]  # the package has no types
    """A request that knows whether it came from htmx and which element asked."""

    @property
    def is_htmx(self) -> bool:
        return bool(self.headers.get("HX-Request") == "true")

    @property
    def is_fragment(self) -> bool:
        """Whether a part of the page is wanted.  A restored history entry wants it whole."""
        is_restored = self.headers.get("HX-History-Restore-Request") == "true"
        return self.is_htmx and not is_restored and self.headers.get("HX-Request-Type", "partial") == "partial"

    @property
    def htmx_source(self) -> str:
        """The id of the element that asked (`button#send` → `send`)."""
        return str(self.headers.get("HX-Source", "")).rpartition("#")[2]

    @property
    def htmx_target(self) -> str:
        return str(self.headers.get("HX-Target", "")).rpartition("#")[2]


def wants_fragment() -> bool:
    return bool(getattr(request, "is_fragment", False))


def answer(
    body: str | Response, *, status: int = 200, push_url: str = "", trigger: Mapping[str, object] | None = None
) -> Response:
    """Return an answer with htmx headers, all of them ASCII: URLs percent-encoded, events as JSON with escapes."""
    response = make_response(body, status) if isinstance(body, str) else body
    if push_url:
        response.headers["HX-Push-Url"] = quote(push_url, safe="/:?&=#%+,;@")
    if trigger:
        response.headers["HX-Trigger"] = json.dumps(trigger)
    return response


def redirect_to(url: str) -> Response:
    """Send the browser to `url`: by 303 from a plain form, by header from htmx, which would follow a 303 inside the page."""
    target = quote(url, safe="/:?&=#%+,;@")
    if getattr(request, "is_htmx", False):
        response = make_response("", 200)
        response.headers["HX-Redirect"] = target
        return response
    response = make_response("", 303)
    response.headers["Location"] = target
    return response


def install(app: Flask) -> None:
    Htmx(app)
    app.request_class = HtmxRequest
    app.after_request(_vary)


def _vary(response: AnyResponse) -> AnyResponse:
    response.vary.update(["HX-Request", "HX-Request-Type"])
    return response
