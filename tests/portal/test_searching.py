"""Searching: results, suggestions, and what happens when there is nothing."""

import pytest

from knowledge_base.articles.models import ArticleStatus
from tests import factories


@pytest.fixture
def shelf(in_tenant, alpha, run_due):
    """Articles in all languages, indexed."""
    with in_tenant(alpha) as session:
        made = {
            "invoice": factories.article(
                session, title="Where is my invoice?", body="The invoice comes by e-mail <b>soon</b>."
            ),
            "member": factories.article(session, title="會員點數", body="會員點數在退房後入帳。", language="zh_Hant"),
            "draft": factories.article(session, title="Invoice secrets", body="invoice", status=ArticleStatus.DRAFT),
        }
    run_due()
    return made


def test_results_show_the_words_marked_and_nothing_that_is_not_published(browse, alpha, shelf):
    page = browse(alpha).get("/en/search?q=invoice").text
    assert "Where is my invoice?" in page
    assert "<mark>invoice</mark>" in page
    assert "<b>soon</b>" not in page
    assert "secrets" not in page


def test_both_chinese_scripts_find_each_other(browse, alpha, shelf):
    page = browse(alpha).get("/zh-hans/search?q=会员").text
    assert "<mark>会员</mark>" in page
    assert "繁體中文" in page


def test_nothing_found_offers_to_ask_with_the_words_as_the_subject(browse, alpha, shelf):
    browser = browse(alpha)
    page = browser.get("/en/search?q=zzzzqqq").text
    assert "/en/requests/new?subject=zzzzqqq" in page
    assert 'value="zzzzqqq"' in browser.get("/en/requests/new?subject=zzzzqqq").text


def test_suggestions_are_options_and_end_with_asking_us(browse, alpha, shelf):
    fragment = browse(alpha).fragment("/en/search/suggestions?q=inv").text
    assert fragment.count('role="option"') == 2
    assert "Where is my invoice?" in fragment
    assert "<html" not in fragment


def test_one_chinese_character_is_enough_and_one_latin_letter_is_not(browse, alpha, shelf):
    assert "會員點數" in browse(alpha).fragment("/zh-hant/search/suggestions?q=會").text
    assert "invoice" not in browse(alpha).fragment("/en/search/suggestions?q=i").text


@pytest.mark.parametrize("query", ["", "q=", "q=%20", "q=a&page=x", "q=a&page=-3", "q=a&page=9999999999999", "q=" + "a" * 5000])
def test_odd_questions_are_answered(browse, alpha, shelf, query):
    assert browse(alpha).get(f"/en/search?{query}").status_code == 200


@pytest.mark.parametrize("query", ["q=%00", "q=%ff", "q=a%00b"])
def test_damaged_questions_are_refused_in_the_pages_language(browse, alpha, query):
    answer = browse(alpha).get(f"/zh-hant/search?{query}")
    assert answer.status_code == 400
    assert '<html lang="zh-Hant"' in answer.text


def test_markup_in_a_question_is_shown_and_not_obeyed(browse, alpha, shelf):
    assert "<script>alert" not in browse(alpha).get("/en/search?q=<script>alert(1)</script>").text


def test_more_results_cost_no_more_statements(browse, alpha, in_tenant, run_due, count_statements):
    def cost():
        browser = browse(alpha)
        browser.get("/en/search?q=parking")
        with count_statements() as seen:
            browser.get("/en/search?q=parking")
        return len(seen)

    with in_tenant(alpha) as session:
        factories.article(session, title="Parking")
    run_due()
    before = cost()
    with in_tenant(alpha) as session:
        for _ in range(5):
            factories.article(session, title="Parking", body="parking at the hotel")
    run_due()
    assert cost() == before
