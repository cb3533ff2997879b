"""K03 and K06 at the desk: review, approval by somebody else, and the hour of publication."""

import re
from datetime import timedelta

import pytest

from kernel import clock
from knowledge_base.articles.models import Article, ArticleStatus
from tenants.permissions import Role
from tests import factories

LIST = "/desk/articles"


@pytest.fixture
def place(alpha, in_tenant) -> int:
    with in_tenant(alpha) as session:
        return factories.category(session, "Rooms").id


@pytest.fixture
def address(alpha, staff_browser, place) -> str:
    """An agent's article, waiting for review."""
    typed = {"title": "Parking", "language": "en", "category": place, "body": "Behind the house.", "submit": "review"}
    return staff_browser(alpha).submit(f"{LIST}/new", typed).headers["Location"]


def public(address):
    return f"/en/a/{address.rpartition('/')[2]}-parking"


def test_an_agent_submits_a_manager_approves_and_readers_see_it(alpha, staff_browser, browse, address):
    agent, manager = staff_browser(alpha), staff_browser(alpha, Role.MANAGER)
    assert "In review" in agent.get(address).text
    assert browse(alpha).get(public(address)).status_code == 404
    assert agent.submit(address, {}, to=f"{address}/approve").status_code == 403
    assert manager.submit(address, {"then": "publish"}, to=f"{address}/approve").status_code == 303
    assert browse(alpha).get(public(address)).status_code == 200


def test_a_manager_does_not_approve_their_own(alpha, staff_browser, browse, place):
    manager, admin = staff_browser(alpha, Role.MANAGER), staff_browser(alpha, Role.ADMIN)
    typed = {"title": "Parking", "language": "en", "category": place, "body": "Mine.", "submit": "review"}
    address = manager.submit(f"{LIST}/new", typed).headers["Location"]
    offered = [f"{address}/approve" in browser.get(address).text for browser in (manager, admin)]
    assert offered == [False, True]
    answer = manager.submit(address, {"then": "publish"}, to=f"{address}/approve")
    assert answer.status_code == 422
    assert "You wrote on this text yourself" in answer.text
    assert browse(alpha).get(public(address)).status_code == 404
    assert admin.submit(address, {"then": "publish"}, to=f"{address}/approve").status_code == 303


def test_what_was_approved_waits_for_the_button(alpha, staff_browser, browse, address):
    manager = staff_browser(alpha, Role.MANAGER)
    manager.submit(address, {"then": "wait"}, to=f"{address}/approve")
    assert browse(alpha).get(public(address)).status_code == 404
    manager.submit(address, {}, to=f"{address}/publish")
    assert browse(alpha).get(public(address)).status_code == 200


def test_a_scheduled_article_appears_at_its_hour_in_the_tenants_own_time(
    alpha, staff_browser, browse, address, run_due, travel
):
    """K06: London is an hour ahead of UTC in summer; what counts is that the form speaks the tenant's time."""
    manager = staff_browser(alpha, Role.MANAGER)
    tomorrow = (clock.now() + timedelta(days=1)).strftime("%Y-%m-%dT%H:%M")
    form = {"then": "schedule", "publish_at": tomorrow}
    assert manager.submit(address, form, to=f"{address}/approve").status_code == 303
    assert "Scheduled" in manager.get(address).text
    for hours, status in ((22, 404), (3, 200)):
        travel(timedelta(hours=hours))
        run_due()
        assert browse(alpha).get(public(address)).status_code == status


@pytest.mark.parametrize("moment", ["", "yesterday", "2001-01-01T10:00"])
def test_an_hour_that_is_none_comes_back_beside_its_field(alpha, staff_browser, in_tenant, address, moment):
    manager = staff_browser(alpha, Role.MANAGER)
    answer = manager.submit(address, {"then": "schedule", "publish_at": moment}, to=f"{address}/approve")
    assert answer.status_code == 422
    assert 'id="publish_at-error"' in answer.text
    with in_tenant(alpha) as session:
        assert session.get(Article, int(address.rpartition("/")[2])).status == ArticleStatus.IN_REVIEW


def test_a_reviewer_sends_back_and_says_why(alpha, staff_browser, address):
    manager = staff_browser(alpha, Role.MANAGER)
    refused = manager.submit(address, {"note": " "}, to=f"{address}/send-back")
    assert refused.status_code == 422
    assert 'id="note-error"' in refused.text
    manager.submit(address, {"note": "Name the fee."}, to=f"{address}/send-back")
    page = staff_browser(alpha).get(address).text
    assert "Name the fee." in page
    assert "Draft" in page


def test_a_reviewer_approves_only_what_was_on_the_screen(alpha, staff_browser, browse, address):
    agent, manager = staff_browser(alpha), staff_browser(alpha, Role.MANAGER)
    seen = re.search(r'name="version" value="(\d+)"', manager.get(address).text)[1]
    agent.submit(f"{address}/edit", {"title": "Parking", "body": "Slipped in."})
    answer = manager.submit(address, {"then": "publish", "version": seen}, to=f"{address}/approve")
    assert answer.status_code == 409
    assert browse(alpha).get(public(address)).status_code == 404


def test_an_edit_of_a_live_article_waits_while_the_first_version_stays_public(alpha, staff_browser, browse, address):
    agent, manager = staff_browser(alpha), staff_browser(alpha, Role.MANAGER)
    manager.submit(address, {"then": "publish"}, to=f"{address}/approve")
    agent.submit(f"{address}/edit", {"title": "Parking", "body": "In front of the house.", "submit": "review"})
    assert "Behind the house" in browse(alpha).get(public(address)).text
    assert "Version 2 beside version 1" in agent.get(f"{address}/history").text
    manager.submit(address, {"then": "publish"}, to=f"{address}/approve")
    assert "In front of the house" in browse(alpha).get(public(address)).text


@pytest.mark.parametrize(
    ("step", "status"),
    [("withdraw", "draft"), ("archive", "archived")],
)
def test_what_was_published_is_taken_away(alpha, staff_browser, browse, in_tenant, address, step, status):
    manager = staff_browser(alpha, Role.MANAGER)
    manager.submit(address, {"then": "publish"}, to=f"{address}/approve")
    manager.submit(address, {}, to=f"{address}/{step}")
    assert browse(alpha).get(public(address)).status_code == 404
    with in_tenant(alpha) as session:
        assert session.get(Article, int(address.rpartition("/")[2])).status == status


@pytest.mark.parametrize("step", ["submit", "schedule", "unschedule", "discard"])
def test_a_step_from_another_state_says_so(alpha, staff_browser, address, step):
    form = {"publish_at": "2990-01-01T10:00"}
    assert staff_browser(alpha, Role.MANAGER).submit(address, form, to=f"{address}/{step}").status_code == 409


@pytest.mark.parametrize("step", ["approve", "schedule", "unschedule", "send-back", "publish", "withdraw", "archive"])
def test_agents_publish_nothing(alpha, staff_browser, address, step):
    assert staff_browser(alpha).submit(address, {}, to=f"{address}/{step}").status_code == 403


def test_the_overview_counts_what_waits_for_whom(alpha, staff_browser, in_tenant, address):
    manager = staff_browser(alpha, Role.MANAGER)
    page = manager.get(f"{LIST}?view=review").text
    assert re.findall(r'class="main"><a href="[^"]*">([^<]*)</a>', page) == ["Parking"]
    assert re.search(r"<span>Waiting for review</span><span class=\"count\">1</span>", page)
