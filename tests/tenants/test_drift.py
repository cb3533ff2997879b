"""Drift: whoever changed a tenant's schema, and however, it is found."""

import pytest

from kernel import database
from tenants import provisioning
from tenants.migrations import drift, ledger


@pytest.fixture
def gamma(house):
    return provisioning.create_tenant("gamma", name="Gamma")


def change(tenant, statement):
    with database.owner_transaction() as connection:
        connection.execute(f'SET LOCAL search_path TO "{tenant.stand.schema}", ext'.encode())
        connection.execute(statement.format(role=tenant.stand.role).encode())


def test_schemas_as_they_should_be_differ_in_nothing(alpha, beta, gamma):
    assert drift.check() == []


CHANGES = {
    "DROP INDEX ix_ticket_customer": "- index",
    "CREATE INDEX mine ON ticket (subject)": "+ index",
    "ALTER TABLE ticket ADD COLUMN mine text": "+ column ticket.mine text",
    "ALTER TABLE ticket ALTER COLUMN subject DROP NOT NULL": "+ column ticket.subject text",
    "ALTER TABLE ticket DROP CONSTRAINT uq_ticket_number": "- constraint ticket uq_ticket_number",
    "GRANT UPDATE ON event TO {role}": "+ relation event",
    "GRANT SELECT ON ticket TO PUBLIC": "+ relation ticket",
    "CREATE TABLE mine (a bigint)": "+ relation mine",
    "DROP SEQUENCE ticket_numbers CASCADE": "- relation ticket_numbers",
    "CREATE FUNCTION mine() RETURNS int LANGUAGE sql AS 'SELECT 1'": "+ function mine",
    "ALTER TABLE customer ENABLE ROW LEVEL SECURITY": "+ relation customer r guarded",
}


@pytest.mark.parametrize("statement", CHANGES)
def test_a_change_by_hand_is_found_and_named(gamma, statement):
    change(gamma, statement)
    (found,) = [one for one in drift.check() if one.schema == gamma.stand.schema]
    assert CHANGES[statement] in str(found)
    assert gamma.stand.schema in {trouble.schema for trouble in ledger.problems() if trouble.name == "drift"}


def test_a_schema_that_was_looked_at_today_waits_until_tomorrow(gamma, travel):
    drift.check()
    change(gamma, "CREATE INDEX mine ON ticket (subject)")
    assert drift.check(unless_within_hours=24) == []
    assert len(drift.check()) == 1


def test_the_template_leaves_nothing_behind(house):
    drift.template.cache_clear()
    drift.template("main")
    with database.owner_transaction() as connection:
        assert connection.execute("SELECT to_regnamespace('t_template'), to_regrole('r_t_template')").fetchone() == (None, None)
