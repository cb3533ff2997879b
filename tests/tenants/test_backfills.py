"""Backfills: rows that follow a change of the schema, in batches that may stop at any moment and are never done twice."""

import pytest
from sqlalchemy import select, text, update

from crm.customers.models import Customer
from kernel import database
from kernel.owners import OwnerConnection
from tenants import migrations
from tenants.migrations import backfills, ledger, running
from tenants.migrations.backfills import Batch
from tests import factories, schemas


@pytest.fixture
def declare(monkeypatch, house):
    """`declare(fill)` makes a backfill known for this test."""
    monkeypatch.setattr(backfills, "_declared", {})
    yield lambda fill, name="shout", since="0001": backfills.backfill(name, since=since)(fill)
    with database.owner_transaction() as connection:
        connection.execute("DELETE FROM platform.backfill")


def shout(session, position, *, batch=2):
    """Write every customer's note in capitals, two at a time, in the order of their numbers."""
    rows = session.scalars(select(Customer).where(Customer.id > int(position or 0)).order_by(Customer.id).limit(batch)).all()
    for row in rows:
        row.notes += "!"
    session.flush()
    return Batch(len(rows), str(rows[-1].id) if len(rows) == batch else None)


@pytest.fixture
def five_customers(alpha, in_tenant):
    with in_tenant(alpha) as session:
        for _customer in range(5):
            factories.customer(session, notes="hello")


def notes(in_tenant, tenant):
    with in_tenant(tenant) as session:
        return session.scalars(select(Customer.notes).order_by(Customer.id)).all()


def test_every_tenant_is_filled_once(alpha, beta, in_tenant, declare, five_customers):
    declare(shout)
    first = backfills.run()
    assert (first.rows, first.failed, first.done) == (5, 0, first.of)
    assert notes(in_tenant, alpha) == ["hello!"] * 5
    assert backfills.run().of == 0


def test_a_batch_that_fails_is_undone_its_error_kept_and_the_next_run_goes_on_there(
    alpha, beta, in_tenant, declare, five_customers
):
    def stumble(session, position):
        batch = shout(session, position)
        if position:
            raise LookupError("no luck")
        return batch

    declare(stumble)
    assert backfills.run().failed == 1
    assert notes(in_tenant, alpha) == ["hello!", "hello!", "hello", "hello", "hello"]
    assert "no luck" in {trouble.schema: trouble.error for trouble in ledger.problems()}[alpha.stand.schema]
    declare(shout)
    assert backfills.run().rows == 3
    assert notes(in_tenant, alpha) == ["hello!"] * 5
    assert ledger.problems() == []


def test_a_run_ends_when_its_time_is_over(alpha, in_tenant, declare, five_customers):
    declare(shout)
    assert backfills.run(seconds=0).rows == 0


def test_a_batch_in_other_hands_is_left_to_them(alpha, in_tenant, declare, five_customers):
    declare(shout)
    seen = []

    def meanwhile(session, position):
        if not seen:
            seen.append(backfills._one_batch("shout", backfills._declared["shout"], alpha.stand))
        return shout(session, position)

    declare(meanwhile)
    backfills.run()
    assert seen == [None]
    assert notes(in_tenant, alpha) == ["hello!"] * 5


def test_it_has_a_tenants_rights_and_no_more(alpha, beta, declare):
    def reach_out(session, position):
        session.execute(text(f'SELECT 1 FROM "{beta.stand.schema}".customer'))

    declare(reach_out)
    tally = backfills.run()
    assert tally.failed >= 1
    assert "permission denied" in next(trouble.error for trouble in ledger.problems() if trouble.schema == alpha.stand.schema)


def test_a_tenant_whose_schema_is_too_old_waits_for_its_migration(house, declare):
    old = schemas.tenant_at("0001")
    declare(shout, since="0002")
    backfills.run()
    with database.owner_transaction() as connection:
        query = "SELECT count(*) FROM platform.backfill WHERE schema_name = %s"
        assert connection.execute(query, [old.schema]).fetchone() == (0,)


@pytest.fixture
def contract(monkeypatch):
    step = schemas.next_step("ALTER TABLE customer ALTER COLUMN notes SET NOT NULL", after_backfill="shout")
    monkeypatch.setattr("tenants.migrations.rendering.after", lambda branch, revision: (step,))


def test_a_step_waits_for_its_backfill(house, declare, contract):
    declare(shout)
    late = schemas.tenant_at(migrations.head("tenant"))
    with OwnerConnection() as connection:
        with pytest.raises(backfills.BackfillMissing, match="shout"):
            running.migrate_tenant(connection, late)
        backfills.run()
        assert running.migrate_tenant(connection, late)


def test_a_spare_that_nobody_has_used_has_nothing_to_fill(house, contract):
    spare = schemas.tenant_at(migrations.head("tenant"), state="spare")
    with OwnerConnection() as connection:
        assert running.migrate_tenant(connection, spare)
    schemas.forget_spares()


def test_the_bookmark_is_the_platforms_and_not_the_tenants(alpha, in_tenant):
    with pytest.raises(Exception, match="permission denied"), in_tenant(alpha) as session:
        session.execute(update(backfills.Backfill).values(done_at=None))
