import re

import pyotp
import pytest

from kernel import clock
from tenants import staff
from tests.conftest import PASSWORD

NEW_PASSWORD = "five small blue kettles"


@pytest.fixture
def agent(staff_browser, alpha):
    return staff_browser(alpha)


def test_the_desk_speaks_the_language_of_the_account(agent, browse, alpha):
    answer = agent.submit("/desk/me", {"language": "zh_Hant", "next": "/desk/bell"}, to="/desk/me/language")
    assert answer.headers["Location"] == "/desk/bell"
    assert '<html lang="zh-Hant"' in agent.get("/desk/bell").text


def test_a_language_that_nobody_speaks_changes_nothing(agent):
    agent.submit("/desk/me", {"language": "xx", "next": "//evil.example"}, to="/desk/me/language")
    assert '<html lang="en"' in agent.get("/desk/me").text


def test_a_changed_password_signs_out_everywhere_else(agent, staff_browser, browse, alpha):
    elsewhere = staff_browser(alpha)
    given = {"present_password": PASSWORD, "new_password": NEW_PASSWORD}
    assert agent.submit("/desk/me", given, to="/desk/me/password").status_code == 303
    assert "signed out everywhere else" in agent.get("/desk/me").text
    assert elsewhere.get("/desk/me").status_code == 303
    signed_in = browse(alpha).submit("/desk/signin", {"email": "agent@alpha.example", "password": NEW_PASSWORD})
    assert signed_in.status_code == 303


@pytest.mark.parametrize(
    ("present", "new", "message"),
    [
        ("not it", NEW_PASSWORD, "This is not your current password."),
        (PASSWORD, "short", "at least 10 characters"),
        ("", "", "Enter your current password."),
    ],
)
def test_a_refused_password_says_why_and_changes_nothing(agent, present, new, message):
    answer = agent.submit("/desk/me", {"present_password": present, "new_password": new}, to="/desk/me/password")
    assert answer.status_code == 422
    assert message in answer.text


def test_a_stranger_at_an_open_desk_cannot_guess_the_password_for_long(agent):
    wrong = {"present_password": "wrong", "new_password": NEW_PASSWORD}
    statuses = [agent.submit("/desk/me", wrong, to="/desk/me/password").status_code for _ in range(6)]
    assert statuses == [422] * 5 + [429]


def test_the_second_step_is_set_up_with_a_picture_and_a_first_code(agent, in_tenant, alpha):
    page = agent.get("/desk/me/second-step")
    secret = re.search(r"<code>([A-Z2-7]{32})</code>", page.text)[1]
    assert 'src="data:image/svg+xml' in page.text
    fields = {"csrf_token": re.search(r'name="csrf_token" value="([^"]+)"', page.text)[1], "secret": secret}
    wrong = agent.post("/desk/me/second-step", {**fields, "code": "123"})
    assert (wrong.status_code, secret in wrong.text) == (422, True)
    code = pyotp.TOTP(secret).at(clock.now())
    assert agent.post("/desk/me/second-step", {**fields, "code": f"{code[:3]} {code[3:]}"}).status_code == 303
    with in_tenant(alpha) as session:
        kept = staff.by_email(session, "agent@alpha.example").totp_secret
        assert kept is not None
        assert secret not in kept


def test_a_secret_of_somebody_elses_making_is_replaced(agent):
    answer = agent.submit("/desk/me/second-step", {"secret": "x" * 9000, "code": "123456"})
    assert answer.status_code == 422
    assert "x" * 50 not in answer.text


def test_switching_the_second_step_off_takes_the_password(agent, in_tenant, alpha):
    with in_tenant(alpha) as session:
        staff.by_email(session, "agent@alpha.example").totp_secret = pyotp.random_base32()
    assert agent.submit("/desk/me/second-step", {"password": "wrong"}, to="/desk/me/second-step/off").status_code == 422
    assert agent.submit("/desk/me/second-step", {"password": PASSWORD}, to="/desk/me/second-step/off").status_code == 303
    with in_tenant(alpha) as session:
        assert staff.by_email(session, "agent@alpha.example").totp_secret is None


def test_a_browser_elsewhere_can_be_signed_out_from_here(agent, staff_browser, alpha):
    elsewhere = staff_browser(alpha)
    page = agent.get("/desk/me").text
    assert page.count("This browser") == 1
    (end,) = re.findall(r'action="(/desk/me/browsers/[0-9a-f]+/end)"', page)
    assert agent.submit("/desk/me", {}, to=end).status_code == 303
    assert elsewhere.get("/desk/me").status_code == 303
    assert agent.submit("/desk/me", {}, to=end).status_code == 404


def test_the_browser_of_a_colleague_cannot_be_signed_out(agent, staff_browser, alpha):
    from tenants.permissions import Role

    manager = staff_browser(alpha, Role.MANAGER)
    staff_browser(alpha, Role.MANAGER)
    (end,) = re.findall(r'action="(/desk/me/browsers/[0-9a-f]+/end)"', manager.get("/desk/me").text)
    assert agent.submit("/desk/me", {}, to=end).status_code == 404


@pytest.mark.parametrize(
    ("agent_text", "name"),
    [
        ("Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 Chrome/140.0 Safari/537.36 Edg/140.0", "Edge, Windows"),
        ("Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) Version/18.0 Mobile Safari/604.1", "Safari, iOS"),
        ("curl/8", "curl/8"),
    ],
)
def test_browsers_are_called_what_people_call_them(agent_text, name):
    from backoffice.my_settings import browser_name

    assert browser_name(agent_text) == name
