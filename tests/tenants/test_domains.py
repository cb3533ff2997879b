"""Domains of a tenant's own, proved by real questions to a real (tiny) name server."""

from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import select

from kernel import clock, database, settings
from kernel.actors import SYSTEM
from kernel.errors import InvalidField, NotFound
from kernel.events import Event
from kernel.outbox import OutboxRow
from tenants import domains, registry
from tenants.domains import DomainTaken, NotProved, Problem, TooManyDomains
from tests.naming import name_server

HOST = "help.omega.example"


@pytest.fixture
def names(house):
    """The name server that everybody asks during this test."""
    with name_server() as server:
        settings.use(replace(house, dns_server=server.address))
        yield server
        settings.use(house)


@pytest.fixture
def do(omega, in_tenant, names, run_due):
    """`do(domains.add, HOST)` is one command in omega, and the work that it makes due."""

    def run(command, *arguments, tenant=omega, **more):
        with in_tenant(tenant) as session:
            result = command(session, *arguments, **more)
        run_due()
        return result

    return run


@pytest.fixture
def domain(omega, in_tenant):
    def only():
        with in_tenant(omega) as session:
            return domains.all_of(session)[0]

    return only


@pytest.fixture
def set_records(names, domain):
    """Do what the page says."""

    def do_it():
        shown = domain()
        names.records[(shown.proof_name, "TXT")] = [f'"{shown.proof}"']
        names.records[(shown.host, "CNAME")] = [f"{shown.target}."]

    return do_it


@pytest.fixture
def verified(do, set_records):
    do(domains.add, HOST, actor=SYSTEM)
    set_records()
    do(domains.check_now, HOST)


def test_a_new_domain_waits_for_its_records_and_leads_nowhere(do, domain, omega):
    do(domains.add, "https://Help.Omega.example/", actor=SYSTEM)
    shown = domain()
    assert (shown.host, shown.state, shown.problem) == (HOST, "pending", Problem.NO_PROOF)
    assert (shown.target, shown.proof_name) == ("omega.localhost", f"_frontdesk.{HOST}")
    assert registry.at(f"{HOST}:8000") is None


def test_a_domain_with_both_records_is_verified_and_leads_here(verified, domain, omega):
    assert (domain().state, domain().problem) == ("verified", None)
    assert registry.at(f"{HOST}:8000").id == omega.id


@pytest.mark.parametrize(
    ("records", "problem"),
    [
        ({("_frontdesk." + HOST, "TXT"): ['"something else"']}, Problem.NO_PROOF),
        ({("_frontdesk." + HOST, "TXT"): ['"frontdesk-verification=guess"']}, Problem.WRONG_PROOF),
    ],
)
def test_a_wrong_proof_is_told_from_none(do, domain, names, records, problem):
    do(domains.add, HOST, actor=SYSTEM)
    names.records.update(records)
    do(domains.check_now, HOST)
    assert (domain().state, domain().problem) == ("pending", problem)


@pytest.mark.parametrize(
    ("records", "problem"),
    [
        ({(HOST, "TXT"): ['"x"']}, Problem.NO_ADDRESS),
        ({(HOST, "CNAME"): ["elsewhere.example."]}, Problem.NO_ADDRESS),
        ({(HOST, "A"): ["192.0.2.9"]}, Problem.WRONG_ADDRESS),
        ({(HOST, "A"): ["192.0.2.1"]}, None),
        ({(HOST, "AAAA"): ["2001:db8::1"]}, None),
    ],
)
def test_the_domain_must_lead_here_by_name_or_by_address(do, domain, names, set_records, records, problem):
    do(domains.add, HOST, actor=SYSTEM)
    set_records()
    del names.records[(HOST, "CNAME")]
    names.records |= {("omega.localhost", "A"): ["192.0.2.1"], ("omega.localhost", "AAAA"): ["2001:db8::1"], **records}
    do(domains.check_now, HOST)
    assert domain().problem == problem


def test_looks_follow_by_themselves_until_the_records_are_there(do, domain, set_records, travel, run_due):
    do(domains.add, HOST, actor=SYSTEM)
    set_records()
    travel(timedelta(minutes=2))
    run_due()
    assert domain().state == "verified"
    assert domain().checked_at == domain().failing_since or domain().failing_since is None


def test_looking_by_hand_does_not_multiply_the_looks_that_follow(do, travel, run_due):
    do(domains.add, HOST, actor=SYSTEM)
    for _ in range(3):
        do(domains.check_now, HOST)
    travel(timedelta(seconds=61))
    run_due()
    with database.transaction() as session:
        promised = select(OutboxRow.id).where(OutboxRow.job == "domains.check", OutboxRow.done_at.is_(None))
        assert len(session.scalars(promised).all()) == 1


def test_a_silent_name_server_says_nothing_against_a_domain(verified, do, domain, names, travel, monkeypatch):
    monkeypatch.setattr("tenants.dns._PATIENCE_SECONDS", 0.2)
    names.is_silent = True
    travel(timedelta(days=30))
    do(domains.check_now, HOST)
    assert (domain().state, domain().problem) == ("verified", Problem.UNREACHABLE)


def test_lost_records_are_shown_at_once_and_close_the_door_after_seven_days(verified, do, domain, names, travel, omega):
    do(domains.make_primary, HOST, actor=SYSTEM)
    names.records.clear()
    travel(timedelta(days=1))
    do(domains.check_now, HOST)
    assert (domain().state, domain().problem) == ("verified", Problem.NO_PROOF)
    assert domain().failing_since is not None
    assert registry.at(f"{HOST}:8000").id == omega.id
    travel(timedelta(days=7))
    do(domains.check_now, HOST)
    assert (domain().state, domain().is_primary) == ("failing", False)
    registry.forget()
    assert registry.at(f"{HOST}:8000") is None
    assert registry.find("omega").host == "omega.localhost:8000"


def test_the_main_address_is_what_mails_use_and_the_others_lead_to_it(verified, do, omega, browse):
    do(domains.make_primary, HOST, actor=SYSTEM)
    assert registry.find("omega").url("/desk/") == f"http://{HOST}:8000/desk/"
    answer = browse(omega).get("/en/?x=1")
    assert (answer.status_code, answer.headers["Location"]) == (301, f"http://{HOST}:8000/en/?x=1")
    visitor = browse(omega)
    visitor.host = f"{HOST}:8000"
    assert visitor.get("/en/").status_code == 200
    do(domains.make_primary, None, actor=SYSTEM)
    assert registry.find("omega").host == "omega.localhost:8000"


def test_a_domain_is_made_primary_only_once_it_is_proved(do):
    do(domains.add, HOST, actor=SYSTEM)
    with pytest.raises(NotProved):
        do(domains.make_primary, HOST, actor=SYSTEM)


def test_a_removed_domain_leads_nowhere_and_is_looked_at_no_more(verified, do, travel, run_due, omega, in_tenant):
    do(domains.remove, HOST, actor=SYSTEM)
    assert registry.at(f"{HOST}:8000") is None
    travel(timedelta(days=2))
    run_due()
    travel(timedelta(days=2))
    assert run_due() == 0


def test_every_step_is_written_down_with_what_was_before(verified, do, omega, in_tenant):
    do(domains.make_primary, HOST, actor=SYSTEM)
    do(domains.remove, HOST, actor=SYSTEM)
    with in_tenant(omega) as session:
        written = {event.name: event.data for event in session.scalars(select(Event))}
    assert written["domain.added"] == {"host": HOST}
    assert written["domain.state_changed"]["changes"] == {"state": ["pending", "verified"]}
    assert written["domain.made_primary"]["changes"] == {"host": ["omega.localhost:8000", f"{HOST}:8000"]}
    assert written["domain.removed"] == {"host": HOST}


def test_a_name_that_another_tenant_has_proved_and_one_of_the_platforms_are_refused_alike(verified, do, alpha):
    said = set()
    for host in (HOST, "beta.localhost", "no-such.localhost", "a.b.localhost"):
        with pytest.raises(DomainTaken) as refusal:
            do(domains.add, host, tenant=alpha, actor=SYSTEM)
        said.add(str(refusal.value).replace(host, "…"))
    assert said == {"“…” cannot be used here. Check its spelling, or ask us."}


def test_a_claim_that_nobody_proved_keeps_nobody_from_their_own_name(do, alpha, omega, in_tenant, domain, set_records):
    do(domains.add, HOST, tenant=alpha, actor=SYSTEM)
    do(domains.add, HOST, actor=SYSTEM)
    set_records()
    do(domains.check_now, HOST)
    assert domain().state == "verified"
    with in_tenant(alpha) as session:
        assert domains.all_of(session) == []


def test_nobody_touches_the_domain_of_another_tenant(verified, do, alpha, domain):
    for command, more in (
        (domains.check_now, {}),
        (domains.remove, {"actor": SYSTEM}),
        (domains.make_primary, {"actor": SYSTEM}),
    ):
        with pytest.raises(NotFound):
            do(command, HOST, tenant=alpha, **more)
    assert domain().state == "verified"


@pytest.mark.parametrize(
    "text", ["", "localhost2", "192.0.2.1", "a..b", "-x.example", "x y.example", "a" * 300, "http://", "[::1]"]
)
def test_what_is_no_domain_is_refused(do, text):
    with pytest.raises(InvalidField):
        do(domains.add, text, actor=SYSTEM)


def test_a_name_in_chinese_is_kept_as_dns_writes_it(do, domain):
    do(domains.add, "會員.example", actor=SYSTEM)
    assert domain().host == "xn--gwrv53b.example"


def test_a_tenant_has_five_domains_at_most(do):
    for number in range(5):
        do(domains.add, f"h{number}.omega.example", actor=SYSTEM)
    with pytest.raises(TooManyDomains):
        do(domains.add, "h5.omega.example", actor=SYSTEM)


def test_the_clock_of_a_look_is_ours(verified, domain):
    assert clock.now() - domain().checked_at < timedelta(minutes=1)
