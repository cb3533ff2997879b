"""Operators sign in at the platform's own host; nobody else does."""

from datetime import timedelta

import pytest

from kernel import database
from tenants import operators
from tenants.permissions import Role

SIGN_IN = {"email": "op@frontdesk.example", "password": "a long enough password"}


@pytest.fixture
def operator(house):
    with database.transaction() as session:
        return operators.add(session, name="Olivia", **SIGN_IN)


def test_a_visitor_of_the_console_is_asked_to_sign_in_and_then_led_back(operator, browse):
    browser = browse(None)
    asked = browser.get("/ops/")
    assert (asked.status_code, asked.location) == (303, "/ops/signin?next=/ops/")
    assert browser.submit("/ops/signin", {**SIGN_IN, "next": "/ops/"}).location == "/ops/"
    assert browser.get("/ops/").status_code == 200


def test_whoever_is_signed_in_need_not_sign_in_again(operator, browse):
    browser = browse(None)
    browser.submit("/ops/signin", SIGN_IN)
    assert browser.get("/ops/signin").status_code == 303


@pytest.mark.parametrize("wrong", [{"password": "not the password"}, {"email": "nobody@frontdesk.example"}])
def test_a_wrong_password_and_an_unknown_address_get_the_same_answer(operator, browse, wrong):
    page = browse(None).submit("/ops/signin", {**SIGN_IN, **wrong})
    assert page.status_code == 422
    assert "The e-mail address or the password is not right." in page.text


def test_the_address_stays_in_the_form_and_the_password_does_not(operator, browse):
    page = browse(None).submit("/ops/signin", {**SIGN_IN, "password": "not the password"}).text
    assert 'value="op@frontdesk.example"' in page
    assert "not the password" not in page


def test_an_empty_form_says_beside_each_field_what_is_missing(operator, browse):
    page = browse(None).submit("/ops/signin", {"email": "", "password": ""})
    assert page.status_code == 422
    assert "Enter your e-mail address." in page.text
    assert "Enter your password." in page.text


def test_guessing_is_stopped_after_five_tries_and_allowed_again_a_quarter_of_an_hour_later(operator, browse, travel):
    browser = browse(None)
    for _try in range(5):
        assert browser.submit("/ops/signin", {**SIGN_IN, "password": "a guess"}).status_code == 422
    assert browser.submit("/ops/signin", SIGN_IN).status_code == 429
    travel(timedelta(minutes=16))
    assert browser.submit("/ops/signin", SIGN_IN).status_code == 303


def test_signing_out_ends_the_sign_in_not_only_the_cookie(operator, browse):
    browser = browse(None)
    browser.submit("/ops/signin", SIGN_IN)
    cookie = browser.client.get_cookie("fd_operators", "localhost")
    browser.submit("/ops/", {}, to="/ops/signout")
    browser.client.set_cookie("fd_operators", cookie.value, domain="localhost")
    assert browser.get("/ops/").status_code == 303


def test_a_sign_in_lasts_twelve_hours(operator, browse, travel):
    browser = browse(None)
    browser.submit("/ops/signin", SIGN_IN)
    travel(timedelta(hours=12, minutes=1))
    assert browser.get("/ops/").status_code == 303


@pytest.mark.parametrize("target", ["https://evil.example/", "//evil.example/", "/\\evil.example"])
def test_after_signing_in_nobody_is_led_to_a_stranger(operator, browse, target):
    assert browse(None).submit("/ops/signin", {**SIGN_IN, "next": target}).location == "/ops/"


def test_a_form_without_its_token_is_refused(operator, browse):
    assert browse(None).post("/ops/signin", SIGN_IN).status_code == 400


def test_a_tenants_administrator_does_not_reach_the_console(alpha, staff_browser):
    browser = staff_browser(alpha, Role.ADMIN)
    assert browser.get("/ops/").status_code == 404
    browser.host = "localhost:8000"
    assert browser.get("/ops/").status_code == 303


def test_an_operator_signs_in_at_no_tenant(alpha, operator, browse):
    assert browse(alpha).submit("/desk/signin", SIGN_IN).status_code == 422
