"""K10 at the desk: versions, what changed between them, and the way back."""

import re
from datetime import timedelta

import pytest

from kernel.actors import SYSTEM
from knowledge_base.articles import commands
from tenants.permissions import Role
from tests import factories


@pytest.fixture
def article(alpha, in_tenant):
    with in_tenant(alpha) as session:
        return factories.article(session, title="Parking", body="The garage is behind the house.\n\nIt is free.")


@pytest.fixture
def second(alpha, in_tenant, article, travel):
    travel(timedelta(days=2))
    with in_tenant(alpha) as session:
        values = {"title": "Parking fees", "body": "The garage is behind the house.\n\nIt costs five pounds."}
        commands.change(session, session.get(type(article), article.id), values=values, revision=None, actor=SYSTEM)


def public_page(browse, alpha, article):
    """The page as everybody gets it, without what differs at every visit."""
    browser = browse(alpha)
    answer = browser.get(f"/en/a/{article.id}")
    page = browser.get(answer.headers["Location"]).text
    return re.sub(r'(csrf_token" value=|X-CSRFToken": )"[^"]*"', "", page)


def test_after_a_rollback_the_public_page_equals_the_first_one_byte_for_byte(
    alpha, browse, staff_browser, in_tenant, article, travel
):
    first = public_page(browse, alpha, article)
    travel(timedelta(days=2))
    with in_tenant(alpha) as session:
        values = {"title": "Parking fees", "body": "It costs five pounds."}
        commands.change(session, session.get(type(article), article.id), values=values, revision=None, actor=SYSTEM)
    assert "five pounds" in public_page(browse, alpha, article)
    manager, path = staff_browser(alpha, Role.MANAGER), f"/desk/articles/{article.id}/history"
    assert manager.submit(path, {}, to=f"{path}/1/restore").status_code == 303
    assert public_page(browse, alpha, article) == first


def test_the_history_shows_what_came_and_what_went(alpha, staff_browser, article, second):
    page = staff_browser(alpha).get(f"/desk/articles/{article.id}/history").text
    gone = re.findall(r"<del>.*?</span>(.*?)</del>", page)
    came = re.findall(r"<ins>.*?</span>(.*?)</ins>", page)
    assert (gone, came) == (["Parking", "It is free."], ["Parking fees", "It costs five pounds."])


@pytest.mark.parametrize(
    ("query", "heading"),
    [("", "Version 2 beside version 1"), ("?version=1", "Version 1"), ("?version=1&against=2", "Version 1 beside version 2")],
)
def test_any_two_versions_are_compared(alpha, staff_browser, article, second, query, heading):
    assert heading in staff_browser(alpha).get(f"/desk/articles/{article.id}/history{query}").text


def test_nothing_in_an_old_version_runs(alpha, staff_browser, in_tenant, article):
    with in_tenant(alpha) as session:
        values = {"body": "<script>alert(1)</script>"}
        commands.change(session, session.get(type(article), article.id), values=values, revision=None, actor=SYSTEM)
    assert "<script>alert" not in staff_browser(alpha).get(f"/desk/articles/{article.id}/history").text


def test_agents_look_at_the_history_and_managers_go_back(alpha, staff_browser, article, second):
    agent, path = staff_browser(alpha), f"/desk/articles/{article.id}/history"
    assert "restore" not in agent.get(path).text
    assert agent.submit(path, {}, to=f"{path}/1/restore").status_code == 403
    assert staff_browser(alpha, Role.MANAGER).submit(path, {}, to=f"{path}/9/restore").status_code == 404


def test_a_second_tenant_reads_no_history(alpha, beta, staff_browser, article):
    path = f"/desk/articles/{article.id}/history"
    stranger = staff_browser(beta, Role.ADMIN)
    assert stranger.get(path).status_code == 404
    assert stranger.submit("/desk/articles", {}, to=f"{path}/1/restore").status_code == 404
