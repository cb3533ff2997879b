"""Spares: schemas built beforehand, in steps so small that no neighbour feels them, and never given out twice."""

import threading
from datetime import timedelta

import pytest
from sqlalchemy import select, text

from kernel import clock, database, settings
from kernel.owners import OwnerConnection
from tenants import migrations, provisioning, upkeep
from tenants.migrations import creation, drift
from tenants.models import State, Tenant
from tenants.provisioning import building, pool
from tests import schemas


@pytest.fixture
def no_spares(house):
    schemas.forget_spares()
    yield
    schemas.forget_spares()


def spares():
    return sorted(schema for schema, state in schemas.registered().items() if state == "spare")


def test_the_keeper_builds_until_there_are_enough_and_then_rests(no_spares):
    assert provisioning.keep_spares(2, pause_seconds=0) == 2
    assert provisioning.keep_spares(2, pause_seconds=0) == 0
    assert len(spares()) == 2


def test_a_spare_is_the_same_as_any_schema_at_head(no_spares):
    provisioning.keep_spares(1, pause_seconds=0)
    assert drift.check() == []


def test_no_transaction_of_a_build_changes_more_than_three_things(no_spares, monkeypatch):
    sent, counts = building._send, []

    def count(connection, stand, statements, position):
        counts.append(len(statements[position : position + building.STATEMENTS_AT_ONCE]))
        sent(connection, stand, statements, position)

    monkeypatch.setattr(building, "_send", count)
    pool.add_spare("main")
    assert max(counts) == 3
    assert sum(counts) == len(creation.recipe(registry_stand()))


def registry_stand():
    with database.transaction() as session:
        return session.query(Tenant).filter_by(state=State.SPARE).first().stand


def test_signing_up_with_a_spare_makes_no_table(no_spares, count_statements):
    provisioning.keep_spares(1, pause_seconds=0)
    before = schemas.all_schemas()
    with count_statements() as seen:
        provisioning.create_tenant("gamma", name="Gamma")
    assert schemas.all_schemas() == before
    assert len(seen) <= 10


def test_without_a_spare_one_is_built_and_the_caller_hears_how_far_it_is(no_spares):
    shown = []
    provisioning.create_tenant("gamma", name="Gamma", show=lambda done, of: shown.append((done, of)))
    assert shown[-1][0] == shown[-1][1]
    assert shown == sorted(shown)
    assert spares() == []


def test_a_spare_that_is_being_claimed_is_nobody_elses(no_spares):
    provisioning.keep_spares(2, pause_seconds=0)
    with database.transaction() as first, database.transaction() as second:
        (one, is_taken), (another, _) = pool.claim(first, "main"), pool.claim(second, "main")
        assert one.id != another.id
        assert is_taken
        with database.transaction() as third:
            assert pool.claim(third, "main") is None


@pytest.mark.parametrize("who_finds_it", [lambda: None, lambda: provisioning.keep_spares(0)], ids=["sign-up", "keeper"])
def test_a_spare_whose_schema_is_somebodys_is_never_given_out_and_gets_notice(no_spares, who_finds_it):
    """A process was killed before it could register it; or the registry is an older backup, and it is a tenant's house."""
    provisioning.keep_spares(1, pause_seconds=0)
    (spoilt,) = spares()
    with database.transaction() as session:
        assert pool.take(session, spoilt)
    who_finds_it()
    facts = provisioning.create_tenant("gamma", name="Gamma")
    assert facts.stand.schema != spoilt
    assert spoilt in schemas.all_schemas()
    with database.transaction() as session:
        row = session.scalar(select(Tenant).where(Tenant.schema_name == spoilt))
        assert (row.state, row.purge_at.date()) == ("closing", (clock.now() + timedelta(days=30)).date())


def test_what_another_release_began_is_thrown_away_if_it_is_older_and_left_if_it_is_newer(no_spares, monkeypatch):
    monkeypatch.setattr(creation, "name_of_recipe", lambda: "0001:older")
    begin_a_build()
    monkeypatch.setattr(creation, "name_of_recipe", lambda: "9999:newer")
    begin_a_build()
    monkeypatch.undo()
    before = {schema for schema, state in schemas.registered().items() if state == "building"}
    assert provisioning.keep_spares(0) == 0
    left = {schema for schema, state in schemas.registered().items() if state == "building"}
    assert len(before) == 2
    assert len(left) == 1
    assert left <= before


def begin_a_build():
    stand = pool._reserve("main")
    with OwnerConnection() as connection:
        for _time in range(3):
            building._go_on(connection, stand, creation.recipe(stand), creation.name_of_recipe())


def test_two_builders_of_the_same_schema_help_each_other(no_spares):
    stand = pool._reserve("main")
    failed = []

    def work():
        try:
            with OwnerConnection() as connection:
                pool._build(connection, stand)
        except Exception as error:
            failed.append(error)

    threads = [threading.Thread(target=work) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failed == []
    assert spares() == [stand.schema]
    assert drift.check() == []


def test_a_schema_that_nobody_registered_and_nobody_used_goes(no_spares):
    pool.add_spare("main")
    (orphan,) = spares()
    with database.owner_transaction() as connection:
        connection.execute("DELETE FROM platform.tenant WHERE schema_name = %s", [orphan])
    provisioning.keep_spares(0)
    assert orphan not in schemas.all_schemas()


def test_a_schema_that_somebody_used_stays_even_if_the_registry_has_forgotten_it(no_spares):
    facts = provisioning.create_tenant("gamma", name="Gamma")
    with database.owner_transaction() as connection:
        connection.execute("DELETE FROM platform.tenant WHERE id = %s", [facts.id])
    provisioning.keep_spares(0)
    assert facts.stand.schema in schemas.all_schemas()
    provisioning.tear_down(facts.stand)


def test_a_spare_behind_is_brought_to_head_like_any_tenant(no_spares):
    spare = schemas.tenant_at("0001", state="spare")
    assert migrations.run_all() == 1
    assert schemas.revision_of(spare) == migrations.head("tenant")


def test_taking_down_leaves_neither_schema_nor_role_nor_note_and_may_be_called_again(no_spares, alpha):
    facts = provisioning.create_tenant("gamma", name="Gamma")
    shown = []
    provisioning.tear_down(facts.stand, lambda done, of: shown.append((done, of)))
    assert facts.stand.schema not in schemas.all_schemas()
    assert facts.stand.role not in schemas.all_roles()
    assert shown[-1][0] == shown[-1][1] > 10
    provisioning.tear_down(facts.stand)
    assert alpha.stand.schema in schemas.all_schemas()


def test_taking_down_waits_for_a_reader_and_then_says_so(no_spares, monkeypatch):
    facts = provisioning.create_tenant("gamma", name="Gamma")
    monkeypatch.setattr("kernel.owners.LOCK_TIMEOUT", "50ms")
    monkeypatch.setattr("tenants.provisioning.tearing_down._PAUSE_SECONDS", 0.01)
    with database.transaction(facts.stand) as reader:
        reader.execute(text("SELECT count(*) FROM ticket"))
        with pytest.raises(Exception, match="lock timeout"):
            provisioning.tear_down(facts.stand)
    provisioning.tear_down(facts.stand)
    assert facts.stand.schema not in schemas.all_schemas()


def test_the_owners_connection_is_replaced_now_and_then(house):
    with OwnerConnection(most_schemas=2) as connection:
        seen = []
        for _schema in range(4):
            with connection.transaction() as opened:
                seen.append(opened.execute("SELECT pg_backend_pid()").fetchone()[0])
            connection.note_schema()
    assert len(set(seen)) == 2


def test_the_sweeper_keeps_as_many_spares_as_the_settings_want(no_spares):
    upkeep.once(with_drift=True)
    assert len(spares()) == settings.current().spares
