"""Articles at the desk: the editors' overview, and who publishes."""

import re

import pytest

from knowledge_base.articles.models import Article, ArticleStatus
from tenants.permissions import Role
from tests import factories

LIST = "/desk/articles"


@pytest.fixture
def place(alpha, in_tenant) -> int:
    with in_tenant(alpha) as session:
        parent = factories.category(session, "Rooms")
        factories.category(session, "Suites", parent=parent)
        return parent.id


@pytest.fixture
def article(alpha, in_tenant) -> int:
    with in_tenant(alpha) as session:
        return factories.article(session, title="Late check-out", body="## When\n\nBefore **ten**.").id


def write(browser, place, **facts):
    typed = {
        "title": "Parking",
        "language": "en",
        "category": place,
        "body": "## Where\n\nBehind the *house*.",
        "keywords": "car",
    }
    return browser.submit(f"{LIST}/new", {**typed, **facts})


def test_an_agent_writes_a_draft_and_a_manager_publishes_it(alpha, staff_browser, browse, place):
    agent, manager = staff_browser(alpha), staff_browser(alpha, Role.MANAGER)
    address = write(agent, place).headers["Location"]
    page = agent.get(address).text
    assert "<em>house</em>" in page
    assert "Draft" in page
    assert agent.submit(address, {}, to=f"{address}/publish").status_code == 403
    assert manager.submit(address, {}, to=f"{address}/publish").status_code == 303
    record_id = address.rpartition("/")[2]
    assert "Parking" in browse(alpha).get(f"/en/a/{record_id}-parking").text
    manager.submit(address, {}, to=f"{address}/withdraw")
    assert browse(alpha).get(f"/en/a/{record_id}-parking").status_code == 404


def test_a_form_without_a_text_comes_back_as_typed(alpha, staff_browser, place):
    answer = write(staff_browser(alpha), place, body="", summary="Kept")
    assert answer.status_code == 422
    assert 'value="Parking"' in answer.text
    assert "Kept" in answer.text
    assert 'id="body-error"' in answer.text


def test_the_category_is_chosen_from_the_tree(alpha, staff_browser, place):
    page = staff_browser(alpha).get(f"{LIST}/new").text
    assert f'<option value="{place}">Rooms</option>' in page
    assert "\u2003Suites</option>" in page


@pytest.mark.parametrize("category", ["", "x", "999999999"])
def test_a_category_that_is_none_is_refused(alpha, staff_browser, place, category):
    assert write(staff_browser(alpha), place, category=category).status_code == 422


def test_articles_are_found_and_filtered(alpha, staff_browser, article, in_tenant):
    with in_tenant(alpha) as session:
        factories.article(session, title="Wi-Fi", status=ArticleStatus.DRAFT, language="zh_Hant")
    browser = staff_browser(alpha)
    found = [
        re.findall(r'class="main"><a href="[^"]*">([^<]*)</a>', browser.get(f"{LIST}?{query}").text)
        for query in ("status=draft", "language=en", "q=check")
    ]
    assert found == [["Wi-Fi"], ["Late check-out"], ["Late check-out"]]


@pytest.mark.parametrize("count", [1, 20])
def test_the_list_reads_no_texts_and_costs_the_same_however_long(alpha, staff_browser, in_tenant, count_statements, count):
    with in_tenant(alpha) as session:
        for _place in range(count):
            factories.article(session)
    browser = staff_browser(alpha)
    with count_statements() as statements:
        browser.get(LIST)
    assert not any("article.body" in statement for statement in statements)
    assert len(statements) <= 7 + 4  # the frame's own four


def test_managers_publish_many_at_once_and_agents_are_not_offered_it(alpha, staff_browser, place, in_tenant):
    agent, manager = staff_browser(alpha), staff_browser(alpha, Role.MANAGER)
    record_id = write(agent, place).headers["Location"].rpartition("/")[2]
    form = {"ids": [record_id], "action": "publish"}
    assert agent.submit(f"{LIST}?status=draft", form, to=f"{LIST}/bulk").status_code == 403
    manager.submit(LIST, form, to=f"{LIST}/bulk")
    with in_tenant(alpha) as session:
        assert session.get(Article, int(record_id)).is_published


def test_a_second_tenant_sees_no_article(alpha, beta, staff_browser, article):
    stranger = staff_browser(beta, Role.ADMIN)
    assert "Late check-out" not in stranger.get(LIST).text
    for path in (f"{LIST}/{article}", f"{LIST}/{article}/edit"):
        assert stranger.get(path).status_code == 404
    assert stranger.submit(LIST, {}, to=f"{LIST}/{article}/publish").status_code == 404
