"""Where to go on to after a detour: an address of this very house, whatever the form or link says."""

from urllib.parse import urlsplit

from flask import request

from web import htmx


def local_path(given: str | None, default: str) -> str:
    """Return `given` when it is a path of this host, else `default`: a sign-in must not hand people on to a stranger.

    Browsers read a backslash as a slash and skip control characters, so either could hide a host name (ASVS 1.3.6).
    """
    path = given or ""
    is_ours = path.startswith("/") and not path.startswith("//") and path.isprintable() and "\\" not in path
    return path if is_ours else default


def here() -> str:
    """Return the path of the page that the reader looks at: for a form or a fragment, of the page that sent it."""
    if request.method == "GET" and not htmx.wants_fragment():
        return request.full_path.rstrip("?")
    try:
        page = urlsplit(request.referrer or "")
    except ValueError:
        return ""
    return local_path(page.path + (f"?{page.query}" if page.query else ""), "") if page.netloc == request.host else ""
