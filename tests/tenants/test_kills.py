"""SIGKILL between any two statements: whatever was begun is finished by the next call, or was never there."""

import itertools

import pytest
from sqlalchemy import select, text

from crm.customers.models import Customer
from kernel import database
from kernel.actors import SYSTEM
from tenants import migrations, provisioning, registry, staff
from tenants.migrations import backfills, drift
from tenants.permissions import Role
from tests import factories, schemas
from tests.killing import is_finished, kill_again_and_again


@pytest.fixture
def no_spares(house):
    schemas.forget_spares()
    yield
    schemas.forget_spares()


def test_a_spare_is_finished_by_whoever_comes_next_however_often_its_builder_is_killed(no_spares):
    before = schemas.all_schemas()

    def look():
        states = schemas.registered()
        new = schemas.all_schemas() - before
        assert new <= states.keys()
        assert len(new) <= 1
        assert all(_is_whole(schema) for schema in new if states[schema] == "spare")

    # Every boundary until the first statements are kept; later ones are the same again, with more behind them.
    points = itertools.chain(range(1, 40, 2), itertools.count(40, 7))
    kills = kill_again_and_again(lambda: provisioning.keep_spares(1, pause_seconds=0), points, look)
    assert kills >= 15
    assert list(schemas.registered().values()).count("spare") == 1
    assert drift.check() == []


def _is_whole(schema):
    with schemas.owner() as connection:
        query = "SELECT revision = %s FROM platform.schema_revision WHERE schema_name = %s"
        return connection.execute(query, [migrations.head("tenant"), schema]).fetchone()[0]


def _sign_up():
    provisioning.create_tenant("gamma", name="Gamma", furnish=_add_owner)


def _add_owner(session):
    staff.add(session, email="owner@gamma.example", name="Olga", role=Role.ADMIN, actor=SYSTEM)


def _has_an_owner_if_it_is_there():
    registry.forget()
    facts = registry.find("gamma")
    if facts:
        with database.transaction(facts.stand) as session:
            assert staff.by_email(session, "owner@gamma.example") is not None
    return facts


def test_a_tenant_is_there_with_its_owner_or_not_at_all(no_spares):
    provisioning.keep_spares(1, pause_seconds=0)
    before = schemas.registered()
    killed = 0
    for point in itertools.count(1):
        is_done = is_finished(_sign_up, kill_at=point)
        facts = _has_an_owner_if_it_is_there()
        if facts:
            break
        assert not is_done
        assert schemas.registered() == before
        killed += 1
    assert killed >= 10
    assert before[facts.stand.schema] == "spare"


def test_a_run_of_migrations_goes_on_where_it_was_killed(alpha):
    old = [schemas.tenant_at("0001") for _ in range(4)]
    head = migrations.head("tenant")

    def look():
        for stand in old:
            is_new = "email" in schemas.columns_of(stand, "customer")
            assert schemas.revision_of(stand) == (head if is_new else "0001")

    points = itertools.chain(range(1, 20, 2), itertools.count(20, 9))
    kills = kill_again_and_again(lambda: migrations.run(threads=1), points, look)
    assert kills >= 12
    assert migrations.standing().is_at_head
    assert drift.check() == []


def test_what_is_being_taken_down_is_gone_in_the_end_however_often_that_is_killed(no_spares, alpha):
    facts = provisioning.create_tenant("gamma", name="Gamma")

    def look():
        with database.transaction(alpha.stand) as session:
            session.execute(text("SELECT count(*) FROM ticket"))

    kills = kill_again_and_again(lambda: provisioning.tear_down(facts.stand), itertools.count(4, 2), look)
    assert kills >= 8
    assert facts.stand.schema not in schemas.all_schemas()
    assert facts.stand.role not in schemas.all_roles()


def test_a_backfill_that_is_killed_neither_forgets_nor_repeats_a_row(alpha, in_tenant, monkeypatch):
    def shout(session, position):
        row = session.scalar(select(Customer).where(Customer.id > int(position or 0)).order_by(Customer.id).limit(1))
        if row is None:
            return backfills.Batch(0, None)
        row.notes += "!"
        session.flush()
        return backfills.Batch(1, str(row.id))

    with in_tenant(alpha) as session:
        for _customer in range(4):
            factories.customer(session, notes="hello")
    monkeypatch.setattr(backfills, "_declared", {})
    backfills.backfill("shout", since="0001")(shout)
    kills = kill_again_and_again(backfills.run, itertools.count(3, 2), lambda: None)
    assert kills >= 8
    with in_tenant(alpha) as session:
        assert session.scalars(select(Customer.notes)).all() == ["hello!"] * 4
    with database.owner_transaction() as connection:
        connection.execute("DELETE FROM platform.backfill")
