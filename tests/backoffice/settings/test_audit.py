"""The audit log at the desk: read, filtered, exported, verified."""

import csv
import html
import io
from datetime import timedelta

import openpyxl
import pytest

from knowledge_base.articles import workflow
from service_desk.tickets import commands as tickets
from service_desk.tickets.models import Status
from tenants import audit, audit_log
from tenants.permissions import Role
from tests import factories


@pytest.fixture
def admin(staff_browser, alpha):
    return staff_browser(alpha, Role.ADMIN)


@pytest.fixture
def invited(admin):
    """Something of everything: a sign-in, an invitation, a role."""
    admin.submit("/desk/settings/people/invite", {"emails": "new@alpha.example", "role": "agent", "language": "en"})
    admin.submit("/desk/settings/roles/new", {"name": "Night desk", "permissions": ["ticket.read"]})


def test_the_log_says_who_did_what_and_what_changed(admin, invited):
    page = admin.get("/desk/settings/audit").text
    for text in ("Signed in", "Invited", "Role added", "Admin of alpha", "see tickets", "Night desk"):
        assert text in page


def test_filters_narrow_the_log_and_stay_in_the_form(admin, invited):
    page = admin.get("/desk/settings/audit?what=staff_role&q=night").text
    assert "Role added" in page
    assert "Accepted the invitation" not in page
    assert page.count("<tr>") == 2
    assert 'value="staff_role" selected' in page
    assert "Nothing matches" in admin.get("/desk/settings/audit?to=2001-01-01").text


@pytest.mark.parametrize("query", ["from=yesterday", "to=9999-99-99", "after=nonsense", "after=2026-01-01T00:00:00_x"])
def test_a_damaged_address_is_no_error_of_ours(admin, query):
    assert admin.get(f"/desk/settings/audit?{query}").status_code in (400, 404)


def test_a_line_opens_with_everything_that_is_kept(admin, invited, alpha, in_tenant):
    with in_tenant(alpha) as session:
        event = audit_log.page(session, audit_log.Question(what="staff_role")).rows[0]
    page = admin.get(f"/desk/settings/audit/{event.id}").text
    assert "staff_role.added" in page
    assert "Waits for its seal" in page
    assert admin.get("/desk/settings/audit/7b0f2a52-0000-4000-8000-000000000000").status_code == 404
    assert admin.get("/desk/settings/audit/nonsense").status_code == 404


def test_an_export_holds_what_the_filter_leaves_and_is_in_the_log_itself(admin, invited):
    answer = admin.get("/desk/settings/audit/export.csv?what=staff_role")
    rows = list(csv.DictReader(io.StringIO(answer.data.decode("utf-8-sig"))))
    assert [(row["Event"], row["Who"]) for row in rows] == [("staff_role.added", "Admin of alpha")]
    book = openpyxl.load_workbook(io.BytesIO(admin.get("/desk/settings/audit/export.xlsx").data))
    assert "records.exported" in [row[4] for row in book.active.iter_rows(values_only=True)]
    assert admin.get("/desk/settings/audit/export.pdf").status_code == 404


def test_verification_says_that_all_is_well_or_what_is_not(admin, invited, alpha, in_tenant, broom):
    with in_tenant(alpha) as session:
        audit.seal(session)
    page = admin.get("/desk/settings/audit?verify=1").text
    assert "entries were compared with their seals, and all are as they were written" in page
    broom.execute(f"UPDATE \"{alpha.stand.schema}\".event SET actor_name = 'Nobody' WHERE name = 'staff_role.added'")
    page = admin.get("/desk/settings/audit?verify=1").text
    assert "Somebody has tampered with the log." in page
    assert "or its seal was changed." in page


def test_the_log_costs_the_same_for_few_lines_and_for_many(admin, invited, count_statements):
    def statements():
        with count_statements() as seen:
            admin.get("/desk/settings/audit")
        return len(seen)

    few = statements()
    for number in range(5):
        admin.submit("/desk/settings/roles/new", {"name": f"Role {number}", "permissions": []})
    assert statements() == few


def test_who_opened_a_customer_is_told_once_an_hour_and_is_no_part_of_the_customers_history(admin, alpha, in_tenant, travel):
    with in_tenant(alpha) as session:
        mei = factories.customer(session, name="Mei Lin")
    for _look in range(3):
        page = admin.get(f"/desk/customers/{mei.id}").text
    assert "looked at" not in page

    def told():
        with in_tenant(alpha) as session:
            rows = audit_log.page(session, audit_log.Question(what="customer.viewed")).rows
            return [(row.actor_name, row.subject_id) for row in rows]

    assert told() == [("Admin of alpha", mei.id)]
    assert "Customer looked at" in admin.get("/desk/settings/audit?what=customer").text
    travel(timedelta(hours=2))
    admin.get(f"/desk/customers/{mei.id}")
    assert len(told()) == 2


def test_what_was_and_what_became_is_told_in_words(admin, alpha, in_tenant):
    with in_tenant(alpha) as session:
        sam = factories.staff_member(session, name="Sam")
        workflow.withdraw(session, factories.article(session), actor=sam.as_actor())
        ticket = factories.ticket(session)
        tickets.set_status(session, ticket, status=Status.SOLVED, actor=sam.as_actor())
        tickets.assign(session, ticket, assignee=sam, actor=sam.as_actor())
        tickets.assign(session, ticket, assignee=None, actor=sam.as_actor())
    page = html.unescape(admin.get("/desk/settings/audit").text)
    for told in ("Status: Published → Draft", "Status: New → Solved", "Assignee: – → Sam", "Assignee: Sam → –"):
        assert told in page, told
