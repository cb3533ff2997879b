"""What every test stands on: real PostgreSQL and Valkey of its own, two tenants that are strangers, and their people."""

import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import psycopg
import pytest
from sqlalchemy import event
from sqlalchemy.orm import Session
from werkzeug.test import Client

import rooms
import wsgi
from infra.embedded import EmbeddedServices, temporary_home
from kernel import clock, database, doorbell, i18n, jobs, logs, settings
from kernel.actors import SYSTEM, Actor
from kernel.database import TenantBase
from kernel.i18n import ENGLISH
from kernel.settings import Settings
from tenants import migrations, provisioning, registry, staff
from tenants.models import StaffMember
from tenants.permissions import Role
from tenants.registry import TenantFacts
from tests import citus, factories
from tests.browsing import Browser

PASSWORD = "a long enough password"
# What takes longest is dealt out first, so that no worker is left with it at the end; the other files follow by name.
_LONGEST = (
    *("tests/journeys/", "tests/journeys/test_kills.py", "tests/isolation/", "tests/tenants/"),
    "tests/knowledge_base/",
)


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    items.sort(key=lambda item: _place_in_line(_deal(item.nodeid)))


def _place_in_line(deal: str) -> int:
    return next((place for place, start in reversed([*enumerate(_LONGEST)]) if deal.startswith(start)), len(_LONGEST))


def _deal(nodeid: str) -> str:
    """Return what is given to one worker as a whole: a file, or all the journeys, which walk through one running service."""
    path = nodeid.partition("::")[0]
    return "tests/journeys/" if path.startswith("tests/journeys/") and "test_kills" not in path else path


def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Any:
    """Deal the tests out file by file; the plugin is only there where several workers are."""
    from xdist.scheduler import LoadFileScheduling

    class ByDeal(LoadFileScheduling):  # type: ignore[misc, unused-ignore]
        def _split_scope(self, nodeid: str) -> str:
            return _deal(nodeid)

    return ByDeal(config, log)


@pytest.fixture(scope="session")
def service_home() -> Iterator[Path]:
    with temporary_home() as home:
        yield home


@pytest.fixture(scope="session")
def services(service_home: Path) -> Iterator[EmbeddedServices]:
    with EmbeddedServices(service_home, durable=False) as running:
        yield running


@pytest.fixture(scope="session")
def house(services: EmbeddedServices, service_home: Path) -> Iterator[Settings]:
    """The settings in force for all tests: test mode, migrated schemas, every room open."""
    environment = {"FRONTDESK_HOME": str(service_home), "FRONTDESK_MODE": "test", "FRONTDESK_HOST": "localhost:8000"}
    made = replace(settings.load({**environment, "PATH": os.environ["PATH"]}), mode="test")
    made = citus.in_its_place(made)
    settings.use(made)
    logs.configure()
    rooms.open_all()
    migrations.run_all()
    yield made
    database.dispose()
    doorbell.forget_connection()
    settings.use(None)


def _tenant(slug: str, **facts: Any) -> TenantFacts:
    return registry.find(slug) or provisioning.create_tenant(slug, **facts)


@pytest.fixture(scope="session")
def alpha(house: Settings) -> TenantFacts:
    """The tenant that most tests live in."""
    return _tenant("alpha", name="Alpha Hotels", locale="en", time_zone="Europe/London", brand_color="#1d4ed8")


@pytest.fixture(scope="session")
def beta(house: Settings) -> TenantFacts:
    """A stranger to alpha, in Traditional Chinese."""
    return _tenant("beta", name="貝塔顧問", locale="zh_Hant", time_zone="Asia/Taipei")


@pytest.fixture
def omega(house: Settings, broom: psycopg.Connection[Any]) -> Iterator[TenantFacts]:
    """A tenant whose row in the registry a test may change as it likes: it is put right afterwards."""
    yield _tenant("omega", name="Omega Catering", locale="en", time_zone="UTC", brand_color="#1d4ed8")
    broom.execute(
        "UPDATE platform.tenant SET name = 'Omega Catering', locale = 'en', time_zone = 'UTC', brand_color = '#1d4ed8',"
        " phone = '', branding = '{}', modules_off = '{}', languages = '{en,zh_Hans,zh_Hant}' WHERE slug = 'omega'"
    )
    registry.forget()


@pytest.fixture(scope="session")
def broom(house: Settings) -> Iterator[psycopg.Connection[Any]]:
    """One connection of the owner, for sweeping up after each test."""
    address = house.owner_database_url.replace("+psycopg", "")
    with psycopg.connect(address, autocommit=True) as connection:
        yield connection


_SHARED = (
    *("outbox", "captured_mail", "host_name", "sealing_key", "operator", "operator_sign_in", "operator_sign_in_try"),
    *("sign_up", "help_request"),
    "audit_anchor",
    *("tenant_event", "deletion_certificate"),
)
_REGISTERS = ("tenant", "schema_revision", "backfill")
_KEPT = ("alpha", "beta", "omega")


@pytest.fixture(autouse=True)
def _clean_afterwards(request: pytest.FixtureRequest) -> Iterator[None]:
    """Leave every tenant empty and the clock right; a test that never touched the database pays nothing."""
    i18n.speak(ENGLISH)  # the browsers of other tests answered in this very thread, and may have left another language
    needs_house = "house" in request.fixturenames
    if needs_house:
        request.getfixturevalue("broom")
    yield
    if needs_house:
        (settings.current().home / "run" / "clock").unlink(missing_ok=True)
        # An index of articles that are gone would crowd out those of the next test.
        shutil.rmtree(settings.current().home / "search", ignore_errors=True)
        _sweep(request.getfixturevalue("broom"))


def _sweep(broom: psycopg.Connection[Any]) -> None:
    """Empty what is kept by DELETE, which costs nothing where there is nothing; drop the tenants that a test made.

    Spares stay: nobody has been in them, and the next test needs one.
    """
    statements = [f"DELETE FROM platform.{table}" for table in _SHARED]
    tables = [table.name for table in reversed(TenantBase.metadata.sorted_tables)]
    for slug, schema in broom.execute("SELECT slug, schema_name FROM platform.tenant WHERE state <> 'spare'").fetchall():
        if slug in _KEPT:
            statements += [f'DELETE FROM "{schema}"."{table}"' for table in tables]
        else:
            statements += [f'DROP SCHEMA IF EXISTS "{schema}" CASCADE', f'DROP ROLE IF EXISTS "r_{schema}"']
            statements += [f"DELETE FROM platform.{table} WHERE schema_name = '{schema}'" for table in _REGISTERS]
            registry.forget()
    broom.execute("; ".join(statements).encode())


@pytest.fixture
def session(alpha: TenantFacts) -> Iterator[Session]:
    """A transaction in alpha that is rolled back when the test ends."""
    opened = database.session_at(alpha.stand)
    yield opened
    database.settle(opened, keep=False)


@pytest.fixture
def in_tenant() -> Callable[[TenantFacts], Any]:
    """`with in_tenant(alpha) as session:` is one transaction that is kept."""
    return lambda tenant: database.transaction(tenant.stand)


@pytest.fixture
def run_due(house: Settings) -> Callable[[], int]:
    """Run everything that is due, as the workers would."""
    return jobs.run_due


@pytest.fixture
def make_staff(session: Session) -> Callable[..., StaffMember]:
    return lambda **facts: factories.staff_member(session, **facts)


@pytest.fixture
def sam(session: Session) -> Actor:
    """An agent of alpha, in the transaction of the test."""
    return factories.staff_member(session, name="Sam Agent").as_actor()


@pytest.fixture
def make_customer(session: Session) -> Callable[..., Any]:
    return lambda **facts: factories.customer(session, **facts)


@pytest.fixture
def make_ticket(session: Session) -> Callable[..., Any]:
    return lambda **facts: factories.ticket(session, **facts)


@pytest.fixture
def make_article(session: Session) -> Callable[..., Any]:
    return lambda **facts: factories.article(session, **facts)


@pytest.fixture(scope="session")
def application(house: Settings) -> Any:
    return wsgi.front_door


@pytest.fixture
def browse(application: Any) -> Callable[..., Browser]:
    """`browse(alpha)` is a visitor's browser at alpha's address; `browse(None)` is one at the platform's."""

    def open_browser(tenant: TenantFacts | None, language: str = "en") -> Browser:
        host = settings.current().tenant_host(tenant.slug) if tenant else settings.current().platform_host
        return Browser(Client(application), host, language)

    return open_browser


@pytest.fixture
def staff_browser(browse: Callable[..., Browser]) -> Callable[..., Browser]:
    """`staff_browser(alpha, Role.AGENT)` is signed in at the desk; the member is made when there is none of that role."""

    def signed_in(tenant: TenantFacts, role: Role = Role.AGENT, *, language: str = "en") -> Browser:
        email = f"{role}@{tenant.slug}.example"
        with database.transaction(tenant.stand) as session:
            if staff.by_email(session, email) is None:
                names = {"email": email, "name": f"{str(role).title()} of {tenant.slug}", "language": language}
                staff.add(session, **names, role=role, password=PASSWORD, actor=SYSTEM)
        browser = browse(tenant)
        answer = browser.submit("/desk/signin", {"email": email, "password": PASSWORD})
        assert answer.status_code == 303, answer.text
        return browser

    return signed_in


@pytest.fixture
def customer_browser(browse: Callable[..., Browser]) -> Callable[..., Browser]:
    """`customer_browser(alpha, "mei@mail.example")` is signed in at the portal; the customer is made when unknown."""

    def signed_in(tenant: TenantFacts, email: str = "mei@mail.example") -> Browser:
        with database.transaction(tenant.stand) as session:
            factories.customer_with_password(session, email=email, password=PASSWORD)
        browser = browse(tenant)
        answer = browser.submit("/signin/password", {"email": email, "password": PASSWORD})
        assert answer.status_code == 303, answer.text
        return browser

    return signed_in


@pytest.fixture
def count_statements(house: Settings) -> Callable[[], Any]:
    """`with count_statements() as seen:` collects the SQL statements sent; lists must not send one more per row."""

    @contextmanager
    def counting() -> Iterator[list[str]]:
        seen: list[str] = []

        def note(_connection: Any, _cursor: Any, statement: str, *_rest: Any) -> None:
            # The registry is asked once in a second, whichever page it happens to be.
            if "FROM platform.tenant" not in statement and "platform.registry_stamp" not in statement:
                seen.append(statement)

        event.listen(database.engine(), "before_cursor_execute", note)
        try:
            yield seen
        finally:
            event.remove(database.engine(), "before_cursor_execute", note)

    return counting


@pytest.fixture
def travel(house: Settings) -> Callable[[Any], None]:
    """`travel(timedelta(days=3))` moves the clock of every process of this test forward."""
    return clock.advance
