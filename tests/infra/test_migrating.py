"""`frontdesk migrate`, as operators type it."""

from dataclasses import replace

import psycopg
import pytest
from click.testing import CliRunner

import cli
from kernel import database, settings
from kernel.settings import Placement
from tenants import migrations
from tenants.migrations import backfills, linting, rendering, shared
from tests import schemas


@pytest.fixture
def frontdesk(house, alpha, monkeypatch):
    """Type a command; returns what it printed and how it ended."""
    monkeypatch.setenv("DATABASE_URL", house.database_url)  # so that no service is looked for
    return lambda *words: CliRunner().invoke(cli.main, list(words))


@pytest.fixture
def broken_step(monkeypatch):
    chain = (*rendering.steps("tenant"), schemas.next_step("SELECT no_such_function()"))
    real = rendering.steps
    monkeypatch.setattr(rendering, "steps", lambda branch: chain if branch == "tenant" else real(branch))


def test_tenants_behind_are_brought_to_head_and_counted(frontdesk):
    schemas.tenant_at("0001")
    result = frontdesk("migrate")
    assert result.exit_code == 0, result.output
    assert f"1 schemas changed, all at {migrations.head('tenant')}." in result.output
    assert "WARNING" not in result.output
    assert "0 schemas changed" in frontdesk("migrate").output


def test_what_fails_is_named_and_the_command_says_so(frontdesk, broken_step):
    old = schemas.tenant_at("0001", ring=1)
    result = frontdesk("migrate")
    assert result.exit_code == 1
    assert f"{old.schema}: function no_such_function() does not exist" in result.output
    status = frontdesk("migrate", "status")
    assert status.exit_code == 1
    assert old.schema in status.output
    assert "are behind it" in status.output


def test_the_status_counts_schemas_by_place_state_and_revision(frontdesk):
    result = frontdesk("migrate", "status")
    assert result.exit_code == 0, result.output
    assert ["main", "live", migrations.head("tenant")] in [line.split()[:3] for line in result.output.splitlines()]


def test_the_linter_speaks_at_the_terminal(frontdesk, monkeypatch):
    assert frontdesk("migrate", "lint").exit_code == 0
    monkeypatch.setattr(linting, "steps", lambda branch: (schemas.next_step("DROP TABLE ticket"),))
    result = frontdesk("migrate", "lint")
    assert result.exit_code == 1
    assert "9001: something taken away" in result.output


def test_a_drifted_schema_is_shown_with_its_difference(frontdesk):
    old = schemas.tenant_at(migrations.head("tenant"))
    assert frontdesk("migrate", "drift").exit_code == 0
    with schemas.owner() as connection:
        connection.execute(f'DROP INDEX "{old.schema}".ix_ticket_updated'.encode())
    result = frontdesk("migrate", "drift")
    assert result.exit_code == 1
    assert "- index CREATE INDEX ix_ticket_updated ON" in result.output


def test_backfills_are_run_to_their_end(frontdesk, monkeypatch, alpha):
    monkeypatch.setattr(backfills, "_declared", {})
    seen = []
    backfills.backfill("look", since="0001")(
        lambda session, position: seen.append(database.stand_of(session)) or backfills.Batch(0, None)
    )
    result = frontdesk("migrate", "backfill")
    assert result.exit_code == 0, result.output
    assert f"{len(seen)} done, 0 rows changed, 0 failed." in result.output
    assert alpha.stand in seen
    with schemas.owner() as connection:
        connection.execute("DELETE FROM platform.backfill")


def test_spares_are_built_ahead(frontdesk):
    schemas.forget_spares()
    assert "2 spares built." in frontdesk("tenants", "spares", "2").output
    assert "0 spares built." in frontdesk("tenants", "spares", "2").output


@pytest.fixture
def open_database(house, services):
    """A database in which nobody has revoked anything, and a role whose path is PostgreSQL's own."""
    with psycopg.connect(services.postgres.url(), autocommit=True) as connection:
        connection.execute("CREATE DATABASE wide_open OWNER frontdesk_owner")
        connection.execute("CREATE ROLE careless LOGIN PASSWORD 'x'")
    owner = services.postgres.url("frontdesk_owner", "wide_open")
    careless = owner.replace(owner.partition("://")[2].partition("@")[0], "careless:x")
    settings.use(replace(house, further_placements={"open": Placement(careless, owner)}))
    yield services.postgres.url(database="wide_open")
    settings.use(house)
    with psycopg.connect(services.postgres.url(), autocommit=True) as connection:
        connection.execute("DROP DATABASE wide_open")
        connection.execute("DROP ROLE careless")


def test_a_database_that_is_not_closed_gets_a_warning_with_the_sql_to_close_it(open_database):
    told = shared.advice("open")
    assert any("set_config" in line and "query_to_xml" in line for line in told)
    assert 'ALTER ROLE "careless" SET search_path = no_tenant;' in told
    with psycopg.connect(open_database, autocommit=True) as superuser:
        for statement in told:
            superuser.execute(statement)
    assert shared.advice("open") == []


@pytest.mark.parametrize("owner", ["frontdesk_owner", "postgres"])
def test_temporary_tables_are_nobodys_in_a_database_of_ones_own(open_database, owner):
    """By default everybody's, though one could hide a tenant's table from the next who uses the session."""
    with psycopg.connect(open_database, autocommit=True) as superuser:
        superuser.execute(f"ALTER DATABASE wide_open OWNER TO {owner}".encode())
        told = [line for line in shared.advice("open") if "TEMPORARY" in line]
        assert told == ([] if owner == "frontdesk_owner" else ['REVOKE TEMPORARY ON DATABASE "wide_open" FROM PUBLIC;'])
        for statement in told:
            superuser.execute(statement.encode())
        assert superuser.execute("SELECT has_database_privilege('careless', 'wide_open', 'TEMPORARY')").fetchone() == (False,)


def test_our_own_database_needs_no_advice(house):
    assert shared.advice() == []
