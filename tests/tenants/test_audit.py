"""The audit chain (F21): whatever somebody with all rights in the database changes afterwards is found."""

import uuid
from datetime import timedelta

import pytest
from sqlalchemy import text
from sqlalchemy.exc import ProgrammingError

import wsgi
from kernel import clock, database
from tenants import audit, audit_log, staff
from tenants.audit import Fault
from tenants.audit_log import Question
from tests import factories


@pytest.fixture
def no_forgery_check(application):
    """Forms count without the token of their page."""
    desk = wsgi.faces()["desk"]
    desk.config["WTF_CSRF_ENABLED"] = False
    yield
    desk.config["WTF_CSRF_ENABLED"] = True


@pytest.fixture
def trail(alpha, in_tenant):
    """Seven events, sealed long enough ago that nothing can be on its way any more."""
    with in_tenant(alpha) as session:
        for _ in range(7):
            factories.staff_member(session)
    clock.advance(timedelta(hours=1))
    with in_tenant(alpha) as session:
        assert audit.seal(session) == 7
    clock.advance(timedelta(hours=1))
    with in_tenant(alpha) as session:
        factories.staff_member(session)
        assert audit.seal(session) == 1


@pytest.fixture
def tamper(alpha, trail, broom):
    """`tamper("UPDATE event …")` is done by the owner of the database, who may do everything."""

    def do(statement, *values):
        broom.execute(f'SET search_path TO "{alpha.stand.schema}", platform, ext')
        broom.execute(statement, values)
        broom.execute("RESET search_path")

    return do


@pytest.fixture
def faults(alpha, in_tenant):
    def found():
        with in_tenant(alpha) as session:
            return {finding.fault for finding in audit.verify(session).findings}

    return found


NUMBER_4 = "(SELECT event_id FROM audit_seal WHERE number = 4)"


def test_a_trail_that_nobody_touched_is_sound(trail, alpha, in_tenant):
    with in_tenant(alpha) as session:
        found = audit.verify(session)
    assert (found.sealed, found.waiting, found.is_sound) == (8, 0, True)


@pytest.mark.parametrize(
    ("column", "value"),
    [
        ("at", "'2001-02-03T04:05:06Z'"),
        ("name", "'staff_member.praised'"),
        ("subject_type", "'ticket'"),
        ("subject_id", "subject_id + 1"),
        ("actor_kind", "'staff'"),
        ("actor_id", "7"),
        ("actor_name", "'Somebody else'"),
        ("data", """data || '{"role": "admin"}'"""),
        ("address", "'198.51.100.7'"),
    ],
)
def test_an_event_changed_in_any_column_is_found(tamper, faults, column, value):
    tamper(f"UPDATE event SET {column} = {value} WHERE id = {NUMBER_4}")
    assert faults() == {Fault.CHANGED}


@pytest.fixture(params=[3, 100_000], ids=["in slices", "whole"])
def any_slice(request, monkeypatch):
    """The chain is read in one piece or in several."""
    monkeypatch.setattr(audit, "_SLICE", request.param)


@pytest.mark.parametrize("number", range(1, 9))
def test_every_link_is_looked_at_however_the_chain_is_cut_up(any_slice, tamper, faults, number):
    assert faults() == set()
    tamper("UPDATE audit_seal SET digest = repeat('0', 64) WHERE number = %s", number)
    assert faults() >= {Fault.CHANGED}


@pytest.mark.parametrize("number", range(1, 8))
def test_a_link_taken_out_is_found_however_the_chain_is_cut_up(any_slice, tamper, faults, number):
    tamper("DELETE FROM audit_seal WHERE number = %s", number)
    assert Fault.CHANGED in faults()


def test_an_event_taken_out_is_found(tamper, faults):
    tamper(f"DELETE FROM event WHERE id = {NUMBER_4}")
    assert faults() == {Fault.MISSING}


def test_an_event_taken_out_with_its_seal_is_found(tamper, faults):
    tamper(f"DELETE FROM event WHERE id = {NUMBER_4}")
    tamper("DELETE FROM audit_seal WHERE number = 4")
    assert Fault.CHANGED in faults()


def test_an_event_put_in_is_found(tamper, faults):
    tamper(
        "INSERT INTO event (id, at, name, subject_type, subject_id, actor_kind, actor_name, data)"
        " SELECT %s, min(at), 'staff_member.added', 'staff_member', 1, 'system', '', '{}' FROM event",
        uuid.uuid4(),
    )
    assert faults() == {Fault.PUT_IN}


def test_an_event_put_in_just_now_is_never_sealed(tamper, faults, alpha, in_tenant):
    tamper(
        "INSERT INTO event (id, at, name, subject_type, subject_id, actor_kind, actor_name, data)"
        " VALUES (%s, %s, 'staff_member.added', 'staff_member', 1, 'system', '', '{}')",
        uuid.uuid4(),
        clock.now(),
    )
    clock.advance(timedelta(hours=1))
    with in_tenant(alpha) as session:
        factories.staff_member(session)
        assert audit.seal(session) == 1
    assert faults() == {Fault.PUT_IN}


def test_two_events_that_change_places_are_found(tamper, faults):
    tamper("ALTER TABLE audit_seal DROP CONSTRAINT uq_audit_seal_event_id")
    try:
        tamper(
            "UPDATE audit_seal a SET event_id = b.event_id FROM audit_seal b"
            " WHERE a.number IN (4, 5) AND b.number IN (4, 5) AND a.number <> b.number"
        )
        assert faults() == {Fault.CHANGED}
    finally:
        tamper("ALTER TABLE audit_seal ADD CONSTRAINT uq_audit_seal_event_id UNIQUE (event_id)")


def test_a_tail_cut_off_is_found(tamper, faults):
    tamper("DELETE FROM event WHERE id IN (SELECT event_id FROM audit_seal WHERE number >= 6)")
    tamper("DELETE FROM audit_seal WHERE number >= 6")
    assert faults() == {Fault.CUT}


def test_the_whole_log_taken_away_is_found(tamper, faults):
    tamper("DELETE FROM event")
    tamper("DELETE FROM audit_seal")
    assert faults() == {Fault.CUT}


def test_a_chain_made_anew_after_a_change_is_found(tamper, faults, alpha, in_tenant, broom):
    tamper(f"UPDATE event SET actor_name = 'Somebody else' WHERE id = {NUMBER_4}")
    broom.execute("CREATE TEMP TABLE anchor AS SELECT * FROM platform.audit_anchor")
    tamper("DELETE FROM audit_seal")
    with in_tenant(alpha) as session:
        audit.seal(session)
    broom.execute("DELETE FROM platform.audit_anchor")
    broom.execute("INSERT INTO platform.audit_anchor SELECT * FROM anchor")
    broom.execute("DROP TABLE anchor")
    assert faults() == {Fault.CUT}


@pytest.mark.parametrize("statement", ["UPDATE audit_seal SET digest = ''", "DELETE FROM audit_seal", "DELETE FROM event"])
def test_the_tenants_own_role_can_change_nothing(trail, alpha, in_tenant, statement):
    with pytest.raises(ProgrammingError, match="permission denied"), in_tenant(alpha) as session:
        session.execute(text(statement))


def test_the_tenants_own_role_does_not_reach_the_anchor(trail, alpha, in_tenant):
    with pytest.raises(ProgrammingError, match="permission denied"), in_tenant(alpha) as session:
        session.execute(text("UPDATE platform.audit_anchor SET number = 0"))


def test_events_are_sealed_some_seconds_after_they_are_told(alpha, in_tenant, run_due, travel):
    with in_tenant(alpha) as session:
        factories.staff_member(session)
        factories.staff_member(session)
    run_due()
    travel(timedelta(seconds=15))
    run_due()
    with in_tenant(alpha) as session:
        found = audit.verify(session)
    assert (found.sealed, found.waiting, found.is_sound) == (2, 0, True)


def test_what_safety_hangs_on_is_sealed_before_anybody_could_take_it_out(trail, tamper, faults, alpha, in_tenant):
    with in_tenant(alpha) as session:
        factories.customer(session)
        member = factories.staff_member(session, name="Eve")
    with in_tenant(alpha) as session:
        assert audit.verify(session).waiting == 1
    tamper("DELETE FROM event WHERE subject_type = 'staff_member' AND subject_id = %s", member.id)
    assert faults() == {Fault.MISSING}


def test_what_is_sealed_at_once_leaves_nothing_behind_that_waited_for_long(trail, alpha, in_tenant, travel):
    with in_tenant(alpha) as session:
        factories.customer(session)
    travel(timedelta(hours=1))
    with in_tenant(alpha) as session:
        factories.staff_member(session)
    with in_tenant(alpha) as session:
        assert audit.seal(session) == 1
        found = audit.verify(session)
    assert (found.sealed, found.waiting, found.is_sound) == (10, 0, True)


def test_two_workers_that_seal_at_once_make_one_chain(trail, alpha, in_tenant):
    with in_tenant(alpha) as session:
        factories.customer(session)
    first = database.session_at(alpha.stand)
    assert audit.seal(first) == 1
    second = database.session_at(alpha.stand)
    second.execute(text("SET LOCAL lock_timeout = '200ms'"))
    with pytest.raises(Exception, match="lock timeout"):
        audit.seal(second)
    database.settle(second, keep=False)
    database.settle(first, keep=True)
    with in_tenant(alpha) as session:
        assert audit.seal(session) == 0
        assert audit.verify(session).is_sound


def test_sealing_does_not_hold_up_who_writes(trail, alpha, in_tenant):
    with in_tenant(alpha) as session:
        factories.staff_member(session)
    sealing = database.session_at(alpha.stand)
    audit.seal(sealing)
    with in_tenant(alpha) as session:
        session.execute(text("SET LOCAL lock_timeout = '1s'"))
        factories.staff_member(session)
    database.settle(sealing, keep=True)


def test_a_schema_filled_from_an_archive_is_sealed_on_trust(alpha, in_tenant, broom):
    with in_tenant(alpha) as session:
        factories.staff_member(session)
    broom.execute("DELETE FROM platform.outbox")
    with in_tenant(alpha) as session:
        assert audit.seal(session, is_trusted=True) == 1
        assert audit.verify(session).is_sound


def test_the_log_is_asked_by_person_kind_subject_words_and_day(alpha, in_tenant):
    with in_tenant(alpha) as session:
        sam = factories.staff_member(session, name="Sam")
        kim = factories.staff_member(session, name="Kim", actor=sam.as_actor())
        staff.speak(session, kim, language="zh_Hans")

        def names(**asked):
            return [event.name for event in audit_log.page(session, Question(**asked)).rows]

        assert names(who=f"staff:{sam.id}") == ["staff_member.added"]
        assert names(who="system") == ["staff_member.added"]
        assert names(what="staff_member.language_changed") == ["staff_member.language_changed"]
        assert len(names(what="staff_member")) == 3
        assert names(what="staff") == []
        assert len(names(subject=f"staff_member:{kim.id}")) == 2
        assert names(words="zh_hans") == ["staff_member.language_changed"]
        assert names(words="%") == []
        assert names(since=clock.now() + timedelta(days=1)) == []
        assert names(until=clock.now() - timedelta(days=1)) == []


def test_the_log_is_read_page_by_page(alpha, in_tenant):
    with in_tenant(alpha) as session:
        for _ in range(5):
            factories.staff_member(session)
        first = audit_log.page(session, Question(), limit=3)
        second = audit_log.page(session, Question(), after=first.next_after, limit=3)
    assert (len(first.rows), len(second.rows), second.next_after) == (3, 2, "")
    assert not {event.id for event in first.rows} & {event.id for event in second.rows}


def test_where_a_request_came_from_is_kept(alpha, in_tenant, staff_browser, no_forgery_check):
    browser = staff_browser(alpha)
    browser.client.post(
        "/desk/me/language",
        data={"language": "zh_Hans"},
        headers={"Host": browser.host},
        environ_overrides={"REMOTE_ADDR": "192.0.2.7"},
    )
    with in_tenant(alpha) as session:
        addresses = {event.name: event.address for event in audit_log.page(session, Question()).rows}
    assert addresses["staff_member.language_changed"] == "192.0.2.7"
    assert addresses["staff_member.added"] == ""
