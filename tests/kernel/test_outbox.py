"""The outbox keeps what a commit promised."""

import uuid
from datetime import timedelta

import pytest
from sqlalchemy import select, text
from sqlalchemy.exc import ProgrammingError

from kernel import clock, database, doorbell, jobs, outbox
from kernel.outbox import OutboxRow

ran = []


@jobs.job("test.note")
def _note(session, *, word):
    ran.append((database.stand_of(session).schema, word))


@jobs.job("test.fail")
def _fail(session):
    raise RuntimeError("no")


@pytest.fixture(autouse=True)
def _forget():
    ran.clear()


def _rows():
    with database.transaction() as session:
        return list(session.scalars(select(OutboxRow)))


def test_a_promise_is_kept_in_the_schema_where_it_was_made(alpha, in_tenant, run_due):
    with in_tenant(alpha) as session:
        outbox.put(session, "test.note", {"word": "hello"})
    assert run_due() == 1
    assert ran == [(alpha.stand.schema, "hello")]
    assert _rows()[0].done_at is not None


def test_a_transaction_that_fails_promises_nothing(alpha, in_tenant):
    def promise_and_fail():
        with in_tenant(alpha) as session:
            outbox.put(session, "test.note", {"word": "hello"})
            raise LookupError

    with pytest.raises(LookupError):
        promise_and_fail()
    assert _rows() == []


def test_work_for_a_later_hour_waits_for_it(alpha, in_tenant, run_due, travel):
    with in_tenant(alpha) as session:
        outbox.put(session, "test.note", {"word": "later"}, due_at=clock.now() + timedelta(days=3))
    assert run_due() == 0
    travel(timedelta(days=3, seconds=1))
    assert run_due() == 1


def test_a_failure_is_kept_with_its_reason_and_tried_again_until_it_is_dead(alpha, in_tenant, travel):
    with in_tenant(alpha) as session:
        outbox.put(session, "test.fail", {})
    row = _rows()[0]
    for attempt in range(1, outbox.MAX_ATTEMPTS + 1):
        jobs.keep(row.id)
        travel(timedelta(hours=2))
        row = _rows()[0]
        assert (row.attempts, "RuntimeError" in row.error) == (attempt, True)
    assert row.dead_at is not None
    assert jobs.keep(row.id) is False


def test_the_sweeper_rings_for_what_nobody_rang_for(alpha, in_tenant, travel, monkeypatch):
    rung = []
    monkeypatch.setattr(doorbell, "ring", lambda ids, placement: rung.extend(ids) or True)
    with in_tenant(alpha) as session:
        outbox.put(session, "test.note", {"word": "lost bell"})
    rung.clear()
    assert jobs.sweep() == 0, "the first three seconds belong to the doorbell"
    travel(timedelta(seconds=4))
    assert jobs.sweep() == 1
    assert rung == [_rows()[0].id]


def test_a_tenant_cannot_make_work_for_another(alpha, beta, in_tenant):
    values = {"id": uuid.uuid4(), "now": clock.now(), "role": beta.stand.role}
    forged = text(
        "INSERT INTO platform.outbox (id, tenant_role, job, args, created_at, due_at, ring_at)"
        " VALUES (:id, :role, 'test.note', '{}', :now, :now, :now)"
    )
    with pytest.raises(ProgrammingError, match="row-level security"), in_tenant(alpha) as session:
        session.execute(forged, values)


def test_a_tenant_cannot_read_the_outbox(alpha, in_tenant):
    with pytest.raises(ProgrammingError, match="permission denied"), in_tenant(alpha) as session:
        session.execute(text("SELECT * FROM platform.outbox"))
