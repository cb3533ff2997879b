"""A tenant's own row of the registry, changed by its administrators, and the modules and languages that it holds."""

import pytest
from sqlalchemy import select

from kernel import database
from kernel.actors import SYSTEM
from kernel.errors import InvalidField, StaleEdit
from kernel.events import Event
from kernel.i18n import ENGLISH, TRADITIONAL
from tenants import languages, modules, own_row, registry
from tenants.models import Tenant
from tenants.modules import Module


@pytest.fixture
def session_of_omega(omega):
    session = database.session_at(omega.stand)
    yield session
    database.settle(session, keep=False)


def test_the_session_stands_where_it_stood_afterwards(session_of_omega, omega):
    with own_row.at_home(session_of_omega) as home:
        assert database.stand_of(home).schema == "platform"
    assert database.stand_of(session_of_omega) == omega.stand
    with pytest.raises(ZeroDivisionError), own_row.at_home(session_of_omega):
        raise ZeroDivisionError
    assert database.stand_of(session_of_omega) == omega.stand


def test_a_change_records_what_was_before_and_after_and_only_that(session_of_omega):
    values = {"phone": "123", "name": "Omega Catering"}
    changes = own_row.change(session_of_omega, "tenant.changed", values=values, seen=None, actor=SYSTEM)
    assert changes == {"phone": ["", "123"]}
    assert session_of_omega.scalars(select(Event.data).where(Event.name == "tenant.changed")).all() == [{"changes": changes}]


def test_nothing_changed_is_nothing_recorded(session_of_omega):
    own_row.change(session_of_omega, "tenant.changed", values={"name": "Omega Catering"}, seen=None, actor=SYSTEM)
    assert session_of_omega.scalars(select(Event.id).where(Event.name == "tenant.changed")).all() == []


def test_a_refused_request_leaves_the_registry_as_it_was(omega):
    session = database.session_at(omega.stand)
    own_row.change(session, "tenant.changed", values={"phone": "123"}, seen=None, actor=SYSTEM)
    database.settle(session, keep=False)
    with database.transaction() as home:
        assert home.scalars(select(Tenant.phone).where(Tenant.id == omega.id)).one() == ""


@pytest.fixture
def do(omega, in_tenant):
    def run(command, **facts):
        with in_tenant(omega) as session:
            command(session, **{"seen": None, "actor": SYSTEM, **facts})
        return registry.find("omega")

    return run


def test_a_module_is_switched_off_and_on(do):
    facts = do(modules.switch, on={"requests", "customers"})
    assert [modules.is_on(facts, module) for module in Module] == [True, True, False]
    facts = do(modules.switch, on={"requests", "customers", "knowledge_base"})
    assert facts.modules_off == frozenset()


def test_a_module_of_a_later_version_stays_off(do, omega):
    with database.transaction() as home:
        home.get_one(Tenant, omega.id).modules_off = ["tenders"]
        registry.changed(home)
    assert do(modules.switch, on={"requests"}).modules_off == {"tenders", "customers", "knowledge_base"}


def test_a_plan_may_hold_fewer_modules_than_the_tenant_wants(omega, monkeypatch):
    monkeypatch.setitem(modules.NOT_IN_PLAN, omega.plan, frozenset({Module.CUSTOMERS}))
    assert not modules.is_on(omega, Module.CUSTOMERS)
    assert modules.is_on(omega, Module.REQUESTS)


def test_switching_what_somebody_else_switched_meanwhile_is_a_stale_edit(do, omega, in_tenant):
    with in_tenant(omega) as session:
        seen = modules.version(session)
    do(modules.switch, on={"requests"}, seen=seen)
    with pytest.raises(StaleEdit):
        do(modules.switch, on=set(), seen=seen)


def test_languages_are_kept_in_the_products_order(do):
    facts = do(languages.change, languages=["en", "zh_Hant"], first="en", time_zone="Asia/Taipei")
    assert facts.languages == (TRADITIONAL, ENGLISH)
    assert (facts.language, facts.time_zone) == (ENGLISH, "Asia/Taipei")


@pytest.mark.parametrize(
    ("field", "facts"),
    [
        ("languages", {"languages": []}),
        ("languages", {"languages": ["fr"]}),
        ("first", {"first": "zh_Hans"}),
        ("time_zone", {"time_zone": "Mars/Olympus"}),
        ("time_zone", {"time_zone": "../../etc/passwd"}),
    ],
)
def test_languages_and_zones_that_there_are_not_are_refused(do, field, facts):
    with pytest.raises(InvalidField) as refusal:
        do(languages.change, **{"languages": ["en"], "first": "en", "time_zone": "UTC", **facts})
    assert refusal.value.field == field
