from datetime import timedelta

import pyotp
import pytest

from kernel import clock
from tenants import staff
from tenants.permissions import Role
from tests.conftest import PASSWORD

SECRET = "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP"


def sign_in(browser, email="agent@alpha.example", password=PASSWORD, **more):
    return browser.submit("/desk/signin", {"email": email, "password": password, **more})


@pytest.fixture
def agent(staff_browser, alpha):
    """An agent of alpha, signed in; others may sign in with the same account."""
    return staff_browser(alpha)


@pytest.fixture
def second_step(in_tenant, agent, alpha):
    """The agent's account asks for a code from now on."""
    with in_tenant(alpha) as session:
        staff.by_email(session, "agent@alpha.example").totp_secret = SECRET


def code_now():
    return pyotp.TOTP(SECRET).at(clock.now())


def test_the_desk_sends_a_visitor_to_its_sign_in_and_back_to_the_page_asked_for(agent, browse, alpha):
    visitor = browse(alpha)
    asked = visitor.get("/desk/bell?x=1")
    assert asked.status_code == 303
    assert asked.headers["Location"] == "/desk/signin?next=/desk/bell?x%3D1"
    answer = visitor.submit(
        asked.headers["Location"], {"email": "agent@alpha.example", "password": PASSWORD}, to="/desk/signin"
    )
    assert (answer.status_code, answer.headers["Location"]) == (303, "/desk/bell?x=1")
    assert visitor.get("/desk/bell").status_code == 200


@pytest.mark.parametrize("next_path", ["//evil.example", "https://evil.example", "/\\evil.example", "\t//evil.example", "//["])
def test_a_sign_in_never_leads_to_another_host(agent, browse, alpha, next_path):
    answer = sign_in(browse(alpha), next=next_path)
    assert answer.headers["Location"] == "/desk/"


def test_an_unknown_address_and_a_wrong_password_look_the_same(agent, browse, alpha):
    unknown = sign_in(browse(alpha), email="nobody@alpha.example")
    wrong = sign_in(browse(alpha), password="not the password")
    assert unknown.status_code == wrong.status_code == 422
    assert "The e-mail address or the password is not right." in unknown.text
    assert "The e-mail address or the password is not right." in wrong.text
    assert 'value="agent@alpha.example"' in wrong.text


def test_an_empty_form_says_what_is_missing_beside_the_fields(browse, alpha):
    answer = sign_in(browse(alpha), email="", password="")
    assert answer.status_code == 422
    assert "Enter your e-mail address." in answer.text
    assert "Enter your password." in answer.text


def test_the_sixth_try_has_to_wait_even_with_the_right_password(agent, browse, alpha, travel):
    visitor = browse(alpha)
    for _ in range(5):
        assert sign_in(visitor, password="wrong").status_code == 422
    refused = sign_in(visitor)
    assert refused.status_code == 429
    assert "Too many tries" in refused.text
    travel(timedelta(minutes=16))
    assert sign_in(visitor).status_code == 303


def test_who_has_left_is_out_at_once_and_cannot_come_back(agent, browse, alpha, in_tenant):
    with in_tenant(alpha) as session:
        staff.by_email(session, "agent@alpha.example").is_active = False
    assert agent.get("/desk/bell").status_code == 303
    assert sign_in(browse(alpha)).status_code == 422


def test_signing_out_ends_the_sign_in_itself_not_only_the_cookie(agent):
    old = {cookie.key: cookie.value for cookie in agent.client._cookies.values()}
    assert agent.submit("/desk/bell", {}, to="/desk/signout").status_code == 303
    for key, value in old.items():
        agent.client.set_cookie(key, value, domain=agent.host.partition(":")[0])
    assert agent.get("/desk/bell").status_code == 303


def test_a_form_sent_after_the_sign_in_ended_leads_back_to_its_page(agent, alpha):
    page = f"http://{agent.host}/desk/me"
    agent.client._cookies.clear()
    token = agent.get("/desk/signin").text.split('name="csrf_token" value="')[1].split('"')[0]
    answer = agent.post("/desk/me/password", {"csrf_token": token}, Referer=page)
    assert answer.headers["Location"] == "/desk/signin?next=/desk/me"


def test_with_a_second_step_the_password_alone_opens_nothing(second_step, browse, alpha):
    visitor = browse(alpha)
    answer = sign_in(visitor, next="/desk/me")
    assert answer.headers["Location"] == "/desk/signin/second-step?next=/desk/me"
    assert visitor.get("/desk/me").status_code == 303
    done = visitor.submit(answer.headers["Location"], {"code": code_now()}, to="/desk/signin/second-step")
    assert done.headers["Location"] == "/desk/me"
    assert visitor.get("/desk/me").status_code == 200


def test_a_code_that_somebody_watched_cannot_be_used_again(second_step, browse, alpha):
    first, second, code = browse(alpha), browse(alpha), code_now()
    for visitor in (first, second):
        sign_in(visitor)
    assert first.submit("/desk/signin/second-step", {"code": code}).status_code == 303
    again = second.submit("/desk/signin/second-step", {"code": code})
    assert again.status_code == 422
    assert "This code is not right" in again.text


def test_guessing_codes_ends_after_five_tries(second_step, browse, alpha):
    visitor = browse(alpha)
    sign_in(visitor)
    for _ in range(5):
        assert visitor.submit("/desk/signin/second-step", {"code": "000000x"}).status_code == 422
    assert visitor.submit("/desk/signin/second-step", {"code": code_now()}).status_code == 429


def test_the_second_step_cannot_come_first_nor_ten_minutes_late(second_step, browse, alpha, travel):
    visitor = browse(alpha)
    assert visitor.get("/desk/signin/second-step").headers["Location"] == "/desk/signin"
    sign_in(visitor)
    travel(timedelta(minutes=11))
    assert visitor.get("/desk/signin/second-step").headers["Location"] == "/desk/signin"


def test_a_customer_has_no_place_at_the_desk_and_staff_no_account_at_the_portal(agent, customer_browser, alpha):
    assert customer_browser(alpha).get("/desk/bell").status_code == 303
    assert agent.get("/en/requests").status_code == 303


def test_a_sign_in_of_one_tenant_is_none_at_another(agent, browse, beta):
    stranger = browse(beta)
    for cookie in list(agent.client._cookies.values()):
        stranger.client.set_cookie(cookie.key, cookie.value, domain=stranger.host.partition(":")[0])
    assert stranger.get("/desk/bell").status_code == 303


def test_damaged_input_and_wrong_methods_are_refused(browse, alpha, staff_browser):
    visitor = browse(alpha)
    assert sign_in(visitor, email="a\x00b@alpha.example").status_code == 400
    assert visitor.get("/desk/%ff").status_code == 400
    assert visitor.get("/desk/signout").status_code == 405
    assert visitor.post("/desk/signin", {"email": "a", "password": "b"}).status_code == 400
    assert staff_browser(alpha, Role.VIEWER).get("/desk/bell").status_code == 200
