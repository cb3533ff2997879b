"""The operators' console shows who rents a house here and lets failed work be tried again."""

import uuid
from datetime import timedelta

import pytest
from sqlalchemy import select, update

from kernel import clock, database, doorbell, jobs, outbox
from kernel.outbox import OutboxRow
from tenants import operators
from tenants.models import Tenant

SIGN_IN = {"email": "op@frontdesk.example", "password": "a long enough password"}
ran = []


@jobs.job("test.console")
def _note(session):
    ran.append(database.stand_of(session).schema)


@pytest.fixture
def console(house, browse):
    with database.transaction() as session:
        operators.add(session, name="Olivia", **SIGN_IN)
    browser = browse(None)
    browser.submit("/ops/signin", SIGN_IN)
    return browser


@pytest.fixture
def dead_row(alpha, in_tenant):
    """A promise of alpha's that was given up."""
    row_id = uuid.uuid4()
    with in_tenant(alpha) as session:
        outbox.put(session, "test.console", {}, id=row_id)
    with database.transaction() as session:
        given_up = {"dead_at": clock.now(), "attempts": outbox.MAX_ATTEMPTS, "error": "ConnectionError('<no mail server>')"}
        session.execute(update(OutboxRow).where(OutboxRow.id == row_id).values(given_up))
    return row_id


def test_the_console_lists_every_tenant_with_its_address_and_revision(alpha, beta, console):
    page = console.get("/ops/").text
    for expected in ("Alpha Hotels", "alpha.localhost:8000", "貝塔顧問", "beta.localhost:8000", "繁體中文", "Live"):
        assert expected in page
    assert "behind" not in page


def test_a_tenant_that_missed_a_migration_stands_out(alpha, beta, console):
    with database.transaction() as session:
        head = session.get_one(Tenant, alpha.id).revision
        session.execute(update(Tenant).where(Tenant.id == alpha.id).values(revision="0001"))
    try:
        page = console.get("/ops/").text
    finally:
        with database.transaction() as session:
            session.execute(update(Tenant).where(Tenant.id == alpha.id).values(revision=head))
    assert "0001, behind" in page
    assert "1 tenant is not at the newest revision." in page


def test_the_console_counts_the_work_in_hand(alpha, in_tenant, console, travel):
    with in_tenant(alpha) as session:
        outbox.put(session, "test.console", {})
        outbox.put(session, "test.console", {}, due_at=clock.now() + timedelta(days=1))
    travel(timedelta(hours=2))
    with database.transaction() as session:
        backlog = outbox.backlog(session)
    assert (backlog.due, backlog.later, backlog.dead) == (1, 1, 0)
    assert "Oldest: 2 hours ago" in console.get("/ops/").text


def test_given_up_work_is_shown_with_its_error_and_tenant(dead_row, console):
    page = console.get("/ops/").text
    assert "test.console" in page
    assert "ConnectionError(&#39;&lt;no mail server&gt;&#39;)" in page
    assert "Alpha Hotels" in page


def test_retry_gives_a_dead_row_all_its_attempts_again(alpha, dead_row, console, run_due):
    ran.clear()
    assert run_due() == 0
    answer = console.submit("/ops/", {}, to=f"/ops/outbox/{dead_row}/retry")
    assert (answer.status_code, answer.location) == (303, "/ops/")
    assert "It will be tried again now." in console.get("/ops/").text
    assert run_due() == 1
    assert ran == [alpha.stand.schema]


def test_a_row_that_is_not_dead_cannot_be_retried(alpha, in_tenant, console):
    with in_tenant(alpha) as session:
        outbox.put(session, "test.console", {})
    with database.transaction() as session:
        row_id = session.scalars(select(OutboxRow.id)).one()
    assert console.submit("/ops/", {}, to=f"/ops/outbox/{row_id}/retry").status_code == 404
    assert console.submit("/ops/", {}, to=f"/ops/outbox/{uuid.uuid4()}/retry").status_code == 404
    assert console.submit("/ops/", {}, to="/ops/outbox/not-an-id/retry").status_code == 404


def test_a_visitor_cannot_retry(dead_row, browse):
    browser = browse(None)
    answer = browser.submit("/ops/signin", {}, to=f"/ops/outbox/{dead_row}/retry")
    assert answer.location.startswith("/ops/signin")
    with database.transaction() as session:
        assert outbox.backlog(session).dead == 1


def test_retry_is_a_post(dead_row, console):
    assert console.get(f"/ops/outbox/{dead_row}/retry").status_code == 405


def test_without_valkey_the_console_says_so_and_still_answers(console, monkeypatch):
    monkeypatch.setattr(doorbell, "queue_length", lambda: None)
    page = console.get("/ops/")
    assert page.status_code == 200
    assert "Valkey does not answer" in page.text


def test_the_console_asks_the_database_as_often_for_many_failures_as_for_one(
    alpha, in_tenant, console, dead_row, count_statements
):
    with count_statements() as few:
        console.get("/ops/")
    with in_tenant(alpha) as session:
        for _row in range(20):
            outbox.put(session, "test.console", {})
    with database.transaction() as session:
        session.execute(update(OutboxRow).values(dead_at=clock.now()))
    with count_statements() as many:
        console.get("/ops/")
    assert len(many) == len(few)
