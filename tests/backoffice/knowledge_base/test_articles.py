"""Articles at the desk: writing, translating, publishing, and the tree that they hang on."""

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


def test_an_agent_may_not_change_what_is_published(alpha, staff_browser, article):
    agent = staff_browser(alpha)
    assert f"{article}/edit" not in agent.get(f"{LIST}/{article}").text
    answer = agent.submit(f"{LIST}/{article}/edit", {"title": "Mine now", "category": "1", "body": "x"})
    assert answer.status_code in (403, 422)
    assert "Late check-out" in agent.get(f"{LIST}/{article}").text


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


def test_a_translation_belongs_to_its_original(alpha, staff_browser, article, in_tenant):
    browser = staff_browser(alpha)
    link = re.search(r'href="([^"]*translation_of[^"]*zh_Hant[^"]*)"', browser.get(f"{LIST}/{article}").text).group(1)
    link = link.replace("&amp;", "&")
    assert '<option selected value="zh_Hant">' in browser.get(link).text
    with in_tenant(alpha) as session:
        category = session.get(Article, article).category_id
    typed = {"title": "延後退房", "language": "zh_Hant", "category": category, "body": "十點前。"}
    assert browser.submit(link, typed).status_code == 303
    assert "延後退房" in browser.get(f"{LIST}/{article}").text
    again = browser.submit(link, typed)
    assert again.status_code == 409
    assert "延後退房" in again.text


@pytest.mark.parametrize("original", ["x", "0", "9" * 40, "424242"])
def test_a_translation_of_nothing_is_not_found(alpha, staff_browser, place, original):
    answer = staff_browser(alpha).submit(
        f"{LIST}/new?translation_of={original}", {"title": "T", "language": "en", "category": place, "body": "B"}
    )
    assert answer.status_code == 404


def test_a_stale_edit_keeps_both_texts(alpha, staff_browser, article, in_tenant):
    manager = staff_browser(alpha, Role.MANAGER)
    address = f"{LIST}/{article}/edit"
    with in_tenant(alpha) as session:
        category = session.get(Article, article).category_id
    typed = {"title": "Late check-out", "category": category, "body": "Theirs"}
    version = re.search(r'name="version"[^>]*value="(\d+)"', manager.get(address).text).group(1)
    assert manager.submit(address, typed).status_code == 303
    answer = manager.submit(address, {**typed, "body": "Mine", "version": version})
    assert answer.status_code == 409
    assert "Mine</textarea>" in answer.text
    assert "Theirs" in answer.text


def test_a_preview_shows_what_readers_would_see_and_runs_nothing(alpha, staff_browser, place):
    browser = staff_browser(alpha)
    text = "**Bold** <script>alert(1)</script> [x](javascript:alert(1))"
    answer = browser.submit(f"{LIST}/new", {"body": text}, to=f"{LIST}/preview")
    assert "<strong>Bold</strong>" in answer.text
    assert "<script>" not in answer.text
    assert 'href="javascript' not in answer.text


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
    assert len(statements) <= 6 + 4  # the frame's own four


def test_managers_publish_many_at_once_and_agents_are_not_offered_it(alpha, staff_browser, place, in_tenant):
    agent, manager = staff_browser(alpha), staff_browser(alpha, Role.MANAGER)
    record_id = write(agent, place).headers["Location"].rpartition("/")[2]
    form = {"ids": [record_id], "action": "publish"}
    assert agent.submit(LIST, form, to=f"{LIST}/bulk").status_code == 403
    manager.submit(LIST, form, to=f"{LIST}/bulk")
    with in_tenant(alpha) as session:
        assert session.get(Article, int(record_id)).is_published


def test_a_second_tenant_sees_no_article(alpha, beta, staff_browser, article):
    stranger = staff_browser(beta, Role.ADMIN)
    assert "Late check-out" not in stranger.get(LIST).text
    for path in (f"{LIST}/{article}", f"{LIST}/{article}/edit"):
        assert stranger.get(path).status_code == 404
    assert stranger.submit(LIST, {}, to=f"{LIST}/{article}/publish").status_code == 404


def names(**given):
    return {f"name_{code}": given.get(code, "") for code in ("en", "zh_Hans", "zh_Hant")}


def test_a_category_is_added_below_another_and_renamed_in_each_language(alpha, staff_browser, place):
    manager = staff_browser(alpha, Role.MANAGER)
    path = "/desk/categories"
    assert manager.submit(path, {**names(en="Baths"), "parent": place}).status_code == 303
    assert "Baths" in manager.get(path).text
    assert manager.submit(path, names(en="Rooms and beds", zh_Hant="客房"), to=f"{path}/{place}").status_code == 303
    assert 'value="客房"' in manager.get(path).text


@pytest.mark.parametrize(
    ("to", "form"), [("/desk/categories", {"parent": ""}), ("/desk/categories", {"parent": "x", "name_en": "A"})]
)
def test_a_category_without_a_name_or_in_no_place_is_refused(alpha, staff_browser, place, to, form):
    assert staff_browser(alpha, Role.MANAGER).submit("/desk/categories", {**names(), **form}, to=to).status_code == 422


def test_a_category_keeps_at_least_one_name(alpha, staff_browser, place):
    manager = staff_browser(alpha, Role.MANAGER)
    assert manager.submit("/desk/categories", names(), to=f"/desk/categories/{place}").status_code == 422
    assert "Rooms" in manager.get("/desk/categories").text


def test_agents_look_at_the_tree_and_managers_change_it(alpha, staff_browser, place):
    agent = staff_browser(alpha)
    assert agent.get("/desk/categories").status_code == 200
    assert agent.submit("/desk/categories", names(en="X"), to=f"/desk/categories/{place}").status_code == 403
