"""Reading: the front page, categories, articles and what readers think of them."""

from datetime import timedelta

import pytest

from kernel.actors import SYSTEM
from knowledge_base.articles import commands, queries
from knowledge_base.articles.models import ArticleStatus
from tests import factories
from tests.browsing import FormReader

LONG = "## Before\n\nKeep the receipt.\n\n## Steps\n\n1. Open the order.\n\n## After\n\nThe money is back in three days."


@pytest.fixture
def publish(in_tenant, alpha):
    """Write an article down for good and return it."""

    def written(**facts):
        with in_tenant(alpha) as session:
            return factories.article(session, **facts)

    return written


@pytest.mark.parametrize(
    ("accepted", "expected"),
    [("en-GB,en", "/en/"), ("zh-TW", "/zh-hant/"), ("zh-CN,zh;q=0.9", "/zh-hans/"), ("fr", "/en/")],
)
def test_the_door_leads_to_the_language_the_browser_asks_for(browse, alpha, accepted, expected):
    answer = browse(alpha, accepted).get("/")
    assert (answer.status_code, answer.headers["Location"]) == (302, expected)


def test_the_door_falls_back_to_the_tenants_language(browse, beta):
    assert browse(beta, "fr").get("/").headers["Location"] == "/zh-hant/"


def test_the_language_read_last_is_remembered(browse, alpha):
    browser = browse(alpha, "en")
    browser.get("/zh-hans/")
    assert browser.get("/").headers["Location"] == "/zh-hans/"


def test_a_signed_in_customer_is_led_to_the_language_of_the_account(customer_browser, in_tenant, alpha):
    with in_tenant(alpha) as session:
        factories.customer(session, email="mei@mail.example", language="zh_Hant")
    browser = customer_browser(alpha, "mei@mail.example")
    browser.client.delete_cookie("fd_language", domain=browser.host.partition(":")[0])
    assert browser.get("/").headers["Location"] == "/zh-hant/"


def test_the_language_switch_goes_back_to_where_one_was(browse, alpha):
    answer = browse(alpha).get("/language/zh-hant?next=/signin")
    assert (answer.status_code, answer.headers["Location"]) == (303, "/signin")
    assert "fd_language=zh_Hant" in answer.headers["Set-Cookie"]


def test_the_language_switch_never_leads_to_another_site(browse, alpha):
    for target in ("https://evil.example/", "//evil.example", "/\\evil.example", "javascript:alert(1)"):
        answer = browse(alpha).get(f"/language/en?next={target}")
        assert answer.headers["Location"] == "/en/"


def test_the_front_page_shows_categories_with_articles_and_no_empty_ones(browse, alpha, publish, in_tenant):
    publish(title="How to pay")
    with in_tenant(alpha) as session:
        factories.category(session, "Nothing in here")
    page = browse(alpha).get("/en/").text
    assert "Rooms" in page
    assert "How to pay" in page
    assert "Nothing in here" not in page


def test_a_reader_without_articles_gets_those_of_the_tenants_language_with_a_note(browse, alpha, publish):
    publish(title="How to pay")
    page = browse(alpha).get("/zh-hans/").text
    assert "How to pay" in page
    assert "callout" in page


def test_search_engines_are_told_the_other_languages(browse, alpha):
    page = browse(alpha).get("/zh-hant/").text
    assert '<link rel="canonical" href="http://alpha.localhost:8000/zh-hant/">' in page
    for tag in ("en", "zh-Hans", "zh-Hant", "x-default"):
        assert f'hreflang="{tag}" href="http://alpha.localhost:8000/' in page


def test_an_article_is_found_by_its_number_and_a_wrong_slug_is_corrected(browse, alpha, publish):
    article = publish(title="Late check-out")
    for wrong in (f"/en/a/{article.id}", f"/en/a/{article.id}-something-else"):
        answer = browse(alpha).get(wrong)
        assert (answer.status_code, answer.headers["Location"]) == (301, f"/en/a/{article.id}-late-check-out")


def test_a_chinese_slug_is_percent_encoded_in_the_header(browse, alpha, publish):
    article = publish(title="延遲退房", language="zh_Hant")
    location = browse(alpha).get(f"/zh-hant/a/{article.id}").headers["Location"]
    assert location.isascii()
    assert browse(alpha).get(location).status_code == 200


def test_a_long_article_has_a_table_of_contents_and_a_short_one_has_none(browse, alpha, publish):
    long, short = publish(title="Long", body=LONG), publish(title="Short")
    assert 'class="toc"' in browse(alpha).get(f"/en/a/{long.id}-long").text
    assert 'class="toc"' not in browse(alpha).get(f"/en/a/{short.id}-short").text


def test_a_draft_is_not_there(browse, alpha, publish):
    article = publish(title="Secret", status=ArticleStatus.DRAFT)
    answer = browse(alpha).get(f"/en/a/{article.id}-secret")
    assert answer.status_code == 404
    assert "Secret" not in answer.text


def test_another_tenants_article_is_not_there(browse, alpha, beta, publish):
    article = publish(title="Ours")
    assert browse(beta).get(f"/en/a/{article.id}-ours").status_code == 404


@pytest.mark.parametrize("number", ["0", "999999", "99999999999999999999"])
def test_an_unknown_article_is_not_there(browse, alpha, number):
    answer = browse(alpha).get(f"/en/a/{number}-x")
    assert answer.status_code == 404
    assert 'role="search"' in answer.text


def test_switching_the_language_keeps_the_article_where_there_is_a_translation(browse, alpha, in_tenant):
    with in_tenant(alpha) as session:
        english = factories.article(session, title="Parking")
        place = {"category": english.category, "translation_key": english.translation_key}
        chinese = factories.article(session, title="停車", language="zh_Hant", **place)
    page = browse(alpha).get(f"/en/a/{english.id}-parking").text
    assert f'href="/zh-hant/a/{chinese.id}-' in page
    assert browse(alpha).get(f"/zh-hant/a/{english.id}-parking").headers["Location"].startswith(f"/zh-hant/a/{chinese.id}-")


def test_an_article_without_translation_says_so_in_the_readers_language(browse, alpha, publish):
    article = publish(title="Parking")
    answer = browse(alpha).get(f"/zh-hans/a/{article.id}-parking")
    assert answer.status_code == 200
    assert '<html lang="zh-Hans"' in answer.text
    assert '<h1 lang="en">' in answer.text


def test_a_category_lists_its_articles_a_page_at_a_time(browse, alpha, in_tenant):
    with in_tenant(alpha) as session:
        place = factories.category(session, "Bills")
        for _ in range(26):
            factories.article(session, category=place)
    first = browse(alpha).get(f"/en/c/{place.id}-bills").text
    assert first.count('class="article-link"') == 25
    assert browse(alpha).get(f"/en/c/{place.id}-bills?page=2").text.count('class="article-link"') == 1


def test_a_category_with_a_wrong_slug_is_corrected_and_an_unknown_one_is_not_there(browse, alpha, in_tenant):
    with in_tenant(alpha) as session:
        place = factories.category(session, "Bills")
    assert browse(alpha).get(f"/en/c/{place.id}-rooms").headers["Location"] == f"/en/c/{place.id}-bills"
    assert browse(alpha).get("/en/c/424242-x").status_code == 404


def test_a_reader_votes_once_and_may_change_the_vote(browse, alpha, publish, in_tenant):
    article = publish(title="Parking")
    path, vote = f"/en/a/{article.id}-parking", f"/en/a/{article.id}/vote"
    browser = browse(alpha)
    assert browser.submit(path, {"helpful": "yes"}, to=vote).headers["Location"] == f"{path}#feedback"
    assert "Thank you for telling us" in browser.get(path).text
    browser.post(vote, {**_token(browser), "helpful": "no", "reason": "unclear", "comment": "Which floor?"})
    with in_tenant(alpha) as session:
        counted = queries.get(session, article.id, actor=SYSTEM)
        assert (counted.helpful_count, counted.unhelpful_count) == (0, 1)


def _token(browser):
    return FormReader.hidden_fields(browser.get("/signin").text, "/signin")


def test_a_no_asks_for_the_reason_in_place(browse, alpha, publish):
    article = publish(title="Parking")
    browser = browse(alpha)
    answer = browser.submit(
        f"/en/a/{article.id}-parking",
        {"helpful": "no"},
        to=f"/en/a/{article.id}/vote",
        **{"HX-Request": "true", "HX-Request-Type": "partial"},
    )
    assert answer.status_code == 200
    assert 'name="reason"' in answer.text
    assert "<html" not in answer.text


def test_a_vote_that_is_none_is_refused(browse, alpha, publish):
    article = publish(title="Parking")
    answer = browse(alpha).submit(f"/en/a/{article.id}-parking", {"helpful": "perhaps"}, to=f"/en/a/{article.id}/vote")
    assert answer.status_code == 422


def test_a_vote_without_its_token_is_refused(browse, alpha, publish):
    article = publish(title="Parking")
    assert browse(alpha).post(f"/en/a/{article.id}/vote", {"helpful": "yes"}).status_code == 400


def test_an_article_costs_a_visitor_at_most_six_statements(browse, alpha, publish, count_statements):
    article = publish(title="Parking", body=LONG)
    for _ in range(3):
        publish(category=article.category)
    browser = browse(alpha)
    browser.get(f"/en/a/{article.id}-parking")
    with count_statements() as seen:
        assert browser.get(f"/en/a/{article.id}-parking").status_code == 200
    assert len(seen) <= 6, "\n".join(seen)


def test_the_brands_style_sheet_is_cached_under_its_colour(browse, alpha):
    answer = browse(alpha).get("/brand.css?v=1d4ed8")
    assert "--brand:#" in answer.text
    assert "immutable" in answer.headers["Cache-Control"]
    assert "Set-Cookie" not in answer.headers
    assert "immutable" not in browse(alpha).get("/brand.css?v=000000").headers["Cache-Control"]


def test_machines_are_kept_out_of_what_is_somebodys_own(browse, alpha):
    assert "Disallow: /*/requests" in browse(alpha).get("/robots.txt").text
    for path in ("/en/search?q=x", "/en/requests", "/signin"):
        assert browse(alpha).get(path).headers["X-Robots-Tag"] == "noindex"
    for path in ("/en/", "/en/requests/new"):
        assert "X-Robots-Tag" not in browse(alpha).get(path).headers


def test_the_usual_time_to_an_answer_is_told_once_there_are_enough(browse, alpha, in_tenant, travel, make_many_answers):
    assert "We answer as soon as we can." in browse(alpha).get("/en/").text
    make_many_answers(20, after=timedelta(hours=2))
    assert "We usually answer within 2 hours." in browse(alpha).get("/en/").text


@pytest.fixture
def make_many_answers(in_tenant, alpha):
    def answered(count, *, after):
        with in_tenant(alpha) as session:
            for _ in range(count):
                ticket = factories.ticket(session)
                ticket.first_replied_at = ticket.created_at + after

    return answered


def test_a_withdrawn_article_is_gone_at_once(browse, alpha, in_tenant, publish):
    article = publish(title="Parking")
    with in_tenant(alpha) as session:
        commands.withdraw(session, queries.get(session, article.id, actor=SYSTEM), actor=SYSTEM)
    assert browse(alpha).get(f"/en/a/{article.id}-parking").status_code == 404
