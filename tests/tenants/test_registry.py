"""The registry: from a name to a tenant, remembered for a few seconds."""

from sqlalchemy import update

from kernel import database
from tenants import registry
from tenants.models import Tenant


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


def test_a_suspended_tenant_is_not_found(beta):
    with database.transaction() as session:
        session.execute(update(Tenant).where(Tenant.id == beta.id).values(state="suspended"))
    registry.forget()
    try:
        assert registry.find("beta") is None
    finally:
        with database.transaction() as session:
            session.execute(update(Tenant).where(Tenant.id == beta.id).values(state="live"))
        registry.forget()


def test_operators_see_every_tenant(alpha, beta):
    assert {"alpha", "beta"} <= {facts.slug for facts in registry.all_tenants()}
    with database.transaction() as session:
        assert registry.count(session) == len(registry.rows(session))
        assert registry.names(session, {alpha.id}) == {alpha.id: "Alpha Hotels"}
        assert len(registry.rows(session, limit=1)) == 1


def test_a_tenant_is_drawn_by_its_first_letter(alpha, beta):
    assert (alpha.initial, beta.initial) == ("A", "貝")
