"""Events: written with the change, told after it."""

import pytest
from sqlalchemy import select, text
from sqlalchemy.exc import ProgrammingError

from kernel import database, events
from kernel.actors import SYSTEM, Actor
from kernel.events import Event
from kernel.outbox import OutboxRow
from tests import factories

heard = []


@events.listens_to("test.happened")
def _first(session, event):
    heard.append(("first", event.data["word"]))


@events.listens_to("test.happened", "test.other")
def _second(session, event):
    heard.append(("second", event.data["word"]))


@pytest.fixture(autouse=True)
def _forget():
    heard.clear()


def _record(session, name="test.happened", word="hello", actor=SYSTEM):
    return events.record(session, name, factories.customer(session), actor=actor, word=word)


def test_an_event_says_who_did_what_to_what_and_when(session, make_customer):
    customer = make_customer()
    sam = Actor(kind="staff", id=7, name="Sam")
    event = events.record(session, "customer.greeted", customer, actor=sam, word="hello")
    assert (event.subject_type, event.subject_id) == ("customer", customer.id)
    assert (event.actor_kind, event.actor_id, event.actor_name) == ("staff", 7, "Sam")
    assert event.data == {"word": "hello"}
    assert event.at.tzinfo is not None


def test_an_event_can_be_about_a_row_that_has_no_id_yet(session):
    customer = factories.customer(session)
    assert session.scalars(select(Event.subject_id).where(Event.name == "customer.added")).all() == [customer.id]


def test_every_listener_is_told_once(alpha, in_tenant, run_due):
    with in_tenant(alpha) as session:
        _record(session)
    run_due()
    run_due()
    assert sorted(heard) == [("first", "hello"), ("second", "hello")]


def test_a_listener_hears_only_what_it_listens_to(alpha, in_tenant, run_due):
    with in_tenant(alpha) as session:
        _record(session, "test.other")
    run_due()
    assert heard == [("second", "hello")]


def test_an_event_that_nobody_listens_to_is_settled_all_the_same(alpha, in_tenant, run_due):
    with in_tenant(alpha) as session:
        _record(session, "test.unheard")
    run_due()
    with in_tenant(alpha) as session:
        assert session.scalars(select(Event.name).where(Event.name == "test.unheard")).all() == ["test.unheard"]


def test_a_change_that_is_not_kept_leaves_no_event_and_tells_nobody(alpha, in_tenant, run_due):
    def change_and_fail():
        with in_tenant(alpha) as session:
            _record(session)
            raise LookupError

    with pytest.raises(LookupError):
        change_and_fail()
    assert run_due() == 0
    with in_tenant(alpha) as session:
        assert session.scalars(select(Event.id)).all() == []


def test_the_promise_to_tell_carries_the_events_own_id(alpha, in_tenant):
    with in_tenant(alpha) as session:
        event_id = _record(session).id
    with database.transaction() as session:
        assert session.get(OutboxRow, event_id).args == {"event_id": str(event_id), "name": "test.happened"}


@pytest.mark.parametrize("statement", ["UPDATE event SET name = 'x'", "DELETE FROM event", "TRUNCATE event"])
def test_the_audit_trail_can_be_added_to_and_never_changed(alpha, in_tenant, statement):
    with in_tenant(alpha) as session:
        _record(session)
    with pytest.raises(ProgrammingError, match="permission denied"), in_tenant(alpha) as session:
        session.execute(text(statement))
