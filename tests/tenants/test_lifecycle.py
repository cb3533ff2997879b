"""A tenant's life: moved, suspended, resumed, given notice, kept after all; and what each state does to its faces."""

from datetime import timedelta

import pytest
from sqlalchemy import select

from kernel import database, jobs
from kernel.actors import SYSTEM
from kernel.errors import NotFound
from kernel.events import Event
from notifications.models import CapturedMail
from tenants import lifecycle, provisioning, registry, trail
from tenants.lifecycle import MovedTooOften, NotInThisState
from tenants.models import State, Tenant
from tenants.permissions import Role
from tenants.provisioning import SlugTaken, SlugUnfit
from tests import factories


@pytest.fixture
def gamma(house):
    """A tenant that a test may do anything to."""
    return provisioning.create_tenant("gamma", name="Gamma Inn", locale="en", time_zone="Europe/London")


@pytest.fixture
def do():
    """`do(lifecycle.suspend, gamma.id, reason="unpaid")` is one transaction on the platform."""

    def run(step, *args, **facts):
        with database.transaction() as session:
            return step(session, *args, actor=SYSTEM, **facts)

    return run


def state_of(tenant):
    with database.transaction() as session:
        return session.get_one(Tenant, tenant.id).state


def test_a_suspended_tenant_says_so_on_every_face_and_shows_nothing_else(gamma, do, browse, staff_browser, in_tenant):
    with in_tenant(gamma) as session:
        factories.article(session, title="Secret of the house")
    admin = staff_browser(gamma, Role.ADMIN)
    do(lifecycle.suspend, gamma.id, reason="unpaid")
    for browser, paths in (
        (browse(gamma), ("/", "/en/", "/en/search?q=secret", "/robots.txt", "/sitemap.xml", "/nothing", "/en/requests/new")),
        (admin, ("/desk/", "/desk/tickets/1", "/desk/signin", "/desk/settings/export", "/desk/customers/export.csv")),
    ):
        for path in paths:
            answer = browser.get(path)
            assert (answer.status_code, answer.headers["Retry-After"]) == (503, "3600"), path
            assert "Gamma Inn is paused" in answer.text
            assert "Secret" not in answer.text
            assert "<form" not in answer.text
    assert browse(gamma).post("/en/requests/new", {"subject": "x"}).status_code == 503


@pytest.mark.parametrize(
    ("path", "browser_speaks", "says"),
    [
        ("/zh-hans/", "en", "Gamma Inn已暂停服务"),
        ("/zh-hant/", "en", "Gamma Inn已暫停服務"),
        ("/en/", "zh-CN", "Gamma Inn is paused"),
        ("/desk/", "zh-TW", "Gamma Inn已暫停服務"),
    ],
)
def test_it_says_so_in_the_readers_language(gamma, do, browse, path, browser_speaks, says):
    do(lifecycle.suspend, gamma.id, reason="unpaid")
    assert says in browse(gamma, browser_speaks).get(path).text


def test_a_program_is_told_in_its_own_form(gamma, do, browse):
    do(lifecycle.suspend, gamma.id, reason="unpaid")
    answer = browse(gamma).get("/en/", Accept="application/json")
    assert answer.mimetype == "application/problem+json"
    assert answer.json["title"] == "Gamma Inn is paused"
    fragment = browse(gamma).fragment("/en/search/suggestions?q=x")
    assert (fragment.status_code, "<html" in fragment.text) == (503, False)


def test_its_work_waits_and_nothing_is_lost_when_it_opens_again(gamma, do, in_tenant, browse, run_due):
    with in_tenant(gamma) as session:
        ticket = factories.ticket(session, subject="Still here")
    do(lifecycle.suspend, gamma.id, reason="unpaid")
    run_due()
    assert mails() == []
    do(lifecycle.resume, gamma.id)
    run_due()
    assert [mail.subject for mail in mails()] == [f"We received your request #{ticket.number}: Still here"]
    assert browse(gamma).get("/en/").status_code == 200


def mails():
    with database.transaction() as session:
        return list(session.scalars(select(CapturedMail).order_by(CapturedMail.sent_at, CapturedMail.to_address)))


def test_a_reason_is_needed_and_kept(gamma, do):
    with pytest.raises(Exception, match="Say why"):
        do(lifecycle.suspend, gamma.id, reason="  ")
    do(lifecycle.suspend, gamma.id, reason="unpaid since May")
    with database.transaction() as session:
        (line,) = trail.of_tenant(session, gamma.id)
        assert (line.name, line.data, line.actor_kind) == ("tenant.suspended", {"reason": "unpaid since May"}, "system")


def test_the_platforms_trail_cannot_be_changed(gamma, do):
    do(lifecycle.suspend, gamma.id, reason="unpaid")
    with pytest.raises(Exception, match="permission denied"), database.transaction() as session:
        session.delete(trail.of_tenant(session, gamma.id)[0])


def test_the_tenants_own_trail_says_it_too_once(gamma, do, in_tenant, run_due):
    do(lifecycle.suspend, gamma.id, reason="unpaid")
    do(lifecycle.resume, gamma.id)
    run_due()
    with database.transaction() as session:
        line = trail.of_tenant(session, gamma.id)[1]
        jobs._jobs["tenants.tell_house"](session, line_id=str(line.id))
    with in_tenant(gamma) as session:
        names = session.scalars(select(Event.name).where(Event.subject_type == "tenant").order_by(Event.at)).all()
    assert sorted(names) == ["tenant.resumed", "tenant.suspended"]


@pytest.mark.parametrize(
    ("before", "step"),
    [
        (None, lifecycle.resume),
        (None, lifecycle.reopen),
        (lifecycle.suspend, lifecycle.suspend),
        (lifecycle.close, lifecycle.close),
        (lifecycle.close, lifecycle.resume),
    ],
)
def test_a_step_that_the_state_does_not_allow_is_refused(gamma, do, before, step):
    def facts(one):
        return {"reason": "unpaid"} if one is lifecycle.suspend else {}

    if before:
        do(before, gamma.id, **facts(before))
    with pytest.raises(NotInThisState):
        do(step, gamma.id, **facts(step))


def test_nobody_is_suspended_who_is_not_there(house, do):
    with pytest.raises(NotFound):
        do(lifecycle.suspend, 987654321, reason="unpaid")


def test_the_old_address_leads_to_the_new_one_for_ninety_days_and_is_free_afterwards(gamma, do, browse, travel, run_due):
    do(lifecycle.rename, gamma.id, slug="delta")
    moved = registry.find("delta")
    assert browse(moved).get("/en/").status_code == 200
    answer = browse(gamma).get("/en/search?q=x")
    assert (answer.status_code, answer.headers["Location"]) == (301, "http://delta.localhost:8000/en/search?q=x")
    with pytest.raises(SlugTaken):
        lifecycle.require_free("gamma")
    travel(timedelta(days=91))
    run_due()
    registry.forget()
    assert browse(gamma).get("/en/").status_code == 404
    lifecycle.require_free("gamma")


def test_a_house_may_come_back_to_an_address_of_its_own(gamma, do, browse):
    do(lifecycle.rename, gamma.id, slug="delta")
    do(lifecycle.rename, gamma.id, slug="gamma")
    assert browse(gamma).get("/en/").status_code == 200
    assert browse(registry.find("gamma")).get("/desk/signin").status_code == 200


def test_a_restored_tenant_takes_the_place_of_the_broken_one(gamma, alpha, do, browse):
    do(lifecycle.rename, gamma.id, slug="gamma-broken", keeps_former=False)
    do(lifecycle.rename, alpha.id, slug="gamma")
    assert "Alpha Hotels" in browse(gamma).get("/en/").text
    do(lifecycle.rename, alpha.id, slug="alpha")


def test_a_former_address_is_not_given_to_a_new_tenant(gamma, do):
    do(lifecycle.rename, gamma.id, slug="delta")
    with pytest.raises(SlugTaken):
        provisioning.create_tenant("gamma", name="Somebody else")


@pytest.mark.parametrize(("slug", "refusal"), [("alpha", SlugTaken), ("www", SlugUnfit), ("Über", SlugUnfit), ("", SlugUnfit)])
def test_an_address_that_is_taken_or_unfit_is_refused(gamma, alpha, do, slug, refusal):
    with pytest.raises(refusal):
        do(lifecycle.rename, gamma.id, slug=slug)


def test_a_closing_tenant_is_closed_to_all_but_administrators(gamma, do, browse, staff_browser):
    admin, agent = staff_browser(gamma, Role.ADMIN), staff_browser(gamma, Role.AGENT)
    do(lifecycle.close, gamma.id)
    closed = browse(gamma).get("/en/")
    assert (closed.status_code, "Gamma Inn has closed" in closed.text) == (503, True)
    assert agent.get("/desk/").status_code == 503
    assert "Only administrators" in agent.get("/desk/me").text
    assert admin.get("/desk/customers").headers["Location"] == "/desk/settings/closing"
    page = admin.get("/desk/settings/closing").text
    assert "will be erased on" in page
    assert "Inbox" not in page
    assert admin.get("/desk/settings/export").status_code == 200
    visitor = browse(gamma).get("/desk/")
    assert (visitor.status_code, visitor.headers["Location"].startswith("/desk/signin")) == (303, True)


def test_an_administrator_closes_by_typing_the_address_and_undoes_it(gamma, staff_browser, browse):
    admin = staff_browser(gamma, Role.ADMIN)
    refused = admin.submit("/desk/settings/closing", {"address": "gama", "reason": "Too big for us"})
    assert refused.status_code == 422
    assert "This is not the address" in refused.text
    assert "Too big for us" in refused.text
    assert state_of(gamma) == State.LIVE
    assert admin.submit("/desk/settings/closing", {"address": "gamma"}).status_code == 303
    assert state_of(gamma) == State.CLOSING
    assert admin.submit("/desk/settings/closing", {}, to="/desk/settings/closing/undo").status_code == 303
    assert state_of(gamma) == State.LIVE
    assert browse(gamma).get("/en/").status_code == 200


@pytest.mark.parametrize("role", [Role.VIEWER, Role.AGENT, Role.MANAGER])
def test_only_administrators_close(gamma, staff_browser, role):
    browser = staff_browser(gamma, role)
    assert browser.get("/desk/settings/closing").status_code == 403
    assert browser.post("/desk/settings/closing", {"address": "gamma"}).status_code in (400, 403)
    assert state_of(gamma) == State.LIVE


def test_administrators_are_written_to_three_times_before_the_end(gamma, do, staff_browser, travel, run_due):
    staff_browser(gamma, Role.ADMIN)
    staff_browser(gamma, Role.AGENT)
    do(lifecycle.close, gamma.id)
    for days in (0, 23, 6):
        travel(timedelta(days=days, minutes=1))
        run_due()
    assert [mail.to_address for mail in mails()] == ["admin@gamma.example"] * 3
    assert all("Gamma Inn will be erased on" in mail.subject for mail in mails())


def test_after_the_notice_is_taken_back_nobody_is_written_to_and_nothing_is_erased(gamma, do, staff_browser, travel, run_due):
    staff_browser(gamma, Role.ADMIN)
    do(lifecycle.close, gamma.id)
    run_due()
    do(lifecycle.reopen, gamma.id)
    travel(timedelta(days=31))
    run_due()
    assert len(mails()) == 1
    assert state_of(gamma) == State.LIVE


def test_who_was_suspended_before_is_suspended_again_after(gamma, do):
    do(lifecycle.suspend, gamma.id, reason="unpaid")
    do(lifecycle.close, gamma.id)
    do(lifecycle.reopen, gamma.id)
    assert state_of(gamma) == State.SUSPENDED


def test_an_administrator_moves_the_house_to_another_address(gamma, alpha, staff_browser, browse, in_tenant, run_due):
    admin, page = staff_browser(gamma, Role.ADMIN), "/desk/settings/domain/address"
    assert page in admin.get("/desk/settings/domain").text
    for slug, said in (
        ("alpha", "is taken"),
        ("no!", "cannot be an address"),
        ("gamma", "the address already"),
        ("", "Choose"),
    ):
        refused = admin.submit(page, {"slug": slug})
        assert refused.status_code == 422
        assert said in refused.text
    moved = admin.submit(page, {"slug": "Delta "})
    assert moved.status_code == 200
    assert 'href="http://delta.localhost:8000/desk/settings/domain"' in moved.text
    assert browse(gamma).get("/en/").location == "http://delta.localhost:8000/en/"
    run_due()
    with in_tenant(gamma) as session:
        event = session.scalars(select(Event).where(Event.name == "tenant.renamed")).one()
        assert (event.actor_kind, event.data["before"], event.data["after"]) == ("staff", "gamma", "delta")


@pytest.mark.parametrize("role", [Role.MANAGER, Role.AGENT, Role.VIEWER])
def test_nobody_else_moves_it(gamma, staff_browser, role):
    browser = staff_browser(gamma, role)
    assert browser.get("/desk/settings/domain/address").status_code == 403
    assert browser.submit("/desk/", {"slug": "delta"}, to="/desk/settings/domain/address").status_code == 403
    assert registry.find("gamma") is not None


def test_nobody_keeps_more_than_five_former_addresses_from_others(gamma, do):
    for number in range(5):
        do(lifecycle.rename, gamma.id, slug=f"gamma-{number}")
    with pytest.raises(MovedTooOften):
        do(lifecycle.rename, gamma.id, slug="gamma-5")
    do(lifecycle.rename, gamma.id, slug="gamma-0")
