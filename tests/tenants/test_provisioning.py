"""A new tenant is whole or not there at all."""

import threading

import pytest
from sqlalchemy import select, text

from kernel import clock, database
from kernel.actors import SYSTEM
from kernel.events import Event
from tenants import migrations, provisioning, registry, staff
from tenants.models import HostName, Tenant
from tenants.permissions import Role
from tests import citus, schemas


def test_a_new_tenant_can_be_used_at_once(house, in_tenant):
    facts = provisioning.create_tenant("gamma", name="伽瑪", locale="zh_Hant", time_zone="Asia/Taipei", phone="+886255500100")
    assert (facts.slug, facts.name, facts.language.code, facts.state) == ("gamma", "伽瑪", "zh_Hant", "live")
    assert registry.find("gamma") == facts
    with in_tenant(facts) as session:
        staff.add(session, email="a@gamma.example", name="Ann", role=Role.ADMIN, actor=SYSTEM)
        assert staff.by_email(session, "a@gamma.example").name == "Ann"


def test_a_new_tenant_is_at_the_newest_revision(house):
    provisioning.create_tenant("gamma", name="Gamma")
    assert migrations.run_all() == 0
    assert migrations.standing().is_at_head


def test_the_name_of_a_schema_does_not_tell_whose_it_is(house):
    assert "gamma" not in provisioning.create_tenant("gamma", name="Gamma").stand.schema


@pytest.mark.parametrize(
    "slug", ["", "A", "a b", "-a", "a-", "a" * 41, "ä", "a.b", "a_b", "www", "ops", "api", "a\n", "a/b", "店"]
)
def test_an_address_must_fit_in_a_host_name_and_not_be_reserved(house, slug):
    before = schemas.all_schemas()
    with pytest.raises(provisioning.SlugUnfit):
        provisioning.create_tenant(slug, name="X")
    assert schemas.all_schemas() == before


def test_an_address_belongs_to_one_tenant(alpha):
    before = schemas.all_schemas()
    with pytest.raises(provisioning.SlugTaken, match="taken"):
        provisioning.create_tenant("alpha", name="Another Alpha")
    assert schemas.all_schemas() == before


def test_an_address_that_somebody_has_left_a_short_while_ago_is_taken(alpha):
    with database.transaction() as session:
        left = HostName(host=registry.host_of("old-alpha"), tenant_id=alpha.id, kind="former", state="verified")
        left.created_at = clock.now()
        session.add(left)
    with pytest.raises(provisioning.SlugTaken):
        provisioning.create_tenant("old-alpha", name="Another")
    with database.transaction() as session:
        session.delete(session.get_one(HostName, left.host))


def test_a_sign_up_is_three_statements_and_makes_nobody_forget_anything(alpha, count_statements):
    """The claim (which `count_statements` leaves out), the owner, and the event with its promise; on Citus that by itself."""
    provisioning.keep_spares(1, pause_seconds=0)
    registry.find("alpha")
    owner = {"email": "a@gamma.example", "name": "Ann", "language": "en", "actor": SYSTEM}
    with count_statements() as seen:
        facts = provisioning.create_tenant("gamma", name="Gamma", furnish=lambda inside: staff.add_first(inside, **owner))
        assert registry.find("alpha") == alpha
    assert len(seen) == (3 if citus.URL else 2)
    with database.transaction(facts.stand) as session:
        member = staff.by_email(session, "a@gamma.example")
        (event,) = session.scalars(select(Event))
        assert (member.role, event.name, event.subject_id) == ("admin", "staff_member.added", member.id)


def test_whoever_looked_at_a_spare_knows_its_tenant_at_once(house):
    provisioning.keep_spares(1, pause_seconds=0)
    with database.transaction() as session:
        stands = [tenant.stand for tenant in session.scalars(select(Tenant).where(Tenant.state == "spare"))]
    for stand in stands:
        with database.transaction(stand) as session:
            assert not registry.of(session).is_live
    facts = provisioning.create_tenant("gamma", name="Gamma")
    assert facts.stand in stands
    with database.transaction(facts.stand) as session:
        assert registry.of(session) == facts


def test_unknown_languages_and_time_zones_are_refused(house):
    with pytest.raises(provisioning.UnknownLocale):
        provisioning.create_tenant("gamma", name="Gamma", locale="fr")
    for zone in ("Mars/Olympus", "", "../etc/passwd", "/etc/localtime"):
        with pytest.raises(provisioning.UnknownTimeZone):
            provisioning.create_tenant("gamma", name="Gamma", time_zone=zone)


def test_a_tenant_that_cannot_be_furnished_leaves_its_spare_to_the_next(house):
    def fail(session):
        staff.add(session, email="a@gamma.example", name="Ann", role=Role.ADMIN, actor=SYSTEM)
        raise LookupError

    with pytest.raises(LookupError):
        provisioning.create_tenant("gamma", name="Gamma", furnish=fail)
    assert registry.find("gamma") is None
    before = schemas.registered()
    facts = provisioning.create_tenant("delta", name="Delta")
    assert before[facts.stand.schema] == "spare"
    with database.transaction(facts.stand) as session:
        assert staff.by_email(session, "a@gamma.example") is None


def test_the_same_address_at_the_same_moment_goes_to_one(house):
    provisioning.keep_spares(3, pause_seconds=0)
    won, refused = [], []

    def sign_up():
        try:
            won.append(provisioning.create_tenant("gamma", name="Gamma"))
        except provisioning.SlugTaken as error:
            refused.append(error)

    threads = [threading.Thread(target=sign_up) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert (len(won), len(refused)) == (1, 2)


def test_a_template_and_a_region_are_written_down(house):
    facts = provisioning.create_tenant("gamma", name="Gamma", template="hotel")
    with database.transaction() as session:
        row = session.get(Tenant, facts.id)
        assert (row.template, row.placement, row.ring) == ("hotel", "main", 2)


def test_a_region_that_no_database_serves_is_refused(house):
    with pytest.raises(provisioning.RegionUnknown, match="“mars”"):
        provisioning.create_tenant("gamma", name="Gamma", region="mars")


def test_a_tenants_role_may_not_sign_in_and_reaches_its_own_schema_only(alpha):
    """On Citus it may, without a password (`test_citus.py`): the coordinator comes to the nodes by it."""
    with database.transaction() as session:
        query = text("SELECT rolcanlogin, rolsuper, rolcreaterole FROM pg_roles WHERE rolname = :role")
        assert tuple(session.execute(query, {"role": alpha.stand.role}).one()) == (bool(citus.URL), False, False)
