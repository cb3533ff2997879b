"""Encryption on the way: whoever comes without it is led to it, and browsers are told to remember."""

from dataclasses import replace

import pytest

import wsgi
from backoffice import app as backoffice
from kernel import settings

PATHS = {"portal": "/en/search?q=a%20b", "desk": "/desk/signin", "operators": "/ops/signin"}


@pytest.fixture
def encrypted(house):
    """The installation behind one proxy that takes https."""
    settings.use(replace(house, scheme="https", proxies=1))
    yield
    settings.use(house)


@pytest.fixture
def door(alpha, browse):
    """`door("desk")` asks a page of a face as the proxy passes it on."""

    def ask(face, **headers):
        return browse(None if face == "operators" else alpha).get(PATHS[face], **headers)

    return ask


@pytest.mark.parametrize("face", PATHS)
def test_whoever_comes_without_encryption_is_led_to_it(encrypted, door, face):
    answer = door(face, **{"X-Forwarded-Proto": "http"})
    assert answer.status_code == 308
    host = "localhost:8000" if face == "operators" else "alpha.localhost:8000"
    assert answer.location == f"https://{host}{PATHS[face]}"


@pytest.mark.parametrize("face", PATHS)
def test_browsers_are_told_to_come_with_encryption_only(encrypted, door, face):
    answer = door(face, **{"X-Forwarded-Proto": "https"})
    assert answer.status_code == 200
    assert answer.headers["Strict-Transport-Security"] == "max-age=31536000; includeSubDomains"


def test_a_proxy_that_does_not_tell_leads_nobody_in_circles(encrypted, door):
    assert door("portal").status_code == 200


def test_without_a_proxy_of_ours_nobody_believes_the_header(door, house):
    settings.use(replace(house, scheme="https"))
    assert door("portal", **{"X-Forwarded-Proto": "http"}).status_code == 200
    settings.use(house)


def test_cookies_travel_encrypted_only(encrypted, alpha):
    config = backoffice.create().config
    assert (config["SESSION_COOKIE_SECURE"], config["SESSION_COOKIE_NAME"]) == (True, "__Host-fd_desk")
    assert config["SESSION_COOKIE_HTTPONLY"]


def test_in_a_demonstration_nothing_is_remembered_for_a_year(door):
    assert "Strict-Transport-Security" not in door("portal").headers
    assert set(wsgi.faces()) == set(PATHS)
