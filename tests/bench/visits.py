"""Signing in and finding pages for the bench."""

import re

from tests.running import RunningService
from tests.visiting import Visitor

PASSWORD = "frontdesk-demo"


def portal_cookie(service: RunningService, slug: str) -> str:
    visitor = service.visitor(slug)
    answer = visitor.submit("/signin", {"email": f"customer@{slug}.example", "password": PASSWORD}, to="/signin/password")
    assert answer.status == 303, answer.text
    return visitor.cookie


def desk_cookie(service: RunningService, slug: str) -> str:
    visitor = service.visitor(slug)
    answer = visitor.submit("/desk/signin", {"email": f"agent@{slug}.example", "password": PASSWORD})
    assert answer.status == 303, answer.text
    return visitor.cookie


def first_link(service: RunningService, slug: str, page: str, pattern: str, cookie: str = "") -> str:
    """Return the first link on `page` that matches."""
    visitor = Visitor(f"{slug}.localhost:{service.port}", service.port)
    if cookie:
        visitor.cookies = dict(part.split("=", 1) for part in cookie.split("; "))
    found = re.search(rf'href="({pattern})"', visitor.get(page).text)
    assert found, f"no link like {pattern} on {page}"
    return found[1]
