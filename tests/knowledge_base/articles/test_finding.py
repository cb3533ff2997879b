"""Finding articles: the index proposes, the database decides."""

import shutil
from dataclasses import replace

import pytest

from kernel import settings
from kernel.actors import SYSTEM, VISITOR
from kernel.i18n import ENGLISH, TRADITIONAL
from knowledge_base.articles import commands, finding, jobs, queries
from knowledge_base.articles.models import ArticleStatus
from knowledge_base.search import wording
from tests import factories


@pytest.fixture(params=["whoosh", "postgres"], autouse=True)
def backend(request, house):
    """Each engine in turn."""
    settings.use(replace(house, search_backend=request.param))
    yield request.param
    settings.use(house)
    shutil.rmtree(house.home / "search", ignore_errors=True)


@pytest.fixture
def shelf(alpha, in_tenant):
    """Three articles in the index: one on towels, one on refunds in Chinese, and a draft on towels."""
    with in_tenant(alpha) as session:
        made = {
            "towels": factories.article(session, title="Where are the towels", body="In the cupboard of the bathroom."),
            "refund": factories.article(session, title="如何申請退款", body="七天內可以申請退款。", language="zh_Hant"),
            "draft": factories.article(session, title="Towels to come", body="Soon.", status=ArticleStatus.DRAFT),
        }
        ids = {name: article.id for name, article in made.items()}
        jobs.reindex(session)
    return ids


def _found(session, words, language=ENGLISH, actor=VISITOR):
    return [find.article.id for find in finding.find(session, words, language, actor=actor).finds]


def test_an_article_is_found_by_its_words_with_them_marked(shelf, session):
    found = finding.find(session, "towels", ENGLISH, actor=VISITOR)
    assert [find.article.id for find in found.finds] == [shelf["towels"]]
    assert found.total == 1
    cupboard = finding.find(session, "cupboard", ENGLISH, actor=VISITOR).finds[0]
    assert ("cupboard", True) in [(text.lower(), is_hit) for text, is_hit in cupboard.snippet]


@pytest.mark.parametrize("words", ["退款", "申请退款", "退款 "])
def test_both_scripts_find_the_same(shelf, session, words):
    assert _found(session, words, TRADITIONAL) == [shelf["refund"]]


def test_a_draft_is_found_by_staff_only(shelf, session, sam):
    assert shelf["draft"] not in _found(session, "towels")
    assert set(_found(session, "towels", actor=sam)) == {shelf["towels"], shelf["draft"]}


def test_what_was_withdrawn_a_moment_ago_is_not_found_although_the_index_still_knows_it(shelf, alpha, in_tenant):
    with in_tenant(alpha) as session:
        commands.withdraw(session, queries.get(session, shelf["towels"], actor=SYSTEM), actor=SYSTEM)
    with in_tenant(alpha) as session:
        assert _found(session, "towels") == []
        assert finding.suggest(session, "tow", ENGLISH, actor=VISITOR) == []


def test_a_misspelt_word_is_understood(shelf, session):
    found = finding.find(session, "towals", ENGLISH, actor=VISITOR)
    assert found.corrected == "towels"
    assert [find.article.id for find in found.finds] == [shelf["towels"]]


def test_titles_are_suggested_while_typing(shelf, session):
    assert [article.id for article in finding.suggest(session, "where are the tow", ENGLISH, actor=VISITOR)] == [
        shelf["towels"]
    ]
    assert finding.suggest(session, "", ENGLISH, actor=VISITOR) == []


def test_of_several_with_the_same_title_one_is_suggested(alpha, in_tenant, run_due):
    with in_tenant(alpha) as session:
        first, *_ = [factories.article(session, title="Towels").id for _ in range(8)]
        other = factories.article(session, title="Towels to take away").id
    run_due()
    with in_tenant(alpha) as session:
        assert [article.id for article in finding.suggest(session, "tow", ENGLISH, actor=VISITOR)] == [first, other]


def test_finds_come_page_by_page(alpha, in_tenant, shelf):
    with in_tenant(alpha) as session:
        for number in range(5):
            factories.article(session, title=f"Parking place {number}", body="Behind the house.")
        jobs.reindex(session)
    with in_tenant(alpha) as session:
        pages = [finding.find(session, "parking", ENGLISH, actor=VISITOR, start=start, limit=2) for start in (0, 2, 4)]
    ids = [find.article.id for page in pages for find in page.finds]
    assert (len(ids), len(set(ids)), pages[0].total) == (5, 5, 5)


ODD = ["", "   ", "*", "AND OR NOT", '"unclosed', "title:(", "\\", "💥", "x" * 5000, "%", "a" * 300 + " " + "退" * 300]


def test_categories_are_counted_and_may_be_asked_for(alpha, in_tenant, run_due):
    with in_tenant(alpha) as session:
        rooms, food = (factories.category(session, name) for name in ("Rooms", "Food"))
        towels = [factories.article(session, title=f"Towels {number}", category=rooms).id for number in range(3)]
        tea = factories.article(session, title="Tea towels", category=food).id
        factories.article(session, title="Towels unseen", category=food, status=ArticleStatus.DRAFT)
    run_due()
    with in_tenant(alpha) as session:
        found = finding.find(session, "towels", ENGLISH, actor=VISITOR, limit=2)
        assert [(category.names["en"], count) for category, count in found.categories] == [("Rooms", 3), ("Food", 1)]
        only_food = finding.find(session, "towels", ENGLISH, actor=VISITOR, category_id=food.id)
        assert ([find.article.id for find in only_food.finds], only_food.total) == ([tea], 1)
        assert only_food.categories == found.categories
        in_rooms = finding.find(session, "towels", ENGLISH, actor=VISITOR, category_id=rooms.id, start=2)
        assert [find.article.id for find in in_rooms.finds] == towels[2:]


def test_a_guess_is_no_answer(shelf, session):
    assert finding.find(session, "退款", TRADITIONAL, actor=VISITOR).is_answered
    guess = finding.find(session, "款退", TRADITIONAL, actor=VISITOR)
    assert (len(guess.finds), guess.is_guess, guess.is_answered) == (1, True, False)
    assert not finding.find(session, "zzz", TRADITIONAL, actor=VISITOR).is_answered


def test_the_tenants_synonyms_find_it_and_are_marked(shelf, alpha, in_tenant):
    with in_tenant(alpha) as session:
        wording.agree(session, lines="towel, 毛巾, bath linen\n", version=None, actor=SYSTEM)
    with in_tenant(alpha) as session:
        for words in ("毛巾", "Bath linen"):
            found = finding.find(session, words, ENGLISH, actor=VISITOR)
            assert [find.article.id for find in found.finds] == [shelf["towels"]]
    with in_tenant(alpha) as session:
        assert _found(session, "towels") == [shelf["towels"]]


@pytest.mark.parametrize("words", ODD)
def test_odd_questions_are_answered(shelf, session, words):
    assert isinstance(finding.find(session, words, ENGLISH, actor=VISITOR).finds, list)
    assert isinstance(finding.suggest(session, words, ENGLISH, actor=VISITOR), list)


def test_without_an_index_nothing_is_found_and_nothing_breaks(beta, in_tenant):
    with in_tenant(beta) as session:
        assert finding.find(session, "towels", ENGLISH, actor=VISITOR).finds == []
        assert finding.suggest(session, "towels", ENGLISH, actor=VISITOR) == []


def test_a_second_tenant_finds_none_of_them(shelf, beta, in_tenant):
    with in_tenant(beta) as session:
        jobs.reindex(session)
        assert _found(session, "towels", actor=SYSTEM) == []


def test_finding_costs_the_same_for_one_as_for_many(alpha, in_tenant, shelf, count_statements):
    with in_tenant(alpha) as session, count_statements() as few:
        _found(session, "towels")
    with in_tenant(alpha) as session:
        for number in range(5):
            factories.article(session, title=f"Towels {number}", body="Here.")
        jobs.reindex(session)
    with in_tenant(alpha) as session, count_statements() as many:
        assert len(_found(session, "towels")) == 6
    assert len(many) == len(few)


def test_an_article_found_in_two_languages_is_shown_once_in_the_readers(alpha, in_tenant, run_due):
    with in_tenant(alpha) as session:
        category = factories.category(session)
        for code, title in (("zh_Hans", "延迟退房"), ("zh_Hant", "延後退房")):
            factories.article(session, title=title, body=title, language=code, translation_key="late", category=category)
    run_due()
    with in_tenant(alpha) as session:
        found = finding.find(session, "退房", TRADITIONAL, actor=VISITOR)
        assert [find.article.language for find in found.finds] == ["zh_Hant"]
