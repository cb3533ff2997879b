"""Roles at the desk, and the matrix of roles and pages (Q01)."""

import re

import pytest

import wsgi
from kernel.actors import SYSTEM
from tenants import roles, staff
from tenants.permissions import GRANTED, Role
from tests.conftest import PASSWORD
from web import access


@pytest.fixture
def admin(staff_browser, alpha):
    return staff_browser(alpha, Role.ADMIN)


@pytest.fixture
def night_desk(alpha, in_tenant):
    with in_tenant(alpha) as session:
        return roles.add(session, name="Night desk", permissions=["ticket.read", "ticket.write"], actor=SYSTEM)


@pytest.fixture
def own_browser(alpha, browse, in_tenant):
    """`own_browser(role)` is signed in as somebody with a role of the tenant's own."""

    def signed_in(role):
        with in_tenant(alpha) as session:
            facts = {"email": f"own{role.id}@alpha.example", "name": "Own", "role": role.key, "password": PASSWORD}
            staff.add(session, **facts, actor=SYSTEM)
        browser = browse(alpha)
        assert browser.submit("/desk/signin", {"email": facts["email"], "password": PASSWORD}).status_code == 303
        return browser

    return signed_in


def test_roles_read_as_sentences(admin):
    page = admin.get("/desk/settings/roles").text
    assert "May not delete tickets, publish articles" in page
    assert "Administrator" in page


def test_a_role_of_the_tenants_own_is_made_from_a_copy(admin):
    page = admin.get("/desk/settings/roles/new?like=agent").text
    assert re.search(r'value="ticket.write" checked', page)
    assert not re.search(r'value="ticket.delete" checked', page)
    answer = admin.submit("/desk/settings/roles/new", {"name": "Night desk", "permissions": ["ticket.write"]})
    assert answer.status_code == 303
    assert "Night desk" in admin.get("/desk/settings/roles").text


def test_what_would_change_is_shown_before_anything_does(admin, night_desk):
    path = f"/desk/settings/roles/{night_desk.id}"
    form = {"name": "Night desk", "permissions": ["ticket.read", "ticket.delete"], "key": night_desk.key}
    for answer in (
        admin.submit(path, {**form, "preview": "yes"}),
        admin.submit(path, form, to="/desk/settings/roles/preview"),
    ):
        assert answer.status_code == 200
        assert "May now delete tickets." in answer.text
        assert "May no longer answer and change tickets." in answer.text
    assert "May no longer" not in admin.get(path).text


def test_a_change_counts_from_the_next_request_of_whoever_has_the_role(admin, night_desk, own_browser):
    own = own_browser(night_desk)
    assert own.get("/desk/tickets/new").status_code == 200
    path = f"/desk/settings/roles/{night_desk.id}"
    assert admin.submit(path, {"name": "Night desk", "permissions": ["ticket.read"]}).status_code == 303
    assert own.get("/desk/tickets/new").status_code == 403


def test_a_stale_edit_is_a_conflict_that_keeps_what_was_chosen(admin, night_desk):
    path = f"/desk/settings/roles/{night_desk.id}"
    opened = admin.get(path).text
    token = re.search(r'name="csrf_token" value="([^"]+)"', opened)[1]
    admin.submit(path, {"name": "Day desk", "permissions": ["ticket.read"]})
    stale = {"name": "Late desk", "permissions": ["ticket.delete"], "version": "1", "csrf_token": token}
    answer = admin.post(path, stale)
    assert answer.status_code == 409
    assert "The role is now called “Day desk”" in answer.text
    assert 'value="Late desk"' in answer.text
    assert re.search(r'value="ticket.delete" checked', answer.text)


def test_a_role_in_use_is_not_deleted(admin, night_desk, own_browser):
    own_browser(night_desk)
    path = f"/desk/settings/roles/{night_desk.id}"
    assert admin.submit(path, {}, to=f"{path}/delete").status_code == 409
    assert admin.get(path).status_code == 200


def test_a_role_without_a_name_is_refused_with_the_form_as_it_was(admin):
    answer = admin.submit("/desk/settings/roles/new", {"name": "", "permissions": ["customer.read"]})
    assert answer.status_code == 422
    assert re.search(r'value="customer.read" checked', answer.text)


def test_whoever_may_one_section_only_begins_there(alpha, in_tenant, own_browser):
    with in_tenant(alpha) as session:
        auditor = roles.add(session, name="Auditor", permissions=["audit.inspect"], actor=SYSTEM)
    browser = own_browser(auditor)
    assert browser.get("/desk/").headers["Location"] == "/desk/settings/audit"
    page = browser.get("/desk/settings/audit").text
    assert "/desk/settings/people" not in page
    assert browser.get("/desk/settings/people").status_code == 403


def plain_pages():
    """Every page of the desk that needs no row to be shown, and the permission that it asks for."""
    desk = wsgi.faces()["desk"]
    for rule in sorted(desk.url_map.iter_rules(), key=lambda rule: rule.rule):
        declared = access.access_of(desk, rule.endpoint)
        if "GET" in rule.methods and not rule.arguments and declared.permission and rule.endpoint != "inbox.listing":
            yield rule.rule, declared.permission


def test_every_role_sees_the_pages_that_it_may_and_no_other(alpha, staff_browser, own_browser, night_desk):
    browsers = {role: staff_browser(alpha, role) for role in Role} | {"night": own_browser(night_desk)}
    granted = {**GRANTED, "night": {"ticket.read", "ticket.write", "own.account"}}
    wrong = []
    for path, permission in plain_pages():
        for role, browser in browsers.items():
            status = browser.get(path).status_code
            # A page that is asked for nothing may well find nothing.
            expected = status in (200, 303, 404, 422) if permission in granted[role] else status == 403
            if not expected:
                wrong.append(f"{role} {path} {status}")
    assert wrong == []


# What a wrong declaration could not say of itself.
GRID = {
    "/desk/settings/": "....A",
    "/desk/settings/people": "....A",
    "/desk/settings/people/invite": "....A",
    "/desk/settings/roles": "....A",
    "/desk/settings/roles/new": "....A",
    "/desk/settings/sign-ins": "....A",
    "/desk/settings/branding": "....A",
    "/desk/settings/domain": "....A",
    "/desk/settings/languages": "....A",
    "/desk/settings/modules": "....A",
    "/desk/settings/audit": "....A",
    "/desk/settings/audit/export.csv": "....A",
    "/desk/customers": ".VAMA",
    "/desk/customers/new": "..AMA",
    "/desk/customers/export.csv": "...MA",
    "/desk/articles": ".VAMA",
    "/desk/articles/new": "..AMA",
    "/desk/categories": ".VAMA",
    "/desk/tickets/new": "..AMA",
    "/desk/me": ".VAMA",
}


def test_the_grid_of_roles_and_pages(alpha, browse, staff_browser):
    """Visitor, viewer, agent, manager, administrator: a letter may, a dot may not."""
    browsers = [browse(alpha), *(staff_browser(alpha, role) for role in (Role.VIEWER, Role.AGENT, Role.MANAGER, Role.ADMIN))]
    letters = ".VAMA"
    seen = {
        path: "".join(letters[place] if browser.get(path).status_code == 200 else "." for place, browser in enumerate(browsers))
        for path in GRID
    }
    assert seen == GRID
