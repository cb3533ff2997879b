"""The registry: from a name to a tenant, remembered until the registry's stamp moves."""

import math
import subprocess
import sys

import pytest
from sqlalchemy import update

from kernel import clock, database
from kernel.settings import PROJECT
from tenants import registry
from tenants.models import HostName, RegistryStamp, Tenant


def test_a_tenant_is_found_by_its_name_and_nobody_by_another(alpha):
    assert registry.find("alpha") == alpha
    assert registry.find("nobody") is None
    assert registry.find("ALPHA") is None


def test_a_known_tenant_costs_no_statement(alpha, count_statements):
    registry.find("alpha")
    with count_statements() as seen:
        assert registry.find("alpha") == alpha
    assert seen == []


def test_a_session_knows_whose_house_it_stands_in(session, alpha):
    registry.forget()
    assert registry.of(session) == alpha


@pytest.fixture
def change(beta):
    """`change(state="suspended")` changes beta's row as another process would; it is put right afterwards."""

    def apply(**values):
        with database.transaction() as session:
            session.execute(update(Tenant).where(Tenant.id == beta.id).values(values))
            session.execute(update(RegistryStamp).values(version=RegistryStamp.version + 1))

    yield apply
    apply(state="live", name="貝塔顧問", slug="beta")
    registry.forget()


def a_second_passes(monkeypatch):
    monkeypatch.setattr(registry, "_looked_at", 0.0)


def test_a_change_made_elsewhere_is_noticed_within_a_second(beta, change, monkeypatch):
    assert registry.find("beta").name == "貝塔顧問"
    change(name="Beta & Sons")
    a_second_passes(monkeypatch)
    assert registry.find("beta").name == "Beta & Sons"


def test_a_change_made_by_another_process_of_this_machine_is_noticed_at_once(beta, change, house, monkeypatch):
    assert registry.find("beta").name == "貝塔顧問"
    monkeypatch.setattr(registry, "_looked_at", math.inf)  # no second ever passes
    change(name="Beta & Sons")
    assert registry.find("beta").name == "貝塔顧問"  # nobody has said so
    call = "registry.changed(session)"
    code = f"from tenants import registry; from kernel import database\nwith database.transaction() as session: {call}"
    environment = {"FRONTDESK_HOME": str(house.home), "DATABASE_URL": house.database_url, "FRONTDESK_MODE": "test"}
    subprocess.run([sys.executable, "-c", code], check=True, cwd=PROJECT, env=environment)
    assert registry.find("beta").name == "Beta & Sons"


def test_where_no_flag_can_be_kept_a_change_still_holds_and_a_second_tells_the_others(beta, change, monkeypatch, tmp_path):
    (tmp_path / "run").write_text("not a folder")
    monkeypatch.setattr(registry, "_flag", lambda: tmp_path / "run" / "registry")
    with database.transaction() as session:
        registry.set_facts(session, beta.id, name="Beta & Sons")
    assert registry.find("beta").name == "Beta & Sons"


def test_a_suspended_tenant_is_not_live_but_has_a_door(beta, change, monkeypatch):
    change(state="suspended")
    a_second_passes(monkeypatch)
    assert registry.find("beta") is None
    assert registry.at("beta.localhost:8000").state == "suspended"
    assert registry.is_at_rest(beta.stand.schema)


def test_a_purged_tenant_has_no_door(beta, change, monkeypatch):
    change(state="purged")
    a_second_passes(monkeypatch)
    assert registry.at("beta.localhost:8000") is None
    assert registry.by_id(beta.id) is None


def _further_name(tenant, host, **facts):
    given = {"kind": "custom", "state": "verified", "is_primary": True, "created_at": clock.now()}
    with database.transaction() as session:
        session.add(HostName(host=host, tenant_id=tenant.id, **{**given, **facts}))
        registry.changed(session)


def test_a_verified_domain_of_its_own_is_the_tenants_address(alpha):
    _further_name(alpha, "help.alpha.example")
    assert registry.at("HELP.alpha.example:8000").id == alpha.id
    assert registry.find("alpha").url("/en/") == "http://help.alpha.example:8000/en/"
    registry.forget()


def test_a_domain_not_yet_verified_leads_nowhere(alpha):
    _further_name(alpha, "help.alpha.example", state="pending")
    assert registry.at("help.alpha.example:8000") is None
    assert registry.find("alpha").host == "alpha.localhost:8000"


def test_two_domains_cannot_be_mixed_up_by_a_tenants_name_inside_them(alpha):
    assert registry.at("alpha.localhost:8000.evil.example") is None
    assert registry.at("alpha.evil.example:8000") is None


def test_operators_see_every_tenant(alpha, beta):
    assert {"alpha", "beta"} <= {facts.slug for facts in registry.all_tenants()}
    with database.transaction() as session:
        assert registry.count_by_state(session)["live"] >= 2
        assert registry.names(session, {alpha.id}) == {alpha.id: "Alpha Hotels"}
        assert registry.row(session, alpha.id).name == "Alpha Hotels"


def test_a_tenant_is_drawn_by_its_first_letter(alpha, beta):
    assert (alpha.initial, beta.initial) == ("A", "貝")
