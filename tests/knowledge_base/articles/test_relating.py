"""Related articles (K05): about the same, of the same category, and nothing that readers may not see."""

import pytest

from kernel.actors import VISITOR
from knowledge_base.articles import relating
from knowledge_base.articles.models import ArticleStatus
from tests import factories

TITLES = {
    "refund": "How to get a refund for an order",
    "refund late": "A refund that has not arrived for an order",
    "refund partly": "A refund for a part of an order",
    "parking": "Parking at the hotel",
    "charging": "Charging a car while parking at the hotel",
    "pets": "Pets in the room",
}


@pytest.fixture
def shelf(in_tenant, alpha, run_due):
    with in_tenant(alpha) as session:
        bills, rooms = factories.category(session, "Bills"), factories.category(session, "Rooms")
        places = {"refund": bills, "refund late": rooms, "refund partly": bills, "pets": bills}
        made = {
            name: factories.article(session, title=title, body=title, category=places.get(name, rooms))
            for name, title in TITLES.items()
        }
        hidden = {"title": "Refund rules for staff: order refund", "body": "secret", "status": ArticleStatus.DRAFT}
        made["hidden"] = factories.article(session, category=bills, **hidden)
    run_due()
    return made


@pytest.fixture
def related(in_tenant, alpha, shelf):
    def names(name):
        with in_tenant(alpha) as session:
            by_title = {article.title: key for key, article in shelf.items()}
            return [by_title[one.title] for one in relating.related(session, shelf[name], actor=VISITOR)]

    return names


def test_k05_what_is_about_the_same_comes_first_and_its_own_category_before_another(related):
    assert related("refund")[:3] == ["refund partly", "refund late", "pets"]


def test_k05_the_list_differs_by_article(related):
    assert related("parking")[0] == "charging"
    assert related("refund") != related("parking")


def test_k05_three_to_five_are_shown_and_never_itself(related):
    for name in TITLES:
        assert 3 <= len(related(name)) <= 5
        assert name not in related(name)


def test_k05_what_readers_may_not_see_is_never_related(related):
    assert all("hidden" not in related(name) for name in TITLES)


def test_k05_the_page_shows_them_and_forgets_a_withdrawn_one_at_once(browse, alpha, shelf, in_tenant):
    from kernel.actors import SYSTEM
    from knowledge_base.articles import commands, queries

    page = f"/en/a/{shelf['refund'].id}-{shelf['refund'].slug}"
    assert TITLES["refund late"] in browse(alpha).get(page).text
    with in_tenant(alpha) as session:
        commands.withdraw(session, queries.get(session, shelf["refund late"].id, actor=SYSTEM), actor=SYSTEM)
    assert TITLES["refund late"] not in browse(alpha).get(page).text


def test_without_an_index_its_category_is_still_related(session, make_article):
    place = factories.category(session)
    first, second = make_article(category=place), make_article(category=place)
    assert relating.related(session, first, actor=VISITOR) == [second]
