"""Tenants in the console: the list at any size, the page of one, and making one."""

import hashlib
import json
import re
from datetime import timedelta

import pytest
from sqlalchemy import insert, select, text, update

from kernel import clock, database
from kernel.actors import SYSTEM
from notifications.models import CapturedMail
from tenants import registry, staff, trail, usage
from tenants.models import Backfill, SchemaRevision, Tenant
from tests import factories
from tests.browsing import FormReader

NEW = {"company": "Harbour Inn", "sub": "harbour", "email": "ann@harbour.example", "template": "hotel"}
NEW |= {"language": "zh_Hant", "time_zone": "Asia/Taipei"}


@pytest.fixture
def counted(alpha, in_tenant, make_ticket):
    """Alpha with two seats and a ticket, counted."""
    with in_tenant(alpha) as session:
        factories.staff_member(session)
        factories.staff_member(session)
        factories.ticket(session)
    with database.transaction() as session:
        usage.count_all(session, tenant_ids=[alpha.id])


@pytest.fixture
def many(house):
    """Five thousand names in the registry, without the schemas behind them."""
    rows = [
        {"slug": f"many-{number}", "schema_name": f"t_many{number}", "name": f"Company {number:05}", "state": "suspended"}
        | {"revision": "0001", "locale": "en", "time_zone": "UTC", "created_at": clock.now() - timedelta(days=number)}
        for number in range(5000)
    ]
    with database.transaction() as session:
        session.execute(insert(Tenant), rows)
    yield
    with database.owner_transaction() as connection:
        connection.execute("DELETE FROM platform.tenant WHERE slug LIKE 'many-%'")


def test_the_list_shows_what_each_tenant_holds(alpha, beta, counted, console, dead_row):
    page = console.get("/ops/tenants/").text
    for expected in ("Alpha Hotels", "alpha.localhost:8000", "貝塔顧問", "Live", "Trial", "main"):
        assert expected in page
    row = page[page.index("Alpha Hotels") :].partition("</tr>")[0]
    assert 'data-label="Seats: ">2<' in row
    assert 'data-label="Tickets: ">1<' in row
    assert "tone-danger" in row  # its one failed job


def test_the_list_is_searched_filtered_sorted_and_paged_at_five_thousand(alpha, beta, many, console, count_statements):
    first = console.get("/ops/tenants/?sort=0").text
    assert first.index("Alpha Hotels") < first.index("Company 00000")
    assert 'rel="next"' in first
    assert "Company 00099" in console.get("/ops/tenants/?sort=0&page=2").text
    assert "Company 04321" in console.get("/ops/tenants/?search=04321").text
    assert "Alpha Hotels" not in console.get("/ops/tenants/?flt0_0=suspended").text
    with count_statements() as seen:
        console.get("/ops/tenants/?sort=0&page=7")
    assert not [statement for statement in seen if "count(" in statement.lower() and "outbox" not in statement]


@pytest.mark.parametrize(
    "query",
    [
        "page=-1",
        "page=99999999999999999999",
        "sort=99",
        "flt0_0=nonsense",
        "flt9_9=x",
        "search=%25",
        "_scheme=javascript&_external=1",
    ],
)
def test_a_list_asked_for_nonsense_still_answers(alpha, console, query):
    assert console.get(f"/ops/tenants/?{query}").status_code == 200


def test_the_page_of_a_tenant_names_its_facts_and_nothing_of_its_data(alpha, counted, console, in_tenant):
    with in_tenant(alpha) as session:
        factories.ticket(session, subject="A secret of alpha's", customer=factories.customer(session, name="Secret Customer"))
    page = console.get(f"/ops/tenants/{alpha.id}/").text
    for expected in ("Alpha Hotels", alpha.stand.schema, "Europe/London", "The tenant has not let us in."):
        assert expected in page
    assert "secret" not in page.lower()


def test_a_tenant_that_is_not_there_is_not_found(console):
    assert console.get("/ops/tenants/424242/").status_code == 404


def test_usage_is_counted_once_a_night_and_not_while_it_waits(alpha, beta, run_due, travel):
    def promised():
        with database.transaction() as session:
            usage.promise_due(session)
            return session.scalar(text("SELECT count(*) FROM platform.outbox WHERE job = 'tenants.count_usage'"))

    with database.transaction() as session:
        session.execute(update(Tenant).values(usage_at=None))
    assert (promised(), promised()) == (1, 1)
    run_due()
    with database.transaction() as session:
        figures = session.scalar(select(Tenant.usage).where(Tenant.id == alpha.id))
    assert set(figures) >= {"seats", "storage_bytes", "last_activity", "tickets"}
    assert promised() == 1
    travel(timedelta(hours=21))
    assert promised() == 2


def test_counting_a_tenant_takes_one_statement(alpha, session, count_statements):
    with count_statements() as seen:
        usage.count(session)
    assert len(seen) == 1


def test_an_operator_makes_a_tenant_whose_administrator_is_invited_to_set_a_password(console, run_due):
    answer = console.submit("/ops/tenants/new/", NEW)
    assert answer.status_code == 303, answer.text
    made = registry.find("harbour")
    assert (made.name, made.language.code, made.time_zone) == ("Harbour Inn", "zh_Hant", "Asia/Taipei")
    assert answer.location == f"/ops/tenants/{made.id}/"
    with database.transaction(made.stand) as session:
        assert staff.by_email(session, "ann@harbour.example").password_hash is None
    assert "Created the tenant" in console.get(answer.location).text
    run_due()
    with database.transaction() as session:
        mail = session.scalars(select(CapturedMail).where(CapturedMail.to_address == "ann@harbour.example")).one()
    assert "http://harbour.localhost:8000/desk/welcome/" in mail.text


@pytest.mark.parametrize(
    ("sub", "said"), [("alpha", "taken"), ("www", "cannot be an address"), ("Not!fit", "cannot be an address")]
)
def test_an_address_that_cannot_be_had_is_said_beside_the_field(alpha, console, sub, said):
    page = console.submit("/ops/tenants/new/", {**NEW, "sub": sub})
    assert page.status_code == 422
    assert said in page.text
    assert 'value="Harbour Inn"' in page.text


@pytest.fixture
def harbour(console):
    """A tenant that the operator has just made."""
    console.submit("/ops/tenants/new/", NEW)
    return registry.find("harbour")


def _take(console, tenant, step, **fields):
    page = f"/ops/tenants/{tenant.id}/"
    return console.submit(page, {f"{step}-{name}": value for name, value in fields.items()}, to=f"{page}step/{step}")


def test_a_tenant_is_suspended_with_a_reason_and_resumed_without_one(harbour, console, browse):
    refused = _take(console, harbour, "suspend")
    assert refused.status_code == 422
    assert "Say why" in refused.text
    assert _take(console, harbour, "suspend", reason="unpaid since May").status_code == 303
    assert browse(harbour).get("/zh-hant/").status_code == 503
    page = console.get(f"/ops/tenants/{harbour.id}/").text
    assert "unpaid since May" in page
    assert "Suspended the tenant" in page
    assert _take(console, harbour, "resume").status_code == 303
    assert browse(harbour).get("/zh-hant/").status_code == 200


def test_each_step_has_a_form_of_its_own_and_asks_for_what_it_needs(harbour, console):
    page = console.get(f"/ops/tenants/{harbour.id}/").text
    forms = {step: page.partition(f"/step/{step}")[2].partition("</form>")[0] for step in ("rename", "suspend", "close")}
    assert all(text.count('type="submit"') == 1 for text in forms.values())
    assert {step for step, text in forms.items() if "-address" in text} == {"close"}
    assert {step for step, text in forms.items() if "-reason" in text} == {"suspend", "close"}
    assert not [step for step in ("resume", "reopen", "purge") if f"/step/{step}" in page]


def test_notice_is_given_and_taken_back(harbour, console):
    slip = _take(console, harbour, "close", reason="asked for it", address="harbor")
    assert slip.status_code == 422
    assert "Type “harbour” to confirm" in slip.text
    assert "asked for it" in slip.text
    assert registry.find("harbour").is_live
    assert _take(console, harbour, "close", reason="asked for it", address="harbour").status_code == 303
    assert "Everything is erased on" in console.get(f"/ops/tenants/{harbour.id}/").text
    assert _take(console, harbour, "reopen").status_code == 303
    assert registry.find("harbour").is_live


def test_a_step_that_the_state_does_not_allow_is_refused_and_one_that_is_none_is_not_found(harbour, console):
    assert _take(console, harbour, "resume").status_code == 409
    assert _take(console, harbour, "purge", address="harbour").status_code == 409
    assert _take(console, harbour, "erase").status_code == 404


def test_a_tenant_is_moved_to_another_address(harbour, alpha, console, browse):
    for slug, said in (("alpha", "is taken"), ("no!", "cannot be an address"), ("harbour", "the address already")):
        refused = _take(console, harbour, "rename", slug=slug)
        assert refused.status_code == 422
        assert said in refused.text
    assert _take(console, harbour, "rename", slug=" Quay ").status_code == 303
    assert browse(harbour).get("/zh-hant/").location == "http://quay.localhost:8000/zh-hant/"
    page = console.get(f"/ops/tenants/{harbour.id}/").text
    assert "<code>harbour</code> → <code>quay</code>" in page
    for slug in ("pier", "mole", "wharf", "berth"):
        assert _take(console, harbour, "rename", slug=slug).status_code == 303
    assert "has moved 5 times" in _take(console, harbour, "rename", slug="dock").text


@pytest.fixture
def erased(harbour, console, run_due):
    """Harbour, given notice and erased from its page."""
    _take(console, harbour, "close", address="harbour")
    assert _take(console, harbour, "purge", address="harbor").status_code == 422
    assert _take(console, harbour, "purge", address="harbour").status_code == 303
    page = console.get(f"/ops/tenants/{harbour.id}/").text
    assert "Being erased" in page
    assert console.get(f"/ops/tenants/{harbour.id}/certificate.json").status_code == 404
    run_due()
    return harbour


def test_an_erased_tenants_certificate_is_shown_and_proves_itself(erased, console):
    page = console.get(f"/ops/tenants/{erased.id}/").text
    assert "Erased the tenant" in page
    assert "<code>staff_member</code> 1" in page
    answer = console.get(f"/ops/tenants/{erased.id}/certificate.json")
    assert answer.headers["Content-Disposition"] == f'attachment; filename="deletion-certificate-{erased.id}.json"'
    proof = answer.json
    facts = json.dumps(proof["facts"], sort_keys=True, ensure_ascii=False)
    assert proof["digest"] in page
    assert proof["digest"] == hashlib.sha256(facts.encode()).hexdigest()
    assert proof["facts"]["name_digest"] == hashlib.sha256(b"harbour\nHarbour Inn").hexdigest()
    assert "Harbour" not in answer.text


def test_a_purge_that_is_sent_twice_happens_once(erased, console):
    before = console.get(f"/ops/tenants/{erased.id}/").text.count("Began to erase")
    form = {**FormReader.hidden_fields(console.get("/ops/").text, "/ops/signout"), "purge-address": "harbour"}
    again = console.post(f"/ops/tenants/{erased.id}/step/purge", form)
    assert (again.status_code, again.location) == (303, f"/ops/tenants/{erased.id}/")
    assert console.get(f"/ops/tenants/{erased.id}/").text.count("Began to erase") == before == 1


def test_tenants_are_listed_by_state_with_how_many_there_are(erased, alpha, beta, console):
    everybody = console.get("/ops/tenants/").text
    assert f"#{erased.id}" not in everybody
    gone = console.get("/ops/tenants/?flt0_0=purged").text
    assert f'href="/ops/tenants/{erased.id}/"' in gone
    assert "Alpha Hotels" not in gone
    with database.transaction() as session:
        counts = registry.count_by_state(session)
    for page in (everybody, gone):
        tabs = dict(re.findall(r"<a href=\"[^\"]*\" (?:aria-current=\"page\")?>(\w+) <span class=\"count\">(\d+)", page))
        assert tabs == {
            "All": str(counts["live"]),
            "Live": str(counts["live"]),
            "Suspended": "0",
            "Closing": "0",
            "Erased": str(counts["purged"]),
        }


def test_schemas_that_drifted_and_backfills_that_failed_are_shown_until_they_are_mended(alpha, beta, console):
    with database.transaction() as session:
        session.execute(
            update(SchemaRevision).where(SchemaRevision.schema_name == alpha.stand.schema).values(drift="+ table <ours>")
        )
        failed = Backfill(name="test.fill", schema_name=beta.stand.schema, error="ValueError('row 7')")
        session.add(failed)
    assert "2 schemas have drifted" in console.get("/ops/").text
    page = console.get("/ops/upkeep/").text
    assert "+ table &lt;ours&gt;" in page
    assert "ValueError(&#39;row 7&#39;)" in page
    assert f'<a href="/ops/tenants/{beta.id}/">貝塔顧問</a>' in page
    with database.transaction() as session:
        session.execute(update(SchemaRevision).values(drift=""))
        session.delete(session.get_one(Backfill, ("test.fill", beta.stand.schema)))
    assert "no backfill has failed" in console.get("/ops/upkeep/").text


def test_backups_and_restores_are_shown_with_what_went_wrong(console):
    with database.transaction() as session:
        trail.record(session, "backup.failed", actor=SYSTEM, error="no space left")
    page = console.get("/ops/upkeep/").text
    assert "A backup failed" in page
    assert "no space left" in page
