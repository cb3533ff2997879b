"""The tree at the desk: names, places, the order of its articles."""

import re

import pytest

from knowledge_base.articles.models import Article, Category
from tenants.permissions import Role
from tests import factories


@pytest.fixture
def place(alpha, in_tenant) -> int:
    with in_tenant(alpha) as session:
        parent = factories.category(session, "Rooms")
        factories.category(session, "Suites", parent=parent)
        return parent.id


def names(**given):
    return {f"name_{code}": given.get(code, "") for code in ("en", "zh_Hans", "zh_Hant")}


def test_a_category_is_added_below_another_and_renamed_in_each_language(alpha, staff_browser, place):
    manager = staff_browser(alpha, Role.MANAGER)
    path = "/desk/categories"
    assert manager.submit(path, {**names(en="Baths"), "parent": place}).status_code == 303
    assert "Baths" in manager.get(path).text
    assert manager.submit(path, names(en="Rooms and beds", zh_Hant="客房"), to=f"{path}/{place}").status_code == 303
    assert 'value="客房"' in manager.get(path).text


def test_names_are_asked_for_in_the_order_of_the_tenants_languages(alpha, beta, staff_browser):
    def asked(tenant):
        page = staff_browser(tenant, Role.MANAGER).get("/desk/categories").text
        return re.findall(r'name="name_(\w+)"', page)[:3]

    assert asked(alpha) == ["en", "zh_Hant", "zh_Hans"]
    assert asked(beta) == ["zh_Hant", "zh_Hans", "en"]


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


PATH = "/desk/categories"
FRAGMENT = {"HX-Request": "true", "HX-Request-Type": "partial"}


def tree_of(page):
    """Return the names of the tree on a page, each behind as many dots as it stands deep."""
    depth, found = 0, []
    tags = r'(<ol|</ol>|<a href="/desk/categories/\d+/articles">)([^<]*)'
    for tag, name in re.findall(tags, page.partition('id="tree"')[2].partition('id="names"')[0]):
        depth += {"<ol": 1, "</ol>": -1}.get(tag, 0)
        if tag.startswith("<a"):
            found.append("." * (depth - 1) + name)
    return found


def test_a_branch_is_moved_by_its_buttons_without_scripts(alpha, staff_browser, place, in_tenant):
    with in_tenant(alpha) as session:
        other = factories.category(session, "Bills").id
    manager = staff_browser(alpha, Role.MANAGER)
    assert tree_of(manager.get(PATH).text) == ["Rooms", ".Suites", "Bills"]
    for step in ("up", "up"):
        assert manager.submit(PATH, {"step": step}, to=f"{PATH}/{other}/step").status_code == 303
    assert tree_of(manager.get(PATH).text) == ["Bills", "Rooms", ".Suites"]
    manager.submit(PATH, {"step": "in"}, to=f"{PATH}/{place}/step")
    assert tree_of(manager.get(PATH).text) == ["Bills", ".Rooms", "..Suites"]


def test_a_move_answers_with_the_tree_and_says_so(alpha, staff_browser, place, in_tenant):
    with in_tenant(alpha) as session:
        other = factories.category(session, "Bills").id
    manager = staff_browser(alpha, Role.MANAGER)
    answer = manager.submit(PATH, {"parent": place, "before": ""}, to=f"{PATH}/{other}/move", **FRAGMENT)
    assert tree_of(answer.text) == ["Rooms", ".Suites", ".Bills"]
    assert 'role="status">“Bills” was moved.' in answer.text
    assert "<html" not in answer.text


@pytest.mark.parametrize(
    ("form", "status"),
    [({"parent": "x"}, 404), ({"parent": "424242"}, 404), ({"before": "9" * 30}, 404), ({"parent": "self"}, 422)],
)
def test_a_move_to_nowhere_is_refused(alpha, staff_browser, place, form, status):
    form = {name: str(place) if value == "self" else value for name, value in form.items()}
    assert staff_browser(alpha, Role.MANAGER).submit(PATH, form, to=f"{PATH}/{place}/move").status_code == status


def test_addresses_that_people_have_kept_lead_to_the_moved_branch(alpha, staff_browser, browse, in_tenant):
    """K01: three levels, a branch moved and renamed; the id decides, the breadcrumb follows, counts roll up."""
    with in_tenant(alpha) as session:
        air = factories.category(session, "Air conditioning")
        cooling = factories.category(session, "Cooling", parent=air)
        codes = factories.category(session, "Error codes", parent=cooling)
        rooms = factories.category(session, "Rooms")
        article = factories.article(session, title="E5", category=codes)
    manager, kept = staff_browser(alpha, Role.MANAGER), f"/en/c/{cooling.id}-cooling"
    assert browse(alpha).get(kept).status_code == 200
    manager.submit(PATH, {"parent": rooms.id}, to=f"{PATH}/{cooling.id}/move")
    manager.submit(PATH, names(en="Cooling and drying"), to=f"{PATH}/{cooling.id}")
    answer = browse(alpha).get(kept)
    assert (answer.status_code, answer.headers["Location"]) == (301, f"/en/c/{cooling.id}-cooling-and-drying")
    page = browse(alpha).get(f"/en/a/{article.id}-e5").text
    crumbs = re.findall(r">([^<>]+)</a>", page.partition('class="crumbs"')[2].partition("</ol>")[0])
    assert crumbs == ["Help centre", "Rooms", "Cooling and drying", "Error codes"]
    home = browse(alpha).get("/en/").text
    assert re.findall(r'/c/\d+-[^"]+">([^<]+)</a></h3>\s*<p>([^<]+)</p>', home) == [("Rooms", "1 article")]


def test_articles_of_a_category_are_put_in_order(alpha, staff_browser, browse, place, in_tenant):
    with in_tenant(alpha) as session:
        category = session.get(Category, place)
        ids = [factories.article(session, title=title, category=category).id for title in ("A1", "B2", "C3")]
        factories.article(session, title="乙", language="zh_Hant", category=category, translation_key=key_of(session, ids[1]))
    manager, path = staff_browser(alpha, Role.MANAGER), f"{PATH}/{place}/articles"
    assert manager.submit(path, {"article": ids[2], "step": "up"}).status_code == 303
    fragment = manager.submit(path, {"article": ids[0], "before": ""}, **FRAGMENT).text
    assert re.findall(r'lang="en">(\w\d)</a>', fragment) == ["C3", "B2", "A1"]
    page = browse(alpha).get(f"/en/c/{place}-rooms").text
    assert re.findall(r">(\w\d)</span>", page) == ["C3", "B2", "A1"]


def key_of(session, article_id):
    return session.get(Article, article_id).translation_key


@pytest.mark.parametrize("form", [{}, {"article": "x"}, {"article": "424242"}])
def test_an_article_that_does_not_stand_there_is_not_moved(alpha, staff_browser, place, form):
    path = f"{PATH}/{place}/articles"
    assert staff_browser(alpha, Role.MANAGER).submit(PATH, form, to=path).status_code == 404


def test_an_empty_category_is_deleted_and_a_full_one_is_not(alpha, staff_browser, place, in_tenant):
    manager = staff_browser(alpha, Role.MANAGER)
    assert manager.submit(PATH, {}, to=f"{PATH}/{place}/delete").status_code == 422
    with in_tenant(alpha) as session:
        empty = factories.category(session, "Empty").id
    assert manager.submit(PATH, {}, to=f"{PATH}/{empty}/delete").status_code == 303
    assert "Empty" not in tree_of(manager.get(PATH).text)


@pytest.mark.parametrize("count", [1, 20])
def test_the_tree_costs_the_same_however_large(alpha, staff_browser, in_tenant, count_statements, count):
    with in_tenant(alpha) as session:
        root = factories.category(session, "Root")
        for number in range(count):
            factories.category(session, f"Branch {number}", parent=root)
    browser = staff_browser(alpha, Role.MANAGER)
    with count_statements() as statements:
        browser.get(PATH)
    assert len(statements) <= 4 + 4  # the frame's own four


@pytest.mark.parametrize("to", ["step", "move", "delete", "articles"])
def test_agents_and_strangers_move_nothing(alpha, beta, staff_browser, place, to):
    assert staff_browser(alpha).submit(PATH, {}, to=f"{PATH}/{place}/{to}").status_code == 403
    assert staff_browser(beta, Role.ADMIN).submit(PATH, {}, to=f"{PATH}/{place}/{to}").status_code == 404
