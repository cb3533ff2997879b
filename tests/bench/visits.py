"""Signing in and finding pages for the bench, as a browser would."""

import http.cookiejar
import re
import urllib.parse
import urllib.request

from tests.browsing import FormReader
from tests.running import RunningService

PASSWORD = "frontdesk-demo"


def portal_cookie(service: RunningService, slug: str) -> str:
    return _signed_in(service, slug, "/signin", "/signin/password", f"customer@{slug}.example")


def desk_cookie(service: RunningService, slug: str) -> str:
    return _signed_in(service, slug, "/desk/signin", "/desk/signin", f"agent@{slug}.example")


def _signed_in(service: RunningService, slug: str, page: str, action: str, email: str) -> str:
    jar = http.cookiejar.CookieJar()
    opener = urllib.request.build_opener(urllib.request.HTTPCookieProcessor(jar))
    with opener.open(service.url(slug, page)) as answer:
        hidden = FormReader.hidden_fields(answer.read().decode(), action)
    form = urllib.parse.urlencode({**hidden, "email": email, "password": PASSWORD}).encode()
    with opener.open(service.url(slug, action), form):
        return "; ".join(f"{cookie.name}={cookie.value}" for cookie in jar)


def first_link(service: RunningService, slug: str, page: str, starting_with: str, cookie: str = "") -> str:
    """Return the first link on `page` that begins so."""
    request = urllib.request.Request(service.url(slug, page), headers={"Cookie": cookie} if cookie else {})
    with urllib.request.urlopen(request) as answer:
        found = re.search(rf'href="({re.escape(starting_with)}[^"]+)"', answer.read().decode())
    assert found, f"no link to {starting_with} on {page}"
    return found[1]
