"""Placements: tenants in a second database are made, served, worked for and migrated like any other."""

import itertools
from dataclasses import replace

import pytest
from sqlalchemy import select, text

from kernel import clock, database, settings
from kernel.actors import SYSTEM
from kernel.outbox import OutboxRow
from kernel.sealing import SealingKey
from kernel.tenancy import platform_at
from notifications.models import Mail
from tenants import audit, lifecycle, migrations, provisioning, purging, registry, staff
from tenants.migrations import drift
from tenants.permissions import Role
from tests import schemas
from tests.killing import is_finished


@pytest.fixture
def gamma(europe):
    return provisioning.create_tenant("gamma", name="Gamma", placement=europe, furnish=add_owner)


def add_owner(session):
    staff.add(session, email="owner@gamma.example", name="Olga", role=Role.ADMIN, actor=SYSTEM)


def test_a_tenants_schema_is_in_its_own_database_and_nowhere_else(gamma):
    assert gamma.stand.placement == "eu"
    assert gamma.stand.schema in schemas.all_schemas("eu")
    assert gamma.stand.schema not in schemas.all_schemas("main")
    with database.transaction(gamma.stand) as session:
        assert session.scalar(text("SELECT current_database()")) == "frontdesk_eu"
        assert staff.by_email(session, "owner@gamma.example").name == "Olga"


def test_people_are_served_from_it_beside_the_others(gamma, alpha, staff_browser, customer_browser):
    for tenant in (gamma, alpha, gamma):
        assert staff_browser(tenant).get("/desk/").status_code == 200
        assert customer_browser(tenant).get("/en/requests").status_code == 200


def test_its_work_is_promised_and_done_there(gamma, staff_browser, customer_browser, run_due):
    form = {"subject": "The lift stands still", "body": "Since this morning.", "language": "en"}
    answer = customer_browser(gamma, "mei@mail.example").submit("/en/requests/new", form)
    assert answer.status_code == 303, answer.text
    with database.transaction(platform_at("eu")) as session:
        assert session.scalars(select(OutboxRow.tenant_id).where(OutboxRow.done_at.is_(None))).first() == gamma.id
    assert run_due() > 0
    with database.transaction(platform_at("eu")) as session:
        is_due = OutboxRow.done_at.is_(None) & (OutboxRow.due_at <= clock.now())
        assert session.scalars(select(OutboxRow.id).where(is_due)).all() == []
    with database.transaction(gamma.stand) as session:
        assert session.scalars(select(Mail.letter)).all() != []


def test_it_is_migrated_with_the_others_and_its_own_database_knows(europe):
    here, there = schemas.tenant_at("0001"), schemas.tenant_at("0001", placement=europe)
    assert migrations.standing().tenants_behind == 2
    assert migrations.run_all() == 2
    assert schemas.revision_of(here) == schemas.revision_of(there) == migrations.head("tenant")
    assert migrations.standing().is_at_head
    assert drift.check() == []
    assert migrations.run_all() == 0


def test_a_registry_that_was_not_told_is_told_by_the_next_run(europe):
    there = schemas.tenant_at(migrations.head("tenant"), placement=europe)
    with schemas.owner() as connection:
        connection.execute("UPDATE platform.tenant SET revision = '0001' WHERE id = %s", [there.tenant_id])
    assert migrations.run_all() == 0
    assert migrations.standing().is_at_head


def test_every_database_has_spares_of_its_own(europe):
    provisioning.keep_spares(1, pause_seconds=0)
    facts = provisioning.create_tenant("gamma", name="Gamma", region="eu")
    assert facts.stand.placement == "eu"
    provisioning.keep_spares(1, pause_seconds=0)
    assert {"main", "eu"} == {place for place in ("main", "eu") if set(spares()) & schemas.all_schemas(place)}


def spares():
    return [schema for schema, state in schemas.registered().items() if state == "spare"]


def test_without_a_region_a_tenant_goes_where_there_are_fewest(europe, alpha, beta):
    assert provisioning.create_tenant("gamma", name="Gamma").stand.placement == "eu"


def test_the_databases_of_a_region_are_known_by_their_number(europe):
    eu = settings.current().placements[europe]
    settings.use(replace(settings.current(), further_placements={"eu": eu, "eu2": eu, "us": eu}))
    assert provisioning._emptiest("us") == "us"
    assert provisioning._emptiest("eu") in ("eu", "eu2")


def test_two_databases_and_a_kill_in_between_leave_a_tenant_with_its_owner_or_none(europe):
    """The schema and the registry's row are committed one after the other: no kill may open an empty house, or another's."""

    def sign_up():
        provisioning.create_tenant("gamma", name="Gamma", placement=europe, furnish=add_owner)

    for killed in itertools.count():
        provisioning.keep_spares(1, pause_seconds=0)
        is_done = is_finished(sign_up, kill_at=5 + killed)
        registry.forget()
        facts = registry.find("gamma")
        if facts:
            break
        assert not is_done
        assert "gamma" not in [row.slug for row in registry.all_tenants()]
    assert killed >= 15
    with database.transaction(facts.stand) as session:
        assert len(session.scalars(select(staff.StaffMember.email)).all()) == 1


def test_a_tenant_furnished_twice_by_accident_is_never_shown(europe):
    """A sign-up was killed between the two commits: the next tenant gets another schema, not that one with its owner."""
    provisioning.keep_spares(1, pause_seconds=0)
    furnished = []

    def furnish(session):
        add_owner(session)
        furnished.append(database.stand_of(session).schema)

    def furnish_there_and_die(*given):
        furnish_it(*given)
        raise KeyboardInterrupt

    furnish_it = provisioning._furnish
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(provisioning, "_furnish", furnish_there_and_die)
        with pytest.raises(KeyboardInterrupt):
            provisioning.create_tenant("gamma", name="Gamma", placement=europe, furnish=furnish)
    facts = provisioning.create_tenant("gamma", name="Gamma", placement=europe, furnish=add_owner)
    assert facts.stand.schema not in furnished
    assert schemas.registered()[furnished[0]] == "closing"


def test_work_promised_while_furnishing_waits_for_the_registry(europe):
    seen = []

    def furnish(session):
        schema = database.stand_of(session).schema
        database.after_commit(session, lambda: seen.append(schemas.registered()[schema]))

    provisioning.create_tenant("gamma", name="Gamma", placement=europe, furnish=furnish)
    assert seen == ["live"]


def test_taking_down_reaches_into_its_database(gamma):
    provisioning.tear_down(gamma.stand)
    assert gamma.stand.schema not in schemas.all_schemas("eu")
    assert gamma.stand.role not in schemas.all_roles()


def test_erasing_leaves_nothing_of_it_in_its_database_either(gamma):
    with database.transaction(gamma.stand) as session:
        audit.seal(session)
    with database.transaction() as session:
        lifecycle.close(session, gamma.id, actor=SYSTEM)
    purging.purge(gamma.id, actor=SYSTEM, is_due_only=False)
    with database.transaction(platform_at("eu")) as session:
        for table in ("audit_anchor", "outbox"):
            assert session.scalar(text(f"SELECT count(*) FROM platform.{table} WHERE tenant_id = {gamma.id}")) == 0
        assert session.scalar(select(SealingKey).where(SealingKey.schema_name == gamma.stand.schema)) is None
