"""Jobs keep what the outbox promised: each once, in the right place, and none is lost when a worker dies."""

import threading
import uuid
from datetime import timedelta

import pytest
from sqlalchemy import select, text, update

from crm.customers.models import Customer
from kernel import clock, database, doorbell, events, jobs, outbox
from kernel.actors import SYSTEM
from kernel.errors import NotFound
from kernel.outbox import OutboxRow
from tests import factories

ran = []
gate, inside = threading.Event(), threading.Event()


class Killed(BaseException):
    """What no handler of errors may catch: the process is gone."""


def die(session):
    """Do as kill -9 does to a worker: the database loses its connection, and no line after this one runs."""
    session.flush()
    session.connection().connection.driver_connection.close()
    raise Killed


@jobs.job("test.add_customer")
def _add_customer(session, *, name):
    factories.customer(session, name=name)
    ran.append(name)


@jobs.job("test.killed")
def _killed(session):
    factories.customer(session, name="half done")
    ran.append("killed")
    if len(ran) == 1:
        die(session)


@jobs.job("test.slow")
def _slow(session):
    ran.append("slow")
    inside.set()
    gate.wait(10)


@jobs.job("test.fails_once")
def _fails_once(session):
    ran.append("try")
    if len(ran) == 1:
        raise RuntimeError("the mail server sleeps")


@events.listens_to("test.jobs_event")
def _good_listener(session, event):
    ran.append("good")


@events.listens_to("test.jobs_event")
def _bad_listener(session, event):
    ran.append("bad")
    raise RuntimeError("no")


@pytest.fixture(autouse=True)
def _start_afresh(house):
    ran.clear()
    gate.clear()
    inside.clear()


@pytest.fixture
def promise(alpha, in_tenant):
    """Promise a job in alpha's schema and return the id of its row."""

    def make(job, **args):
        row_id = uuid.uuid4()
        with in_tenant(alpha) as session:
            outbox.put(session, job, args, id=row_id)
        return row_id

    return make


def _row(row_id):
    with database.transaction() as session:
        return session.get_one(OutboxRow, row_id)


def _customers(in_tenant, tenant):
    with in_tenant(tenant) as session:
        return list(session.scalars(select(Customer.name)))


def test_a_job_and_the_mark_that_it_is_done_are_one_transaction(promise, alpha, in_tenant):
    row_id = promise("test.add_customer", name="Mei")
    assert jobs.keep(row_id) is True
    assert _customers(in_tenant, alpha) == ["Mei"]
    assert _row(row_id).done_at is not None


def test_a_job_rung_for_twice_is_done_once(promise, alpha, in_tenant):
    row_id = promise("test.add_customer", name="Mei")
    jobs.drain([str(row_id), str(row_id)])
    assert jobs.keep(row_id) is False
    assert _customers(in_tenant, alpha) == ["Mei"]


def test_a_worker_killed_in_the_middle_leaves_nothing_and_the_job_is_done_later(promise, alpha, in_tenant):
    row_id = promise("test.killed")
    with pytest.raises(Killed):
        jobs.keep(row_id)
    database.dispose()
    assert _customers(in_tenant, alpha) == []
    row = _row(row_id)
    assert (row.attempts, row.done_at, row.dead_at) == (1, None, None)
    assert jobs.keep(row_id) is True
    assert _customers(in_tenant, alpha) == ["half done"]


def test_a_killed_workers_row_is_rung_for_again_within_seconds(promise, travel, monkeypatch):
    row_id = promise("test.killed")
    with pytest.raises(Killed):
        jobs.keep(row_id)
    database.dispose()
    rung = []
    monkeypatch.setattr(doorbell, "ring", lambda ids, placement: rung.extend(ids) or True)
    assert jobs.sweep() == 0
    travel(timedelta(seconds=6))
    assert jobs.sweep() == 1
    assert rung == [row_id]


def test_a_job_that_kills_its_worker_every_time_is_given_up(promise):
    row_id = promise("test.add_customer", name="never")
    with database.transaction() as session:
        session.get_one(OutboxRow, row_id).attempts = outbox.MAX_ATTEMPTS
    assert jobs.keep(row_id) is False
    row = _row(row_id)
    assert row.dead_at is not None
    assert "died" in row.error
    assert ran == []


def test_while_one_worker_has_a_row_a_second_leaves_it_alone(promise):
    row_id = promise("test.slow")
    worker = threading.Thread(target=jobs.keep, args=[row_id])
    worker.start()
    assert inside.wait(10)
    assert jobs.keep(row_id) is False
    gate.set()
    worker.join()
    assert ran == ["slow"]
    row = _row(row_id)
    assert (row.done_at is not None, row.attempts) == (True, 1)


def test_a_failure_is_tried_again_later_and_later(promise, travel, monkeypatch):
    row_id = promise("test.fails_once")
    assert jobs.keep(row_id) is False
    row = _row(row_id)
    assert "the mail server sleeps" in row.error
    assert timedelta(seconds=1) < row.ring_at - clock.now() < timedelta(seconds=4)
    assert jobs.keep(row_id) is False, "it is not its turn yet"
    travel(timedelta(seconds=4))
    assert jobs.keep(row_id) is True
    assert _row(row_id).error == ""


def test_nothing_runs_before_its_hour(alpha, in_tenant):
    row_id = uuid.uuid4()
    with in_tenant(alpha) as session:
        outbox.put(session, "test.add_customer", {"name": "Mei"}, id=row_id, due_at=clock.now() + timedelta(hours=1))
    assert jobs.keep(row_id) is False
    assert (_row(row_id).attempts, ran) == (0, [])


def test_an_unknown_row_and_an_unknown_job_harm_nobody(promise):
    assert jobs.keep(uuid.uuid4()) is False
    row_id = promise("test.no_such_job")
    assert jobs.keep(row_id) is False
    assert "test.no_such_job" in _row(row_id).error


def test_a_listener_that_fails_is_tried_again_alone(alpha, in_tenant, run_due, travel):
    with in_tenant(alpha) as session:
        events.record(session, "test.jobs_event", factories.customer(session), actor=SYSTEM)
    run_due()
    travel(timedelta(hours=1))
    run_due()
    assert ran.count("good") == 1
    assert ran.count("bad") > 1


def test_telling_an_event_twice_gives_each_listener_one_row(alpha, in_tenant):
    with in_tenant(alpha) as session:
        event_id = events.record(session, "test.jobs_event", factories.customer(session), actor=SYSTEM).id
    for _time in range(2):
        with database.transaction() as session:
            jobs._tell(session, session.get_one(OutboxRow, event_id))
    with database.transaction() as session:
        listening = session.scalars(select(OutboxRow.args).where(OutboxRow.job == "events.listen")).all()
    assert sorted(args["listener"].rpartition(".")[2] for args in listening) == ["_bad_listener", "_good_listener"]


def test_a_job_runs_as_the_tenant_that_promised_it_whatever_its_arguments_say(alpha, beta, in_tenant):
    row_id = uuid.uuid4()
    with in_tenant(beta) as session:
        outbox.put(session, "test.add_customer", {"name": alpha.stand.schema}, id=row_id)
    jobs.keep(row_id)
    assert _customers(in_tenant, alpha) == []
    assert _customers(in_tenant, beta) == [alpha.stand.schema]


def test_one_sweeper_at_a_time(promise, travel):
    promise("test.add_customer", name="Mei")
    travel(timedelta(seconds=4))
    with database.transaction() as session:
        session.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": jobs._SWEEPER_LOCK})
        assert jobs.sweep() == 0
    assert jobs.sweep() == 1


def test_what_was_done_long_ago_is_forgotten_and_what_is_dead_is_kept(promise, travel):
    done, dead = promise("test.add_customer", name="Mei"), promise("test.no_such_job")
    jobs.keep(done)
    with database.transaction() as session:
        session.get_one(OutboxRow, dead).dead_at = clock.now()
    assert jobs.forget_done() == 0
    travel(timedelta(days=8))
    assert jobs.forget_done() == 1
    assert _row(dead).dead_at is not None


def test_a_dead_promise_can_be_revived_once(promise, run_due):
    row_id = promise("test.add_customer", name="Mei")
    with database.transaction() as session:
        row = session.get_one(OutboxRow, row_id)
        row.dead_at, row.attempts = clock.now(), outbox.MAX_ATTEMPTS
    with database.transaction() as session:
        assert [row.id for row in outbox.dead_rows(session)] == [row_id]
        outbox.revive(session, row_id)
    with pytest.raises(NotFound), database.transaction() as session:
        outbox.revive(session, row_id)
    run_due()
    assert ran == ["Mei"]


def test_without_valkey_a_commit_is_kept_and_the_promise_with_it(promise, house, monkeypatch):
    monkeypatch.setattr(doorbell, "ring", lambda ids, placement: False)
    row_id = promise("test.add_customer", name="Mei")
    assert _row(row_id).done_at is None
    jobs.run_due()
    assert _row(row_id).done_at is not None


def test_the_work_of_a_tenant_at_rest_waits_and_costs_no_attempt(promise, alpha, run_due, monkeypatch):
    row_id = promise("test.add_customer", name="Mei")
    monkeypatch.setattr(jobs, "_reasons_to_hold", [lambda schema: schema == alpha.stand.schema])
    assert run_due() == 0
    assert (_row(row_id).attempts, _row(row_id).done_at) == (0, None)
    monkeypatch.setattr(jobs, "_reasons_to_hold", [])
    with database.transaction() as session:
        jobs.wake(session, alpha.stand.role)
    assert run_due() > 0
    assert _row(row_id).done_at is not None


@pytest.mark.parametrize("lie", [None, 0, "beta"])
def test_a_tenant_at_rest_cannot_lie_its_work_free_nor_hold_anothers(promise, alpha, beta, run_due, monkeypatch, lie):
    row_id = promise("test.add_customer", name="Mei")
    said = beta.id if lie == "beta" else lie
    with database.transaction() as session:
        session.execute(update(OutboxRow).where(OutboxRow.id == row_id).values(tenant_id=said))
    monkeypatch.setattr(jobs, "_reasons_to_hold", [lambda schema: schema == alpha.stand.schema])
    assert run_due() == 0
    monkeypatch.setattr(jobs, "_reasons_to_hold", [lambda schema: schema == beta.stand.schema])
    with database.transaction() as session:
        jobs.wake(session, alpha.stand.role)
    assert run_due() > 0
    assert _row(row_id).done_at is not None
