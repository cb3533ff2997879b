"""The session's cookie is given when it says something new, and once a day lest it run out under somebody's hands."""

from datetime import timedelta

import pytest

from backoffice import app as backoffice

HOME = "/desk/"


@pytest.fixture
def at_work(alpha, staff_browser):
    """A member of staff who has looked at a page, so that their cookie says all that it ever will."""
    browser = staff_browser(alpha)
    browser.get(HOME)
    return browser


def test_the_next_page_does_not_give_the_cookie_again(at_work):
    answer = at_work.get(HOME)
    assert answer.status_code == 200
    assert "Set-Cookie" not in answer.headers


def test_whoever_comes_back_the_next_day_gets_the_cookie_anew(at_work, travel):
    travel(timedelta(days=1, minutes=1))
    answer = at_work.get(HOME)
    assert answer.status_code == 200
    assert answer.headers["Set-Cookie"].startswith("fd_desk=")


def test_a_page_depends_on_the_cookie_though_it_gives_none(at_work):
    assert "Cookie" in at_work.get(HOME).headers["Vary"]


@pytest.mark.parametrize(
    ("damage", "status"),
    [(str, 200), (lambda signed: signed[:-2], 303), (lambda signed: f"x{signed}", 303), (lambda signed: "", 303)],
)
def test_a_damaged_cookie_says_nothing(alpha, browse, at_work, damage, status):
    name, domain = backoffice.create().config["SESSION_COOKIE_NAME"], at_work.host.partition(":")[0]
    stranger = browse(alpha)
    stranger.client.set_cookie(name, damage(at_work.client.get_cookie(name, domain=domain).value), domain=domain)
    assert stranger.get(HOME).status_code == status
