"""The category tree, the order of its articles, and whom an article is for."""

from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import select

from kernel import clock
from kernel.errors import Forbidden, InvalidField, StaleEdit
from kernel.events import Event
from kernel.i18n import ENGLISH
from knowledge_base.articles import arranging, commands, queries
from knowledge_base.articles.arranging import Arrangement, CategoryNotEmpty, InsideItself, TooDeep
from knowledge_base.articles.models import ArticleKind, ArticleStatus, Visibility
from tenants.permissions import Role
from tests import factories


@pytest.fixture
def mei(make_staff):
    return make_staff(name="Mei Manager", role=Role.MANAGER).as_actor()


@pytest.fixture
def tree(session):
    """Air conditioning > Cooling > Error codes, and Rooms beside them."""
    air = factories.category(session, "Air conditioning")
    cooling = factories.category(session, "Cooling", parent=air)
    codes = factories.category(session, "Error codes", parent=cooling)
    return {"air": air, "cooling": cooling, "codes": codes, "rooms": factories.category(session, "Rooms")}


def shape(session, actor):
    """The tree as nested lists of names."""

    def names(branches):
        return [(branch.category.names["en"], names(branch.branches)) for branch in branches]

    return names(queries.tree(session, ENGLISH, actor=actor))


def test_a_branch_moves_with_all_that_hangs_on_it(session, tree, mei):
    arranging.move_category(session, tree["cooling"], parent=tree["rooms"], actor=mei)
    assert shape(session, mei) == [("Air conditioning", []), ("Rooms", [("Cooling", [("Error codes", [])])])]
    event = session.scalars(select(Event).where(Event.name == "category.moved")).one()
    assert event.data == {"parent_id": tree["rooms"].id}


def test_articles_are_counted_where_their_branch_now_hangs(session, tree, mei, make_article):
    make_article(category=tree["codes"])
    make_article(category=tree["cooling"])
    arranging.move_category(session, tree["cooling"], parent=tree["rooms"], actor=mei)
    session.flush()
    air, rooms = queries.tree(session, ENGLISH, actor=mei)
    assert (air.article_count, rooms.article_count, rooms.branches[0].article_count) == (0, 2, 2)


@pytest.mark.parametrize("target", ["air", "cooling", "codes"])
def test_no_branch_moves_into_itself(session, tree, mei, target):
    with pytest.raises(InsideItself):
        arranging.move_category(session, tree["air"], parent=tree[target], actor=mei)


def test_the_tree_has_an_end(session, tree, mei):
    deep = factories.category(session, "Four", parent=tree["codes"])
    deepest = factories.category(session, "Five", parent=deep)
    with pytest.raises(TooDeep):
        factories.category(session, "Six", parent=deepest)
    with pytest.raises(TooDeep):
        arranging.move_category(session, tree["rooms"], parent=deepest, actor=mei)


@pytest.mark.parametrize(
    ("name", "step", "expected"),
    [
        ("rooms", "up", [("Rooms", []), ("Air conditioning", [("Cooling", [("Error codes", [])])])]),
        ("air", "down", [("Rooms", []), ("Air conditioning", [("Cooling", [("Error codes", [])])])]),
        ("rooms", "in", [("Air conditioning", [("Cooling", [("Error codes", [])]), ("Rooms", [])])]),
        ("cooling", "out", [("Air conditioning", []), ("Cooling", [("Error codes", [])]), ("Rooms", [])]),
        ("codes", "out", [("Air conditioning", [("Cooling", []), ("Error codes", [])]), ("Rooms", [])]),
    ],
)
def test_a_category_moves_step_by_step(session, tree, mei, name, step, expected):
    arranging.step_category(session, tree[name], step=step, actor=mei)
    session.flush()
    assert shape(session, mei) == expected


@pytest.mark.parametrize(
    ("name", "step"), [("air", "up"), ("air", "in"), ("air", "out"), ("rooms", "down"), ("codes", "up"), ("rooms", "sideways")]
)
def test_a_step_that_leads_nowhere_changes_nothing(session, tree, mei, name, step):
    before = shape(session, mei)
    arranging.step_category(session, tree[name], step=step, actor=mei)
    session.flush()
    assert shape(session, mei) == before
    assert not session.scalars(select(Event).where(Event.name == "category.moved")).all()


def test_a_category_is_put_before_a_neighbour(session, tree, mei):
    first = factories.category(session, "First")
    arranging.move_category(session, first, parent=None, before=tree["rooms"], actor=mei)
    session.flush()
    assert [name for name, _branches in shape(session, mei)] == ["Air conditioning", "First", "Rooms"]


def test_only_what_is_empty_is_deleted(session, tree, mei, make_article):
    make_article(category=tree["codes"])
    for name in ("air", "codes"):
        with pytest.raises(CategoryNotEmpty):
            arranging.delete_category(session, tree[name], actor=mei)
    arranging.delete_category(session, tree["rooms"], actor=mei)
    session.flush()
    assert "Rooms" not in [name for name, _branches in shape(session, mei)]


def test_a_category_has_a_name_and_its_place_is_the_last(session, mei):
    parent = commands.add_category(session, names={"en": "Rooms", "fr": "Chambres"}, parent=None, actor=mei)
    first, second = (commands.add_category(session, names={"en": n}, parent=parent, actor=mei) for n in ("A", "B"))
    assert parent.names == {"en": "Rooms"}
    assert (first.parent_id, first.position, second.position) == (parent.id, 1, 2)
    for names in ({}, {"en": " "}, {"fr": "Chambres"}):
        with pytest.raises(InvalidField):
            commands.add_category(session, names=names, parent=None, actor=mei)


def test_a_category_is_named_in_another_language(session, mei):
    category = factories.category(session, "Rooms")
    commands.name_category(session, category, language="zh_Hant", name="客房", actor=mei)
    commands.name_category(session, category, language="zh_Hant", name="客房", actor=mei)
    assert category.names == {"en": "Rooms", "zh_Hant": "客房"}
    assert len(session.scalars(select(Event).where(Event.name == "category.named")).all()) == 1


def test_all_names_of_a_category_are_replaced_and_one_must_remain(session, mei):
    category = factories.category(session, "Rooms")
    commands.name_in_all(session, category, names={"zh_Hans": "客房", "en": " "}, actor=mei)
    assert category.names == {"zh_Hans": "客房"}
    with pytest.raises(InvalidField):
        commands.name_in_all(session, category, names={"en": ""}, actor=mei)


def titles(session, category, actor):
    found = queries.in_category(session, [category.id], ENGLISH, actor=actor)
    return [article.title for article in found]


def test_articles_stand_in_the_order_that_their_editors_chose(session, tree, mei, make_article):
    first, second, third = (make_article(title=title, category=tree["codes"]) for title in ("A", "B", "C"))
    arranging.step_article(session, third, step="up", actor=mei)
    assert titles(session, tree["codes"], mei) == ["A", "C", "B"]
    arranging.put_article_before(session, second, before=first, actor=mei)
    assert titles(session, tree["codes"], mei) == ["B", "A", "C"]
    arranging.put_article_before(session, second, before=None, actor=mei)
    assert titles(session, tree["codes"], mei) == ["A", "C", "B"]


def test_ordering_articles_makes_nobodys_open_edit_stale(session, tree, mei, make_article):
    first, second = (make_article(category=tree["codes"]) for _ in range(2))
    session.flush()
    seen = first.revision
    arranging.step_article(session, second, step="up", actor=mei)
    commands.change(session, first, values={"body": "New"}, revision=seen, actor=mei)


def arrangement(article, **wanted):
    facts = {
        "category": article.category,
        "kind": ArticleKind.ANSWER,
        "visibility": Visibility.PUBLIC,
        "groups": (),
        "owner_id": None,
        "review_by": None,
        "expires_at": None,
    }
    return Arrangement(**{**facts, **wanted})


def test_the_audience_of_an_article_is_that_of_all_its_translations(session, mei, make_article):
    english = make_article()
    chinese = make_article(language="zh_Hant", translation_key=english.translation_key)
    wanted = arrangement(english, visibility=Visibility.GROUPS, groups=("gold",), owner_id=mei.id)
    arranging.arrange(session, english, wanted, actor=mei)
    assert (chinese.visibility, chinese.groups) == (Visibility.GROUPS, ["gold"])
    assert (english.owner_id, chinese.owner_id) == (mei.id, None)


def test_a_translation_written_later_is_for_the_same_readers(session, mei, make_article):
    english = make_article()
    arranging.arrange(session, english, arrangement(english, visibility=Visibility.STAFF), actor=mei)
    chinese = make_article(language="zh_Hant", translation_key=english.translation_key, category=english.category)
    assert (chinese.visibility, chinese.position) == (Visibility.STAFF, english.position)


def test_a_script_is_for_staff_whatever_else_was_chosen(session, mei, make_article):
    article = make_article()
    arranging.arrange(session, article, arrangement(article, kind=ArticleKind.SCRIPT), actor=mei)
    assert article.visibility == Visibility.STAFF


@pytest.mark.parametrize(
    ("field", "wanted"),
    [
        ("groups", {"visibility": Visibility.GROUPS}),
        ("expires_at", {"expires_at": datetime(2020, 1, 1, tzinfo=UTC)}),
    ],
)
def test_an_arrangement_that_means_nothing_is_refused_beside_its_field(session, mei, make_article, field, wanted):
    article = make_article()
    with pytest.raises(InvalidField) as refusal:
        arranging.arrange(session, article, arrangement(article, **wanted), actor=mei)
    assert refusal.value.field == field


def test_agents_arrange_drafts_and_not_what_readers_see_in_any_language(session, make_staff, make_article):
    agent = make_staff().as_actor()
    draft = make_article(status=ArticleStatus.DRAFT)
    arranging.arrange(session, draft, arrangement(draft, visibility=Visibility.CUSTOMERS), actor=agent)
    assert draft.visibility == Visibility.CUSTOMERS
    make_article(language="zh_Hant", translation_key=draft.translation_key)
    with pytest.raises(Forbidden):
        arranging.arrange(session, draft, arrangement(draft), actor=agent)


def test_a_stale_arrangement_is_refused(session, mei, make_article):
    article = make_article()
    session.flush()
    seen = article.revision
    arranging.arrange(session, article, arrangement(article, visibility=Visibility.STAFF), actor=mei, revision=seen)
    session.flush()
    with pytest.raises(StaleEdit):
        arranging.arrange(session, article, arrangement(article), actor=mei, revision=seen)


def test_an_article_is_taken_down_when_its_time_is_over(alpha, in_tenant, run_due, travel):
    with in_tenant(alpha) as session:
        manager = factories.staff_member(session, role=Role.MANAGER).as_actor()
        article = factories.article(session)
        until = clock.now() + timedelta(days=2)
        arranging.arrange(session, article, arrangement(article, expires_at=until), actor=manager)
        article_id = article.id
    for days, status in ((1, ArticleStatus.PUBLISHED), (2, ArticleStatus.ARCHIVED)):
        travel(timedelta(days=days))
        run_due()
        with in_tenant(alpha) as session:
            assert queries.get(session, article_id, actor=manager).status == status
