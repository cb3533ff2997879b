"""Signing in to the portal, and the account behind it."""

import re
from datetime import timedelta

import pytest
from sqlalchemy import text

from kernel import database
from tests.browsing import FormReader
from tests.conftest import PASSWORD


@pytest.fixture
def mail_to(run_due):
    """The text of the newest mail to an address."""

    def newest(address):
        run_due()
        with database.transaction() as session:
            query = text("SELECT text FROM platform.captured_mail WHERE to_address = :to ORDER BY sent_at DESC LIMIT 1")
            return session.scalar(query, {"to": address})

    return newest


@pytest.fixture
def ask_for_code(browse, alpha, mail_to):
    """Ask for a code and return the browser, the page to type it on, the code and the path of the link."""

    def ask(email="mei@mail.example", going_to=""):
        browser = browse(alpha)
        asked = browser.submit("/signin", {"email": email, "next": going_to})
        assert asked.status_code == 303, asked.text
        letter = mail_to(email)
        link = re.search(r"http://[^/]+(/signin/link/\S+)", letter)[1]
        return browser, asked.headers["Location"], re.search(r"\b\d{6}\b", letter)[0], link

    return ask


def is_signed_in(browser):
    return browser.get("/account").status_code == 200


def type_code(browser, page, code):
    return browser.submit(page, {"code": code}, to="/signin/code")


def test_a_code_signs_in_once_and_leads_to_where_one_was_going(ask_for_code, browse, alpha):
    browser, page, code, _link = ask_for_code(going_to="/en/requests/new")
    answer = type_code(browser, page, f" {code[:3]} {code[3:]} ")
    assert (answer.status_code, answer.headers["Location"]) == (303, "/en/requests/new")
    assert is_signed_in(browser)
    other = browse(alpha)
    assert type_code(other, page, code).status_code == 422
    assert not is_signed_in(other)


def test_a_wrong_code_is_refused_and_five_wrong_ones_void_the_right_one(ask_for_code):
    browser, page, code, _link = ask_for_code()
    wrong = "000000" if code != "000000" else "111111"
    for _ in range(5):
        answer = type_code(browser, page, wrong)
        assert answer.status_code == 422
        assert "This code is wrong" in answer.text
    assert type_code(browser, page, code).status_code == 422


def test_a_code_is_too_old_after_a_quarter_of_an_hour(ask_for_code, travel):
    browser, page, code, link = ask_for_code()
    travel(timedelta(minutes=16))
    assert type_code(browser, page, code).status_code == 422
    assert browser.get(link).status_code == 410


def test_a_link_signs_in_by_its_button_and_not_by_being_opened(ask_for_code):
    browser, _page, _code, link = ask_for_code(going_to="/en/requests")
    assert browser.get(link).status_code == 200
    assert not is_signed_in(browser)
    answer = browser.submit(link, {})
    assert (answer.status_code, answer.headers["Location"]) == (303, "/en/requests")
    assert is_signed_in(browser)


def test_a_used_link_says_so(ask_for_code):
    browser, _page, _code, link = ask_for_code()
    hidden = FormReader.hidden_fields(browser.get(link).text, link)
    browser.post(link, hidden)
    assert browser.get(link).status_code == 410
    assert browser.submit("/signin", {}, to=link).status_code == 422


def test_an_unknown_address_is_answered_like_a_known_one(browse, customer_browser, alpha):
    customer_browser(alpha, "mei@mail.example")
    answers = [browse(alpha).submit("/signin", {"email": email}) for email in ("mei@mail.example", "who@mail.example")]
    assert {answer.status_code for answer in answers} == {303}
    wrong = [
        browse(alpha).submit("/signin/password", {"email": email, "password": "not the right one"})
        for email in ("mei@mail.example", "who@mail.example")
    ]
    assert {answer.status_code for answer in wrong} == {422}
    assert all("The e-mail address or the password is not right." in answer.text for answer in wrong)


def test_guessing_a_password_is_stopped(browse, customer_browser, alpha):
    customer_browser(alpha, "mei@mail.example")
    browser = browse(alpha)
    tries = [browser.submit("/signin/password", {"email": "mei@mail.example", "password": f"guess {n}"}) for n in range(6)]
    assert [answer.status_code for answer in tries] == [422] * 5 + [429]


def test_asking_for_codes_is_stopped_too(browse, alpha):
    browser = browse(alpha)
    asked = [browser.submit("/signin", {"email": "mei@mail.example"}).status_code for _ in range(6)]
    assert asked == [303] * 5 + [429]


@pytest.mark.parametrize("fields", [{}, {"email": "nobody"}, {"email": "a@b@c"}, {"email": "x" * 5000}])
def test_an_address_that_is_none_is_refused(browse, alpha, fields):
    assert browse(alpha).submit("/signin", {"email": "", **fields}).status_code == 422


@pytest.mark.parametrize(
    "target", ["https://evil.example/", "//evil.example/x", "/\\evil.example", "\\\\evil", "http:evil", "/a\nb"]
)
def test_signing_in_never_leads_to_another_site(browse, customer_browser, alpha, target):
    customer_browser(alpha, "mei@mail.example")
    fields = {"email": "mei@mail.example", "password": PASSWORD, "next": target}
    assert browse(alpha).submit("/signin/password", fields).headers["Location"] == "/en/requests"


def test_a_page_that_needs_signing_in_is_returned_to(browse, customer_browser, alpha):
    customer_browser(alpha, "mei@mail.example")
    browser = browse(alpha)
    sign_in = browser.get("/en/requests?tab=solved").headers["Location"]
    page = sign_in.replace("/signin", "/signin/password", 1)
    answer = browser.submit(page, {"email": "mei@mail.example", "password": PASSWORD}, to="/signin/password")
    assert answer.headers["Location"] == "/en/requests?tab=solved"


def test_signing_out_ends_the_sign_in_itself(customer_browser, alpha):
    browser = customer_browser(alpha)
    cookie = browser.client.get_cookie("fd_portal", domain=browser.host.partition(":")[0]).value
    assert browser.submit("/account", {}, to="/signout").status_code == 303
    assert not is_signed_in(browser)
    browser.client.set_cookie("fd_portal", cookie, domain=browser.host.partition(":")[0])
    assert not is_signed_in(browser)


def test_signing_out_needs_its_token_and_a_post(customer_browser, alpha):
    browser = customer_browser(alpha)
    assert browser.post("/signout", {}).status_code == 400
    assert browser.get("/signout").status_code == 405
    assert is_signed_in(browser)


def test_one_tenants_cookie_opens_nothing_at_another(customer_browser, browse, alpha, beta):
    mine = customer_browser(alpha)
    cookie = mine.client.get_cookie("fd_portal", domain=mine.host.partition(":")[0]).value
    elsewhere = browse(beta)
    elsewhere.client.set_cookie("fd_portal", cookie, domain=elsewhere.host.partition(":")[0])
    assert not is_signed_in(elsewhere)


def test_the_account_is_changed_and_speaks_the_new_language(customer_browser, alpha):
    browser = customer_browser(alpha)
    changed = browser.submit("/account", {"name": "Mei Chen", "phone": "+886 2 5550 0188", "language": "zh_Hant"})
    assert changed.status_code == 303
    page = browser.get("/account").text
    assert "Mei Chen" in page
    assert "+886255500188" in page
    assert '<html lang="zh-Hant"' in page


@pytest.mark.parametrize("fields", [{"name": ""}, {"name": "x" * 500}, {"phone": "12"}, {"language": "xx"}])
def test_an_account_that_cannot_be_comes_back_as_typed(customer_browser, alpha, fields):
    given = {"name": "Mei Chen", "phone": "", "language": "en", **fields}
    answer = customer_browser(alpha).submit("/account", given)
    assert answer.status_code == 422
    assert f'value="{given["name"]}"' in answer.text


def test_a_new_password_signs_out_every_other_browser(customer_browser, alpha):
    here, there = customer_browser(alpha, "mei@mail.example"), None
    answer = here.submit("/account", {"password": "five words in a row"}, to="/account/password")
    assert answer.status_code == 303
    assert is_signed_in(here)
    there = customer_browser(alpha, "mei@mail.example")
    assert is_signed_in(there)
    assert not is_signed_in(here)


def test_a_short_password_is_refused(customer_browser, alpha):
    answer = customer_browser(alpha).submit("/account", {"password": "short"}, to="/account/password")
    assert answer.status_code == 422
    assert "at least 10 characters" in answer.text


def test_signing_out_everywhere_ends_every_sign_in(customer_browser, alpha):
    browser = customer_browser(alpha)
    assert browser.submit("/account", {}, to="/account/sign-out-everywhere").headers["Location"] == "/signin"
    assert not is_signed_in(browser)


def test_a_visitor_has_no_account(browse, alpha):
    assert browse(alpha).get("/account").headers["Location"] == "/signin?next=/account"


def test_a_page_that_is_not_there_still_knows_who_is_signed_in(customer_browser, alpha):
    assert 'href="/account"' in customer_browser(alpha).get("/en/nothing-here").text


def test_an_unknown_house_names_nobody_and_speaks_as_its_visitor_does(browse, alpha):
    browser = browse(alpha, "zh-TW")
    browse(alpha).get("/en/")
    browser.host = "nobody.localhost:8000"
    answer = browser.get("/en/")
    assert answer.status_code == 404
    assert "Alpha" not in answer.text
    assert '<html lang="zh-Hant"' in answer.text
