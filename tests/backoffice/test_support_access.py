"""Support access: without the tenant's leave there is no way in; with it everything is written down, and it ends on time."""

from datetime import timedelta

import pytest
from sqlalchemy import select

from kernel import database
from kernel.events import Event
from tenants import operators, support_access
from tenants.permissions import FOR_GUESTS, Permission, Role
from tenants.trail import TenantEvent
from tests import factories

GRANT = {"reason": "The inbox shows old tickets", "role": "viewer", "hours": "2"}
OLIVIA = {"email": "op@frontdesk.example", "password": "a long enough password"}


@pytest.fixture
def console(house, browse):
    with database.transaction() as session:
        operators.add(session, name="Olivia", **OLIVIA)
    browser = browse(None)
    browser.submit("/ops/signin", OLIVIA)
    return browser


@pytest.fixture
def admin(alpha, staff_browser):
    return staff_browser(alpha, Role.ADMIN)


def _open_pass(alpha):
    with database.transaction(alpha.stand) as session:
        return support_access.open_passes(session)[0].id


def _link(console, alpha, pass_id):
    page = console.submit(f"/ops/tenants/{alpha.id}/", {}, to=f"/ops/tenants/{alpha.id}/enter/{pass_id}")
    assert page.status_code == 200, page.text
    start = page.text.index("http://alpha.localhost:8000/desk/enter/")
    return page.text[start:].partition('"')[0].removeprefix("http://alpha.localhost:8000")


@pytest.fixture
def let_in(alpha, admin, console, browse):
    """`let_in(role="agent")` is the operator's browser at alpha's desk, by a pass just granted."""

    def enter(**grant):
        answer = admin.submit("/desk/settings/support", {**GRANT, **grant})
        assert answer.status_code == 303, answer.text
        guest = browse(alpha)
        answer = guest.get(_link(console, alpha, _open_pass(alpha)))
        assert (answer.status_code, answer.location) == (303, "/desk/")
        return guest

    return enter


def _trail(alpha):
    with database.transaction(alpha.stand) as session:
        query = select(Event).where(Event.subject_type != "staff_member").order_by(Event.at)
        return [(event.name, event.actor_kind, event.actor_name) for event in session.scalars(query)]


def test_without_a_pass_there_is_no_way_in(alpha, console, browse):
    page = console.get(f"/ops/tenants/{alpha.id}/").text
    assert "The tenant has not let us in." in page
    assert console.submit(f"/ops/tenants/{alpha.id}/", {}, to=f"/ops/tenants/{alpha.id}/enter/1").status_code == 403
    assert browse(alpha).submit("/desk/signin", OLIVIA).status_code == 422
    assert browse(alpha).get("/desk/enter/anything").status_code == 410


def test_the_tenant_reads_afterwards_what_the_operator_looked_at(alpha, let_in):
    with database.transaction(alpha.stand) as session:
        ticket = factories.ticket(session)
    guest = let_in()
    for path in (f"/desk/tickets/{ticket.number}", f"/desk/customers/{ticket.customer_id}"):
        assert guest.get(path).status_code == 200
    looks = [line for line in _trail(alpha) if line[0].endswith(".viewed")]
    assert looks == [("ticket.viewed", "operator", "Olivia"), ("customer.viewed", "operator", "Olivia")]


def test_a_pass_of_one_tenant_opens_no_other(alpha, beta, admin, console):
    admin.submit("/desk/settings/support", GRANT)
    pass_id = _open_pass(alpha)
    assert console.submit(f"/ops/tenants/{beta.id}/", {}, to=f"/ops/tenants/{beta.id}/enter/{pass_id}").status_code == 403


def test_only_administrators_let_anybody_in(alpha, staff_browser):
    for role in (Role.VIEWER, Role.AGENT, Role.MANAGER):
        browser = staff_browser(alpha, role)
        assert browser.get("/desk/settings/support").status_code == 403
        assert browser.submit("/desk/", GRANT, to="/desk/settings/support").status_code == 403
    with database.transaction(alpha.stand) as session:
        assert support_access.open_passes(session) == []


def test_a_pass_needs_a_reason_and_knows_its_choices(admin):
    for wrong in ({"reason": " "}, {"role": "owner"}, {"hours": "9000"}):
        answer = admin.submit("/desk/settings/support", {**GRANT, **wrong})
        assert answer.status_code == 422
        assert answer.text.count("The inbox shows old tickets") == (0 if "reason" in wrong else 1)


def test_every_page_tells_the_operator_that_they_are_a_guest_and_until_when(let_in):
    guest = let_in()
    for path in ("/desk/", "/desk/customers", "/desk/articles"):
        page = guest.get(path)
        assert page.status_code == 200
        assert "Olivia of Frontdesk is a guest at this desk until" in page.text


def test_a_guest_who_may_look_changes_nothing(alpha, let_in, in_tenant):
    with in_tenant(alpha) as session:
        number = factories.ticket(session).number
    guest = let_in(role="viewer")
    assert guest.get(f"/desk/tickets/{number}").status_code == 200
    assert guest.submit(f"/desk/tickets/{number}", {"body": "Hello"}, to=f"/desk/tickets/{number}/reply").status_code == 403


def test_a_guest_who_may_work_does_so_under_their_own_name(alpha, let_in, in_tenant, run_due):
    with in_tenant(alpha) as session:
        number = factories.ticket(session).number
    guest = let_in(role="agent")
    answer = guest.submit(
        f"/desk/tickets/{number}", {"body": "We mended it.", "status": "solved"}, to=f"/desk/tickets/{number}/reply"
    )
    assert answer.status_code == 303, answer.text
    assert ("ticket.replied", "operator", "Olivia") in _trail(alpha)
    run_due()  # the customer is written to as ever


@pytest.mark.parametrize("role", ["viewer", "agent", "admin"])
def test_a_guest_has_no_account_here_and_decides_nothing_about_access(let_in, role):
    guest = let_in(role=role)
    for path in ("/desk/me", "/desk/settings/support", "/desk/help"):
        assert guest.get(path).status_code == 403
    assert guest.submit("/desk/", GRANT, to="/desk/settings/support").status_code == 403
    assert guest.submit("/desk/", {"password": "a long enough password"}, to="/desk/first-password").status_code == 403


def test_a_guest_carries_nothing_away(let_in):
    guest = let_in(role="admin")
    assert guest.get("/desk/customers").status_code == 200
    assert guest.get("/desk/customers/export.csv").status_code == 403
    never = {Permission.STAFF_MANAGE, Permission.SUPPORT_MANAGE, Permission.RECORD_EXPORT, Permission.TICKET_DELETE}
    assert not FOR_GUESTS & {*never, Permission.OWN_ACCOUNT, Permission.TENANT_CLOSE, Permission.TENANT_TAKE_ALONG}


def test_a_guest_reads_nobodys_bell(alpha, let_in, staff_browser, run_due, in_tenant):
    with in_tenant(alpha) as session:
        factories.ticket(session, subject="For the bell")
    staff_browser(alpha, Role.AGENT)
    run_due()
    assert "For the bell" not in let_in(role="agent").get("/desk/bell").text


def test_a_revoked_pass_ends_with_the_next_request(alpha, admin, let_in):
    guest = let_in()
    assert guest.get("/desk/").status_code == 200
    pass_id = _open_pass(alpha)
    assert admin.submit("/desk/settings/support", {}, to=f"/desk/settings/support/{pass_id}/end").status_code == 303
    assert guest.get("/desk/").location.startswith("/desk/signin")
    assert admin.submit("/desk/settings/support", {}, to=f"/desk/settings/support/{pass_id}/end").status_code == 404


def test_a_pass_ends_on_time(let_in, travel):
    guest = let_in(hours="2")
    travel(timedelta(hours=1, minutes=59))
    assert guest.get("/desk/").status_code == 200
    travel(timedelta(minutes=2))
    assert guest.get("/desk/").location.startswith("/desk/signin")


def test_a_link_works_once_within_minutes_and_while_its_pass_is_open(alpha, admin, console, browse, travel):
    admin.submit("/desk/settings/support", GRANT)
    pass_id = _open_pass(alpha)
    used, late, revoked = (_link(console, alpha, pass_id) for _link_ in range(3))
    assert browse(alpha).get(used).status_code == 303
    assert browse(alpha).get(used).status_code == 410
    admin.submit("/desk/settings/support", {}, to=f"/desk/settings/support/{pass_id}/end")
    assert browse(alpha).get(revoked).status_code == 403
    travel(timedelta(minutes=6))
    assert browse(alpha).get(late).status_code == 410


def test_a_link_into_one_tenant_opens_no_other(alpha, beta, admin, console, browse):
    admin.submit("/desk/settings/support", GRANT)
    assert browse(beta).get(_link(console, alpha, _open_pass(alpha))).status_code == 410


def test_both_sides_have_it_in_writing(alpha, admin, let_in, console, run_due):
    let_in()
    admin.submit("/desk/settings/support", {}, to=f"/desk/settings/support/{_open_pass(alpha)}/end")
    run_due()
    house = [line for line in _trail(alpha) if line[0].startswith("access_pass.")]
    assert house == [
        ("access_pass.granted", "staff", "Admin of alpha"),
        ("access_pass.used", "operator", "Olivia"),
        ("access_pass.ended", "staff", "Admin of alpha"),
    ]
    with database.transaction() as session:
        about = select(TenantEvent).where(TenantEvent.tenant_id == alpha.id, TenantEvent.name.like("access_pass.%"))
        platform = [(line.name, line.actor_name) for line in session.scalars(about.order_by(TenantEvent.at))]
    assert {name for name, _who in platform} == {f"access_pass.{what}" for what in ("granted", "taken", "used", "ended")}
    assert ("access_pass.used", "Olivia") in platform
    page = admin.get("/desk/settings/support").text
    assert "Came in: Olivia." in page
    trail = console.get("/ops/trail/").text
    assert "The tenant granted access" in trail
    assert "The inbox shows old tickets" not in trail


def test_a_guest_can_leave(let_in):
    guest = let_in()
    assert guest.submit("/desk/", {}, to="/desk/signout").status_code == 303
    assert guest.get("/desk/").location.startswith("/desk/signin")


def test_ten_passes_at_a_time_are_enough(admin):
    answers = [admin.submit("/desk/settings/support", GRANT).status_code for _pass in range(11)]
    assert answers == [303] * 10 + [422]


def test_staff_pay_no_statement_more_for_guests_being_possible(alpha, staff_browser, count_statements, let_in):
    browser = staff_browser(alpha, Role.AGENT)
    with count_statements() as own:
        browser.get("/desk/")
    assert not [statement for statement in own if "access_pass" in statement]
