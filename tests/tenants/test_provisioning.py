"""A new tenant is whole or not there at all."""

import psycopg
import pytest
from sqlalchemy import text

from kernel import database
from kernel.actors import SYSTEM
from tenants import migrations, provisioning, registry, staff
from tenants.permissions import Role


@pytest.fixture
def gone_afterwards(house):
    """Name the tenants that a test makes, so that they do not stay."""
    slugs = []
    yield slugs.append
    for slug in slugs:
        with database.owner_transaction() as connection:
            row = connection.execute("DELETE FROM platform.tenant WHERE slug = %s RETURNING schema_name", [slug]).fetchone()
            if row:
                connection.execute(f'DROP SCHEMA "{row[0]}" CASCADE'.encode())
                connection.execute(f'DROP ROLE "r_{row[0]}"'.encode())
        registry.forget()


def _schemas():
    with database.owner_transaction() as connection:
        return {row[0] for row in connection.execute("SELECT nspname FROM pg_namespace WHERE nspname LIKE 't\\_%'")}


def test_a_new_tenant_can_be_used_at_once(gone_afterwards, in_tenant):
    gone_afterwards("gamma")
    facts = provisioning.create_tenant("gamma", name="伽瑪", locale="zh_Hant", time_zone="Asia/Taipei", phone="+886255500100")
    assert (facts.slug, facts.name, facts.language.code, facts.state) == ("gamma", "伽瑪", "zh_Hant", "live")
    assert registry.find("gamma") == facts
    with in_tenant(facts) as session:
        staff.add(session, email="a@gamma.example", name="Ann", role=Role.ADMIN, actor=SYSTEM)
        assert staff.by_email(session, "a@gamma.example").name == "Ann"


def test_a_new_tenant_is_at_the_newest_revision(gone_afterwards):
    gone_afterwards("gamma")
    provisioning.create_tenant("gamma", name="Gamma")
    assert migrations.run_all() == 0
    assert migrations.standing().is_at_head


def test_the_name_of_a_schema_does_not_tell_whose_it_is(gone_afterwards):
    gone_afterwards("gamma")
    assert "gamma" not in provisioning.create_tenant("gamma", name="Gamma").stand.schema


@pytest.mark.parametrize(
    "slug", ["", "A", "a b", "-a", "a-", "a" * 41, "ä", "a.b", "a_b", "www", "ops", "api", "a\n", "a/b", "店"]
)
def test_an_address_must_fit_in_a_host_name_and_not_be_reserved(house, slug):
    before = _schemas()
    with pytest.raises(provisioning.SlugUnfit):
        provisioning.create_tenant(slug, name="X")
    assert _schemas() == before


def test_an_address_belongs_to_one_tenant(alpha):
    before = _schemas()
    with pytest.raises(provisioning.SlugTaken, match="taken"):
        provisioning.create_tenant("alpha", name="Another Alpha")
    assert _schemas() == before


def test_unknown_languages_and_time_zones_are_refused(house):
    with pytest.raises(provisioning.UnknownLocale):
        provisioning.create_tenant("gamma", name="Gamma", locale="fr")
    for zone in ("Mars/Olympus", "", "../etc/passwd", "/etc/localtime"):
        with pytest.raises(provisioning.UnknownTimeZone):
            provisioning.create_tenant("gamma", name="Gamma", time_zone=zone)


def test_a_tenant_whose_making_fails_leaves_nothing(house, monkeypatch):
    before = _schemas()

    def fail(connection, stand):
        connection.execute(f'CREATE SCHEMA "{stand.schema}"'.encode())
        raise psycopg.OperationalError("the machine went away")

    monkeypatch.setattr(migrations, "build_schema", fail)
    with pytest.raises(psycopg.OperationalError):
        provisioning.create_tenant("gamma", name="Gamma")
    assert _schemas() == before
    registry.forget()
    assert registry.find("gamma") is None


def test_a_tenants_role_may_not_sign_in_and_reaches_its_own_schema_only(alpha):
    with database.transaction() as session:
        query = text("SELECT rolcanlogin, rolsuper, rolcreaterole FROM pg_roles WHERE rolname = :role")
        assert tuple(session.execute(query, {"role": alpha.stand.role}).one()) == (False, False, False)
