"""Sessions stand in one place for one transaction."""

import threading
import time

import psycopg
import pytest
from sqlalchemy import select, text
from sqlalchemy.exc import OperationalError, ProgrammingError

from crm.customers.models import Customer
from kernel import database
from kernel.tenancy import PLATFORM, Stand, platform_at
from tests import factories


def test_a_block_that_ends_well_is_kept(alpha, in_tenant):
    with in_tenant(alpha) as session:
        factories.customer(session, name="Mei")
    with in_tenant(alpha) as session:
        assert session.scalars(select(Customer.name)).all() == ["Mei"]


def test_a_block_that_fails_leaves_no_trace(alpha, in_tenant):
    def write_and_fail():
        with in_tenant(alpha) as session:
            factories.customer(session)
            session.flush()
            raise LookupError

    with pytest.raises(LookupError):
        write_and_fail()
    with in_tenant(alpha) as session:
        assert session.scalars(select(Customer.id)).all() == []


def test_what_waits_for_the_commit_runs_after_it_or_never(alpha):
    seen = []
    for keep in (True, False):
        session = database.session_at(alpha.stand)
        session.execute(text("SELECT 1"))
        database.after_commit(session, lambda keep=keep: seen.append(keep))
        assert seen == ([] if keep else [True])
        database.settle(session, keep=keep)
    assert seen == [True]


def test_a_session_can_move_within_its_transaction(alpha, beta):
    with database.transaction(PLATFORM) as session:
        for stand in (alpha.stand, beta.stand, PLATFORM):
            database.move(session, stand)
            assert session.execute(text("SELECT current_schema(), current_user")).one() == (stand.schema, stand.role)
            assert database.stand_of(session) is stand


def test_rows_past_the_session_hold_what_the_session_has_not_said_yet(session):
    names = select(Customer.__table__.c.name).where(Customer.__table__.c.name == "Just now")
    factories.customer(session).name = "Just now"
    assert [name for (name,) in database.rows(session, names)] == ["Just now"]


def test_where_a_transaction_stood_ends_with_it(alpha, in_tenant):
    with in_tenant(alpha) as session:
        session.execute(text("SELECT 1"))
    with database.transaction(PLATFORM) as session:
        assert session.execute(text("SELECT current_schema(), current_user")).one() == ("platform", "frontdesk_platform")


def test_without_taking_a_stand_there_is_nothing_to_read(house, alpha):
    address = house.database_url.replace("+psycopg", "", 1)
    with psycopg.connect(address) as connection:
        with pytest.raises(psycopg.errors.UndefinedTable):
            connection.execute("SELECT * FROM customer")
        connection.rollback()
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            connection.execute(f'SELECT * FROM "{alpha.stand.schema}".customer'.encode())


def test_the_application_owns_nothing_and_can_make_nothing(house, alpha, in_tenant):
    for statement in ("CREATE TABLE mine (a int)", "CREATE SCHEMA mine", "CREATE ROLE mine", "ALTER TABLE customer ADD a int"):
        with pytest.raises(ProgrammingError, match=r"permission denied|must be owner"), in_tenant(alpha) as session:
            session.execute(text(statement))


def test_nobody_waits_for_ever_for_a_lock(alpha, in_tenant):
    with in_tenant(alpha) as session:
        assert session.scalar(text("SHOW lock_timeout")) == "5s"
        assert session.scalar(text("SHOW statement_timeout")) == "30s"
        session.execute(text("SET LOCAL statement_timeout = '50ms'"))
        with pytest.raises(OperationalError, match="statement timeout"):
            session.execute(text("SELECT pg_sleep(5)"))


@pytest.mark.parametrize("name", ["", "1a", "a b", 'a"; DROP SCHEMA x', "A", "a" * 64, "a-b"])
def test_a_stand_has_a_name_of_ours_or_is_none(name):
    with pytest.raises(ValueError, match="no name"):
        Stand(name, "r_x")
    with pytest.raises(ValueError, match="no name"):
        Stand("t_x", name)


def test_many_threads_each_stand_in_their_own_place(alpha, beta, in_tenant):
    wrong = []

    def look(tenant):
        for _time in range(20):
            with in_tenant(tenant) as session:
                if session.scalar(text("SELECT current_schema()")) != tenant.stand.schema:
                    wrong.append(tenant.slug)

    threads = [threading.Thread(target=look, args=[tenant]) for tenant in (alpha, beta) * 4]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert wrong == []


def test_a_probe_answers_one_row_from_the_platform(house):
    assert database.probe("SELECT current_user, %s::int", 7) == ("frontdesk_platform", 7)
    with pytest.raises(psycopg.Error):
        database.probe("SELECT pg_sleep(10)")


def test_a_second_statement_behind_a_semicolon_is_refused(alpha, in_tenant):
    with pytest.raises(ProgrammingError, match="multiple commands"), in_tenant(alpha) as session:
        session.execute(text("SELECT 1; RESET ROLE"))


def test_a_select_cannot_change_the_role_it_runs_as(alpha, in_tenant):
    with pytest.raises(ProgrammingError, match="permission denied for function set_config"), in_tenant(alpha) as session:
        session.execute(text("SELECT set_config('role', 'frontdesk_platform', true)"))


def test_a_transaction_cannot_move_to_another_database(alpha, in_tenant):
    with pytest.raises(ValueError, match="another database"), in_tenant(alpha) as session:
        database.move(session, platform_at("elsewhere"))


def test_connections_that_the_server_has_ended_are_replaced_without_anybody_noticing(alpha, services, in_tenant):
    def backend():
        with in_tenant(alpha) as session:
            return session.scalar(text("SELECT pg_backend_pid()"))

    threads = [threading.Thread(target=backend) for _ in range(4)]  # several connections lie in the pool
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    with psycopg.connect(services.postgres.url(), autocommit=True) as superuser:
        superuser.execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = 'frontdesk_app'")
        left = "SELECT count(*) FROM pg_stat_activity WHERE usename = 'frontdesk_app'"
        while superuser.execute(left).fetchone()[0]:
            time.sleep(0.01)
    assert all(backend() for _time in range(6))


def test_a_transaction_asks_nothing_before_it_begins(alpha, in_tenant, monkeypatch):
    with in_tenant(alpha) as session:
        session.execute(text("SELECT 1"))
    sent = []
    execute = psycopg.Cursor.execute
    monkeypatch.setattr(psycopg.Cursor, "execute", lambda *given, **named: (sent.append(given[1]), execute(*given, **named))[1])
    with in_tenant(alpha) as session:
        session.execute(text("SELECT 1"))
    assert len(sent) == 2
