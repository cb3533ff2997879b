"""A solved ticket closes by itself after seven days, unless it is not solved."""

from datetime import timedelta

import pytest

from kernel import events
from kernel.actors import SYSTEM
from service_desk.tickets import commands, jobs, queries
from service_desk.tickets.models import Status
from tests import factories


@pytest.fixture
def solved(alpha, in_tenant):
    with in_tenant(alpha) as session:
        ticket = factories.ticket(session)
        commands.set_status(session, ticket, status=Status.SOLVED, actor=SYSTEM)
        return ticket.number


@pytest.fixture
def status(alpha, in_tenant, solved):
    def read():
        with in_tenant(alpha) as session:
            return queries.get(session, solved, actor=SYSTEM).status

    return read


def _change(in_tenant, tenant, number, status):
    with in_tenant(tenant) as session:
        commands.set_status(session, queries.get(session, number, actor=SYSTEM), status=status, actor=SYSTEM)


def test_it_closes_after_seven_days_and_not_before(solved, status, run_due, travel):
    travel(timedelta(days=6, hours=23))
    run_due()
    assert status() == Status.SOLVED
    travel(timedelta(hours=2))
    run_due()
    assert status() == Status.CLOSED


def test_one_that_was_reopened_stays_open(alpha, in_tenant, solved, status, run_due, travel):
    _change(in_tenant, alpha, solved, Status.OPEN)
    travel(timedelta(days=8))
    run_due()
    assert status() == Status.OPEN


def test_one_that_was_solved_again_has_seven_days_from_then(alpha, in_tenant, solved, status, run_due, travel):
    travel(timedelta(days=5))
    _change(in_tenant, alpha, solved, Status.OPEN)
    _change(in_tenant, alpha, solved, Status.SOLVED)
    travel(timedelta(days=3))
    run_due()
    assert status() == Status.SOLVED
    travel(timedelta(days=5))
    run_due()
    assert status() == Status.CLOSED


def test_closing_twice_harms_nothing(alpha, in_tenant, solved, status, run_due, travel):
    travel(timedelta(days=8))
    run_due()
    with in_tenant(alpha) as session:
        ticket = queries.get(session, solved, actor=SYSTEM)
        before = len(events.history(session, ticket))
        jobs.close_if_still_solved(session, ticket_id=ticket.id, solved_at=ticket.solved_at.isoformat())
        assert len(events.history(session, ticket)) == before
    assert status() == Status.CLOSED
