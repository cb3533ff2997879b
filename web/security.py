"""What every answer says to the browser about safety."""

from flask import Flask, redirect, request
from flask_wtf.csrf import CSRFProtect
from werkzeug.wrappers import Response

from kernel import settings

_CSP = "; ".join(
    (
        "default-src 'self'",
        "script-src 'self'",
        "style-src 'self'",
        "img-src 'self' data: blob:",
        "object-src 'none'",
        "base-uri 'none'",
        "frame-ancestors 'none'",
        "form-action 'self'",
    )
)
_HEADERS = {
    "Content-Security-Policy": _CSP,
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=(), payment=()",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
}


def insist_on_https() -> Response | None:
    """Lead whoever came to our proxy without encryption to the same page with it; what they sent has crossed the net already.

    Only where the proxy says so: one that does not tell would be led in circles.
    """
    current = settings.current()
    came_by = request.headers.get("X-Forwarded-Proto", "") if current.proxies else ""
    if current.scheme == "https" and came_by.rpartition(",")[2].strip() == "http":
        return redirect(f"https://{request.host}{request.full_path.rstrip('?')}", 308)
    return None


def let_forms_lead_to(response: Response, place: str) -> Response:
    """Let the forms of this page end at `place` too: browsers hold a form to the policy through every redirect."""
    response.headers["Content-Security-Policy"] = _CSP.replace("form-action 'self'", f"form-action 'self' {place}")
    return response


def install(app: Flask) -> None:
    CSRFProtect(app)
    app.after_request(_say)


def _say(response: Response) -> Response:
    for name, value in _HEADERS.items():
        response.headers.setdefault(name, value)
    if settings.current().scheme == "https":
        response.headers.setdefault("Strict-Transport-Security", "max-age=31536000; includeSubDomains")
    if not request.path.startswith("/static/"):
        _keep_private(response)
    return response


def _keep_private(response: Response) -> None:
    """What does not say that everybody may read it is kept by the reader's own browser at most; files sent say neither."""
    caching = response.cache_control
    if not (caching.public or caching.private):
        response.headers["Cache-Control"] = f"private, {caching.to_header() or 'no-cache'}"
