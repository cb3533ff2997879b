"""People at the desk: inviting, coming in, changing, letting go; as an administrator and as whoever is invited sees it."""

import re
from datetime import timedelta

import pyotp
import pytest

from kernel import clock, database
from kernel.actors import SYSTEM
from notifications import queries as notifications
from tenants import people, staff
from tenants.permissions import Role
from tests.conftest import PASSWORD

NEW = "new@alpha.example"


@pytest.fixture
def admin(staff_browser, alpha):
    return staff_browser(alpha, Role.ADMIN)


@pytest.fixture
def member_id(alpha, in_tenant):
    """`member_id("agent@alpha.example")` is somebody's number."""

    def found(email):
        with in_tenant(alpha) as session:
            return staff.by_email(session, email).id

    return found


@pytest.fixture
def link(run_due):
    """`link(NEW)` is the path in the newest mail to somebody."""

    def newest(email):
        run_due()
        with database.transaction() as session:
            text = notifications.captured_mails(session, to=email)[-1].text
        return re.search(r"http://alpha\.localhost:8000(/desk/\S+)", text)[1]

    return newest


def invite(admin, emails=NEW, role="agent"):
    return admin.submit("/desk/settings/people/invite", {"emails": emails, "role": role, "language": "en"})


def page_of(staff_id):
    return f"/desk/settings/people/{staff_id}"


def test_an_agent_sees_tickets_and_no_settings(staff_browser, alpha):
    agent = staff_browser(alpha)
    assert agent.get("/desk/").status_code == 200
    assert "/desk/settings" not in agent.get("/desk/").text
    for path in ("/desk/settings/", "/desk/settings/people", "/desk/settings/audit"):
        assert agent.get(path).status_code == 403


def test_an_invitation_goes_out_and_its_link_lets_somebody_in(admin, browse, alpha, link):
    assert invite(admin).status_code == 303
    assert "Invited" in admin.get("/desk/settings/people").text
    visitor, path = browse(alpha), link(NEW)
    assert NEW in visitor.get(path).text
    answer = visitor.submit(path, {"name": "Nora New", "password": PASSWORD})
    assert (answer.status_code, answer.headers["Location"]) == (303, "/desk/")
    assert visitor.get("/desk/").status_code == 200
    assert visitor.get("/desk/settings/").status_code == 403
    assert browse(alpha).get(path).status_code == 410


def test_opening_the_link_does_not_use_it_up_and_a_bad_form_keeps_what_was_typed(admin, browse, alpha, link):
    invite(admin)
    visitor, path = browse(alpha), link(NEW)
    visitor.get(path)
    refused = visitor.submit(path, {"name": "Nora", "password": "short"})
    assert refused.status_code == 422
    assert 'value="Nora"' in refused.text
    assert "at least 10 characters" in refused.text
    assert visitor.submit(path, {"name": "Nora", "password": PASSWORD}).status_code == 303


def test_a_list_of_addresses_is_invited_at_once_or_not_at_all(admin):
    assert invite(admin, "a@alpha.example, b@alpha.example\nc@alpha.example").status_code == 303
    refused = invite(admin, "d@alpha.example nonsense")
    assert refused.status_code == 422
    assert "“nonsense” is not an e-mail address." in refused.text
    assert "d@alpha.example nonsense" in refused.text
    taken = invite(admin, "e@alpha.example a@alpha.example")
    assert taken.status_code == 409
    page = admin.get("/desk/settings/people").text
    assert [f"{name}@alpha.example" in page for name in "abcde"] == [True, True, True, False, False]


def test_a_role_that_is_not_offered_is_refused(admin):
    assert invite(admin, role="boss").status_code == 422


def test_a_withdrawn_invitation_and_one_sent_again_end_the_link(admin, browse, alpha, link, member_id):
    invite(admin)
    first, place = link(NEW), page_of(member_id(NEW))
    admin.submit(place, {}, to=f"{place}/invite-again")
    second = link(NEW)
    assert browse(alpha).get(first).status_code == 410
    assert browse(alpha).get(second).status_code == 200
    admin.submit(place, {}, to=f"{place}/revoke-invitation")
    assert browse(alpha).get(second).status_code == 410


def test_an_invitation_taken_back_before_its_mail_was_written_sends_none(admin, member_id, run_due):
    invite(admin)
    place = page_of(member_id(NEW))
    admin.submit(place, {}, to=f"{place}/revoke-invitation")
    run_due()
    with database.transaction() as session:
        assert notifications.captured_mails(session, to=NEW) == []


def test_another_role_counts_from_the_very_next_request(admin, staff_browser, alpha, member_id):
    agent = staff_browser(alpha)
    place = page_of(member_id("agent@alpha.example"))
    assert agent.get("/desk/settings/people").status_code == 403
    assert admin.submit(place, {"role": "admin"}, to=f"{place}/role").status_code == 303
    assert agent.get("/desk/settings/people").status_code == 200
    admin.submit(place, {"role": "viewer"}, to=f"{place}/role")
    assert agent.get("/desk/settings/people").status_code == 403


def test_a_role_changed_meanwhile_is_a_conflict_and_shows_the_present_one(admin, staff_browser, alpha, in_tenant, member_id):
    staff_browser(alpha)
    place = page_of(member_id("agent@alpha.example"))
    hidden = admin.get(place).text
    seen = re.search(r'name="seen"[^>]*value="(\w+)"', hidden)[1]
    token = re.search(r'name="csrf_token" value="([^"]+)"', hidden)[1]
    with in_tenant(alpha) as session:
        people.change_role(session, staff.by_email(session, "agent@alpha.example"), role="viewer", seen="agent", actor=SYSTEM)
    answer = admin.post(f"{place}/role", {"role": "manager", "seen": seen, "csrf_token": token})
    assert answer.status_code == 409
    assert "Somebody changed this" in answer.text
    assert re.search(r'name="seen"[^>]*value="(\w+)"', answer.text)[1] == "viewer"


def test_who_is_let_go_is_out_at_the_very_next_request(admin, staff_browser, alpha, browse, member_id):
    agent = staff_browser(alpha)
    place = page_of(member_id("agent@alpha.example"))
    admin.submit(place, {}, to=f"{place}/deactivate")
    assert agent.get("/desk/").status_code == 303
    sign_in = {"email": "agent@alpha.example", "password": PASSWORD}
    assert browse(alpha).submit("/desk/signin", sign_in).status_code == 422
    admin.submit(place, {}, to=f"{place}/reactivate")
    assert agent.get("/desk/").status_code == 303
    assert browse(alpha).submit("/desk/signin", sign_in).status_code == 303


def test_nobody_finds_buttons_for_their_own_account_and_cannot_send_them_either(admin, member_id):
    place = page_of(member_id("admin@alpha.example"))
    page = admin.get(place).text
    assert f"{place}/role" not in page
    assert f"{place}/deactivate" not in page
    for action, form in (("deactivate", {}), ("role", {"role": "agent", "seen": "admin"})):
        assert admin.submit("/desk/me", form, to=f"{place}/{action}").status_code == 403


def test_the_ownership_is_transferred_only_with_the_box_ticked(admin, alpha, in_tenant, member_id):
    with in_tenant(alpha) as session:
        facts = {"email": "second@alpha.example", "name": "Second", "role": Role.ADMIN, "password": PASSWORD}
        staff.add(session, **facts, actor=SYSTEM)
    place = page_of(member_id("second@alpha.example"))

    def owner():
        with in_tenant(alpha) as session:
            return staff.owner(session).email

    admin.submit(place, {}, to=f"{place}/own")
    assert owner() == "admin@alpha.example"
    admin.submit(place, {"sure": "yes"}, to=f"{place}/own")
    assert owner() == "second@alpha.example"


def test_an_administrator_signs_somebody_out_in_one_browser_and_in_all(admin, staff_browser, alpha, member_id):
    agent = staff_browser(alpha)
    listing = admin.get("/desk/settings/sign-ins").text
    assert "This browser" in listing
    admin.submit("/desk/settings/sign-ins", {}, to=re.search(r"/desk/settings/sign-ins/\w+/end", listing)[0])
    assert agent.get("/desk/").status_code == 303
    assert admin.get("/desk/").status_code == 200
    place = page_of(member_id("admin@alpha.example"))
    admin.submit(place, {}, to=f"{place}/sign-out")
    assert admin.get("/desk/").status_code == 200


def test_a_forgotten_password_is_answered_the_same_for_known_and_unknown(staff_browser, browse, alpha, run_due):
    staff_browser(alpha)
    answers = []
    for email in ("agent@alpha.example", "nobody@alpha.example"):
        visitor = browse(alpha)
        answer = visitor.submit("/desk/signin/forgotten", {"email": email})
        answers.append(
            (answer.status_code, answer.headers["Location"], "If this address works here" in visitor.get("/desk/signin").text)
        )
    assert answers[0] == answers[1] == (303, "/desk/signin", True)
    run_due()
    with database.transaction() as session:
        assert len(notifications.captured_mails(session, to="agent@alpha.example")) == 1
        assert notifications.captured_mails(session, to="nobody@alpha.example") == []


def test_a_second_address_in_the_form_gets_no_letter(staff_browser, browse, alpha, run_due):
    staff_browser(alpha)
    browse(alpha).submit("/desk/signin/forgotten", {"email": ["agent@alpha.example", "evil@evil.example"]})
    run_due()
    with database.transaction() as session:
        assert notifications.captured_mails(session, to="evil@evil.example") == []


def test_the_link_in_the_letter_names_the_house_whatever_host_the_request_claimed(staff_browser, browse, alpha, link):
    staff_browser(alpha)
    browse(alpha).submit("/desk/signin/forgotten", {"email": "agent@alpha.example"}, **{"X-Forwarded-Host": "evil.example"})
    assert link("agent@alpha.example").startswith("/desk/signin/reset/")


def test_a_new_password_ends_every_sign_in_and_the_second_step_stays(staff_browser, browse, alpha, in_tenant, link):
    agent = staff_browser(alpha)
    secret = pyotp.random_base32()
    with in_tenant(alpha) as session:
        staff.by_email(session, "agent@alpha.example").totp_secret = secret
    visitor = browse(alpha)
    visitor.submit("/desk/signin/forgotten", {"email": "agent@alpha.example"})
    path = link("agent@alpha.example")
    answer = visitor.submit(path, {"password": "another long password"})
    assert (answer.status_code, answer.headers["Location"]) == (303, "/desk/signin")
    assert agent.get("/desk/").status_code == 303
    answer = visitor.submit("/desk/signin", {"email": "agent@alpha.example", "password": "another long password"})
    assert answer.headers["Location"] == "/desk/signin/second-step"
    code = pyotp.TOTP(secret).at(clock.now())
    assert visitor.submit("/desk/signin/second-step", {"code": code}).headers["Location"] == "/desk/"
    assert browse(alpha).get(path).status_code == 410


def test_an_expired_link_says_so_in_words(staff_browser, browse, alpha, link, travel):
    staff_browser(alpha)
    browse(alpha).submit("/desk/signin/forgotten", {"email": "agent@alpha.example"})
    path = link("agent@alpha.example")
    travel(timedelta(hours=1))
    answer = browse(alpha).get(path)
    assert answer.status_code == 410
    assert "Ask for a new one." in answer.text
