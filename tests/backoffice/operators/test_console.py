"""The operators' console: how the platform is doing, work that can be tried again, and nothing past commands and audit."""

import ast
import uuid
from datetime import timedelta

import pytest
from flask import Flask
from sqlalchemy import select, text, update
from sqlalchemy.exc import ProgrammingError

import wsgi
from backoffice.operators import audit, trail_words
from kernel import clock, database, doorbell, jobs, outbox
from kernel.outbox import OutboxRow
from kernel.settings import PROJECT
from tenants import migrations, operator_log, trail
from tenants.models import Tenant
from tenants.permissions import Permission, Role
from tenants.trail import TenantEvent
from tests.browsing import FormReader
from web import access

ran = []
PAGES = ("/ops/", "/ops/tenants/", "/ops/tenants/new/", "/ops/work/", "/ops/upkeep/", "/ops/operators/", "/ops/trail/")


@jobs.job("test.console")
def _note(session):
    ran.append(database.stand_of(session).schema)


def _lines():
    with database.transaction() as session:
        query = select(TenantEvent).order_by(TenantEvent.at)
        return [(line.name, line.actor_name, line.tenant_id) for line in session.scalars(query)]


def test_every_page_answers_under_a_policy_that_runs_nothing_inline(alpha, console):
    for path in PAGES:
        answer = console.get(path)
        policy = answer.headers["Content-Security-Policy"]
        assert answer.status_code == 200
        assert "script-src 'self';" in policy
        assert "style-src 'self';" in policy
        assert "unsafe" not in policy
        assert "<script>" not in answer.text


def test_a_tenants_administrator_does_not_find_the_console(alpha, staff_browser):
    browser = staff_browser(alpha, Role.ADMIN)
    assert {browser.get(path).status_code for path in (*PAGES, "/operator")} == {404}


def test_a_visitor_is_asked_to_sign_in(house, browse):
    for path in PAGES:
        assert browse(None).get(path).location.startswith("/ops/signin")


def test_flask_admin_brings_no_route_of_its_own():
    """No creating, editing, deleting or exporting past our commands, and none of its files."""
    rules = [rule for rule in wsgi.faces()["operators"].url_map.iter_rules() if rule.rule.startswith("/ops/")]
    ours = {"signing_in.page", "signing_in.by_password", "signing_in.sign_out"}
    for rule in rules:
        declared = access.access_of(wsgi.faces()["operators"], rule.endpoint)
        assert declared is not None, rule.rule
        assert declared.permission == Permission.PLATFORM_OPERATE or rule.endpoint in ours
    names = {rule.endpoint.partition(".")[2] for rule in rules}
    assert not names & {"create_view", "edit_view", "delete_view", "action_view", "export", "ajax_update", "static"}


def test_the_lists_read_as_the_platforms_role(alpha, console, count_statements):
    seen = {}
    with count_statements():
        console.get("/ops/tenants/")
    with database.transaction() as session:
        seen["role"] = session.scalar(text("SELECT current_user"))
    assert seen["role"] == "frontdesk_platform"


def test_the_front_page_counts_the_work_in_hand(alpha, in_tenant, console, travel):
    with in_tenant(alpha) as session:
        outbox.put(session, "test.console", {})
        outbox.put(session, "test.console", {}, due_at=clock.now() + timedelta(days=1))
    travel(timedelta(hours=2))
    with database.transaction() as session:
        backlog = outbox.backlog(session)
    assert (backlog.due, backlog.later, backlog.dead) == (1, 1, 0)
    assert "Oldest: 2 hours ago" in console.get("/ops/").text


def test_open_work_is_shown_by_kind_and_tenant(alpha, in_tenant, console):
    with in_tenant(alpha) as session:
        outbox.put(session, "test.console", {})
        outbox.put(session, "test.console", {})
    page = console.get("/ops/work/").text
    assert "test.console" in page
    assert "Alpha Hotels" in page
    with database.transaction() as session:
        assert [(pile.job, pile.schema, pile.rows) for pile in outbox.piles(session)] == [
            ("test.console", alpha.stand.schema, 2)
        ]


def test_given_up_work_is_shown_with_its_error_and_tenant(dead_row, console):
    page = console.get("/ops/work/").text
    assert "ConnectionError(&#39;&lt;no mail server&gt;&#39;)" in page
    assert "Alpha Hotels" in page


def test_retry_gives_a_dead_row_all_its_attempts_again(alpha, dead_row, console, run_due):
    ran.clear()
    assert run_due() == 0
    answer = console.submit("/ops/work/", {}, to=f"/ops/work/main/{dead_row}/retry")
    assert (answer.status_code, answer.location) == (303, "/ops/work/")
    assert "It will be tried again now." in console.get("/ops/work/").text
    assert run_due() == 1
    assert ran == [alpha.stand.schema]
    assert ("work.revived", "Olivia", alpha.id) in _lines()


def test_all_of_one_kind_can_be_tried_again_at_once(alpha, in_tenant, dead_row, console):
    with in_tenant(alpha) as session:
        outbox.put(session, "test.console", {})
        outbox.put(session, "test.other", {})
    with database.transaction() as session:
        session.execute(update(OutboxRow).values(dead_at=clock.now()))
    console.submit("/ops/work/", {"job": "test.console"}, to="/ops/work/main/retry")
    with database.transaction() as session:
        assert [row.job for row in outbox.dead_rows(session)] == ["test.other"]


def test_a_row_that_is_not_dead_cannot_be_retried(alpha, in_tenant, console):
    with in_tenant(alpha) as session:
        outbox.put(session, "test.console", {})
    with database.transaction() as session:
        row_id = session.scalars(select(OutboxRow.id)).one()
    before = _lines()
    for target in (row_id, uuid.uuid4(), "not-an-id"):
        assert console.submit("/ops/work/", {}, to=f"/ops/work/main/{target}/retry").status_code == 404
    assert console.submit("/ops/work/", {}, to=f"/ops/work/nowhere/{row_id}/retry").status_code == 404
    assert _lines() == before


def test_a_visitor_cannot_retry(dead_row, browse):
    answer = browse(None).submit("/ops/signin", {}, to=f"/ops/work/main/{dead_row}/retry")
    assert answer.location.startswith("/ops/signin")
    with database.transaction() as session:
        assert outbox.backlog(session).dead == 1


def test_a_forged_form_changes_nothing(dead_row, console):
    assert console.post(f"/ops/work/main/{dead_row}/retry", {}).status_code == 400
    with database.transaction() as session:
        assert outbox.backlog(session).dead == 1


def test_without_valkey_the_console_says_so_and_still_answers(console, monkeypatch):
    monkeypatch.setattr(doorbell, "queue_length", lambda: None)
    page = console.get("/ops/")
    assert page.status_code == 200
    assert "Valkey does not answer" in page.text


def test_a_tenant_that_missed_a_migration_stands_out(alpha, beta, console):
    with database.transaction() as session:
        head = session.get_one(Tenant, alpha.id).revision
        session.execute(update(Tenant).where(Tenant.id == alpha.id).values(revision="0001", migration_error="lock timeout"))
    try:
        pages = [console.get(path).text for path in ("/ops/", "/ops/upkeep/", "/ops/tenants/")]
    finally:
        with database.transaction() as session:
            session.execute(update(Tenant).where(Tenant.id == alpha.id).values(revision=head, migration_error=""))
    assert "1 tenant is not at the newest revision." in pages[0]
    assert "lock timeout" in pages[1]
    assert "0001, behind" in pages[2]


def test_a_migration_that_stuck_is_tried_again_by_a_worker(alpha, beta, console, run_due):
    with database.transaction() as session:
        session.execute(update(Tenant).where(Tenant.id == alpha.id).values(revision="0001", migration_error="lock timeout"))
    assert console.submit("/ops/upkeep/", {}, to=f"/ops/upkeep/{alpha.id}/retry").status_code == 303
    run_due()
    with database.transaction() as session:
        tenant = session.get_one(Tenant, alpha.id)
        assert (tenant.revision, tenant.migration_error) == (migrations.head("tenant"), "")
    assert ("migration.retried", "Olivia", alpha.id) in _lines()
    assert console.submit("/ops/upkeep/", {}, to=f"/ops/upkeep/{beta.id}/retry").status_code == 404


def test_signing_in_and_out_is_written_down(console):
    console.submit("/ops/", {}, to="/ops/signout")
    assert [line[:2] for line in _lines()] == [("operator.signed_in", "Olivia"), ("operator.signed_out", "Olivia")]


def test_the_audit_says_from_which_address_it_was_done(alpha, console):
    form = FormReader.hidden_fields(console.get("/ops/").text, "/ops/signout")
    where = {"headers": {"Host": console.host}, "environ_base": {"REMOTE_ADDR": "192.0.2.7"}}
    console.client.post(f"/ops/tenants/{alpha.id}/count", data=form, **where)
    assert "<code>192.0.2.7</code>" in console.get("/ops/trail/").text


def test_the_audit_shows_what_operators_did_and_can_be_narrowed(alpha, dead_row, console):
    console.submit("/ops/work/", {}, to=f"/ops/work/main/{dead_row}/retry")
    page = console.get("/ops/trail/").text
    assert "Tried given-up work again" in page
    assert "Alpha Hotels" in page
    narrowed = console.get("/ops/trail/?flt0_0=operator.signed_in").text
    assert "Signed in" in narrowed
    assert "Alpha Hotels" not in narrowed


def test_what_operators_did_cannot_be_changed_by_the_application(console):
    for statement in ("UPDATE platform.tenant_event SET name = 'x'", "DELETE FROM platform.tenant_event"):
        with pytest.raises(ProgrammingError, match="permission denied"), database.transaction() as session:
            session.execute(text(statement))


def test_a_change_that_forgets_the_audit_is_not_kept(alpha, dead_row, console, monkeypatch):
    monkeypatch.setattr(audit, "note", lambda *names, **facts: None)
    answer = console.submit("/ops/work/", {}, to=f"/ops/work/main/{dead_row}/retry")
    assert answer.status_code == 500
    assert "not have been written down" in answer.text
    with database.transaction() as session:
        assert outbox.backlog(session).dead == 1


WRITERS = ("trail.record", "trail.record_and_tell", "operator_log.record", "audit.note")


ADDRESSED = {None, "id", "tenant_id", "actor", "operator", "event_id"}


def _written():
    """Yield the name and the fields of every line that is written for the platform's trail, as the source has it."""
    for room in ("backoffice", "tenants", "infra"):
        for source in (PROJECT / room).rglob("*.py"):
            for call in ast.walk(ast.parse(source.read_text("utf-8"))):
                if isinstance(call, ast.Call) and ast.unparse(call.func) in WRITERS:
                    fields = {keyword.arg for keyword in call.keywords} - ADDRESSED
                    yield from ((given.value, fields) for given in call.args if isinstance(given, ast.Constant))


def test_every_line_the_audit_can_hold_has_a_sentence_and_words_for_what_it_keeps(alpha, dead_row, console):
    written = list(_written())
    assert len(written) > 15
    assert {name for name, _fields in written} - set(operator_log.SENTENCES) == set()
    assert set(trail.ARRIVALS) <= set(operator_log.SENTENCES)
    fields = {field for _name, fields in written for field in fields} - {"before", "after"}
    assert fields - set(trail_words.FIELDS) == set()
    console.submit("/ops/work/", {}, to=f"/ops/work/main/{dead_row}/retry")
    console.submit(f"/ops/tenants/{alpha.id}/", {}, to=f"/ops/tenants/{alpha.id}/count")
    assert {line[0] for line in _lines()} <= set(operator_log.SENTENCES)
    assert "Work: <code>test.console</code>" in console.get("/ops/trail/").text


def test_the_console_asks_the_database_as_often_for_many_failures_as_for_one(
    alpha, in_tenant, console, dead_row, count_statements
):
    with count_statements() as few:
        console.get("/ops/work/")
    with in_tenant(alpha) as session:
        for _row in range(20):
            outbox.put(session, "test.console", {})
    with database.transaction() as session:
        session.execute(update(OutboxRow).values(dead_at=clock.now()))
    with count_statements() as many:
        console.get("/ops/work/")
    assert len(many) == len(few)


def test_the_console_is_an_application_of_its_own():
    faces = wsgi.faces()
    assert isinstance(faces["operators"], Flask)
    assert not [rule for rule in faces["desk"].url_map.iter_rules() if rule.rule.startswith("/ops")]


def test_given_up_work_is_shown_as_whose_it_is_whatever_it_says_of_itself(alpha, beta, dead_row, console):
    with database.transaction() as session:
        session.execute(update(OutboxRow).where(OutboxRow.id == dead_row).values(tenant_id=beta.id))
    page = console.get("/ops/work/").text
    assert alpha.name in page
    assert beta.name not in page
    assert "test.console" in console.get(f"/ops/tenants/{alpha.id}/").text
    assert "test.console" not in console.get(f"/ops/tenants/{beta.id}/").text
