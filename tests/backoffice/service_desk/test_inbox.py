"""The inbox: its views and their counts, finding tickets, and doing one thing with many of them."""

import re

import pytest

from kernel.actors import SYSTEM
from service_desk.tickets import commands
from service_desk.tickets.models import Priority, Status
from tenants import staff
from tenants.permissions import Role
from tests import factories


@pytest.fixture
def tickets(alpha, in_tenant):
    """Four tickets: new, open and urgent, waiting with the agent, solved."""
    with in_tenant(alpha) as session:
        agent = factories.staff_member(session, name="Sam Agent", email="sam@alpha.example")
        subjects = ("Newest", "Burning", "Waiting", "Done")
        made = {subject: factories.ticket(session, subject=subject) for subject in subjects}
        commands.set_status(session, made["Burning"], status=Status.OPEN, actor=SYSTEM)
        commands.set_priority(session, made["Burning"], priority=Priority.URGENT, actor=SYSTEM)
        commands.set_tags(session, made["Burning"], tags=["fire"], actor=SYSTEM)
        commands.assign(session, made["Waiting"], assignee=agent, actor=SYSTEM)
        commands.set_status(session, made["Waiting"], status=Status.WAITING, actor=SYSTEM)
        commands.set_status(session, made["Done"], status=Status.SOLVED, actor=SYSTEM)
        return {subject: (ticket.id, ticket.number) for subject, ticket in made.items()} | {"sam": (agent.id, 0)}


def subjects(answer) -> set[str]:
    assert answer.status_code == 200
    return set(re.findall(r'class="main"><a href="[^"]*">([^<]*)</a>', answer.text))


def counts(answer) -> dict[str, int]:
    return {view: int(count) for view, count in re.findall(r'view=(\w+)".*?<span class="count">(\d+)</span>', answer.text)}


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("", {"Newest", "Burning"}),
        ("?view=mine", set()),
        ("?view=unassigned", {"Newest", "Burning"}),
        ("?view=waiting", {"Waiting"}),
        ("?view=solved", {"Done"}),
        ("?view=all", {"Newest", "Burning", "Waiting", "Done"}),
        ("?q=done", {"Done"}),
        ("?status=waiting&status=solved", {"Waiting", "Done"}),
        ("?priority=4", {"Burning"}),
        ("?tags=fire", {"Burning"}),
        ("?view=all&assignee=none", {"Newest", "Burning", "Done"}),
        ("?assignee=me", set()),
        ("?view=nonsense", {"Newest", "Burning"}),
    ],
)
def test_views_and_filters_show_their_tickets(alpha, staff_browser, tickets, query, expected):
    assert subjects(staff_browser(alpha).get(f"/desk/{query}")) == expected


def test_the_views_count_their_tickets(alpha, staff_browser, tickets):
    seen = counts(staff_browser(alpha).get("/desk/"))
    assert seen == {"mine": 0, "unassigned": 2, "open": 2, "waiting": 1, "solved": 1, "all": 4}


def test_a_ticket_is_found_by_its_number_its_customer_and_its_words(alpha, staff_browser, tickets):
    browser = staff_browser(alpha)
    number = tickets["Done"][1]
    assert "Done" in subjects(browser.get(f"/desk/?q=%23{number}"))
    assert "Burning" in subjects(browser.get("/desk/?q=301"))


def test_the_inbox_sorts_by_every_column_that_offers_it(alpha, staff_browser, tickets):
    browser = staff_browser(alpha)
    for name in re.findall(r'href="\?*[^"]*sort=(-?\w+)', browser.get("/desk/?view=all").text):
        assert len(subjects(browser.get(f"/desk/?view=all&sort={name}"))) == 4


def send(browser, tickets, names, action, value=""):
    ids = [tickets[name][0] for name in names]
    return browser.submit("/desk/?view=all", {"ids": ids, "action": action, f"value-{action}": value}, to="/desk/tickets/bulk")


def test_many_tickets_are_assigned_at_once(alpha, staff_browser, tickets):
    browser = staff_browser(alpha)
    assert send(browser, tickets, ["Newest", "Burning"], "assign", str(tickets["sam"][0])).status_code == 303
    assert subjects(browser.get(f"/desk/?assignee={tickets['sam'][0]}")) == {"Newest", "Burning", "Waiting"}


@pytest.mark.parametrize(
    ("action", "value", "query"),
    [
        ("status", "waiting", "status=waiting"),
        ("priority", "4", "priority=4"),
        ("add_tag", "冷氣", "tags=冷氣"),
        ("solve", "", "status=solved"),
    ],
)
def test_status_priority_and_tags_are_set_at_once(alpha, staff_browser, tickets, action, value, query):
    browser = staff_browser(alpha)
    assert send(browser, tickets, ["Newest", "Done"], action, value).status_code == 303
    assert {"Newest", "Done"} <= subjects(browser.get(f"/desk/?{query}"))


def test_rows_that_refuse_are_skipped_with_the_reason_and_the_others_done(alpha, staff_browser, tickets, in_tenant):
    with in_tenant(alpha) as session:
        viewer = factories.staff_member(session, name="Vera", email="vera@alpha.example", role=Role.VIEWER)
    browser = staff_browser(alpha)
    send(browser, tickets, ["Newest"], "assign", str(viewer.id))
    page = browser.get("/desk/").text
    assert "0 done." in page
    assert "1 skipped: Choose somebody from the list." in page


def test_the_list_refreshes_itself_without_moving_the_reader(alpha, staff_browser, tickets):
    browser = staff_browser(alpha)
    page = browser.get("/desk/?view=all&sort=number").text
    assert 'hx-get="/desk/?view=all&amp;sort=number"' in page
    answer = browser.fragment("/desk/?view=all&sort=number")
    assert "HX-Push-Url" not in answer.headers
    assert len(subjects(answer)) == 4


@pytest.mark.parametrize("count", [2, 30])
def test_the_inbox_costs_the_same_few_statements_however_full_it_is(alpha, staff_browser, in_tenant, count_statements, count):
    with in_tenant(alpha) as session:
        agents = [factories.staff_member(session) for _place in range(3)]
        for place in range(count):
            ticket = factories.ticket(session)
            commands.assign(session, ticket, assignee=agents[place % 3], actor=SYSTEM)
    browser = staff_browser(alpha)
    with count_statements() as statements:
        browser.get("/desk/?view=all")
    # Rows, how many, the views' counts, saved views, whom to assign; and the frame's own three.
    assert len(statements) == 5 + 3


def test_a_second_tenant_sees_no_ticket(alpha, beta, staff_browser, tickets):
    stranger = staff_browser(beta, Role.ADMIN)
    assert subjects(stranger.get("/desk/?view=all")) == set()
    assert stranger.post("/desk/tickets/bulk", {"ids": [tickets["Newest"][0]], "action": "solve"}).status_code in (303, 400)
    assert "Newest" in subjects(staff_browser(alpha).get("/desk/"))


def test_who_has_left_can_be_given_nothing(alpha, staff_browser, tickets, in_tenant):
    with in_tenant(alpha) as session:
        staff.by_email(session, "sam@alpha.example").is_active = False
    browser = staff_browser(alpha)
    assert "Sam Agent</option>" not in browser.get("/desk/?view=all").text
