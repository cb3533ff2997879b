"""The reports on what readers look for, and what can be done from them; scripted with the clock of the test."""

import itertools
import re
from datetime import timedelta

import pytest
from sqlalchemy import select

from kernel import clock
from kernel.actors import SYSTEM
from knowledge_base.articles import commands as articles
from knowledge_base.articles import queries as article_queries
from knowledge_base.articles.models import Article, ArticleStatus
from knowledge_base.questions.models import Question
from tenants.permissions import Role
from tests import factories

REPORT = "/desk/questions"
GUEST = {"body": "How do I get one?"}
_count = itertools.count(1)


@pytest.fixture
def search(browse, alpha):
    """Somebody new searches, opens what is found when there is something, and perhaps writes."""

    def searched(words, *, writes=False, language="zh-hans"):
        browser = browse(alpha, language)
        page = browser.get(f"/{language}/search?q={words}").text
        if found := re.search(rf'href="(/{language}/a/[^"]+)" lang', page):
            browser.get(found[1])
        if writes:
            guest = {**GUEST, "subject": words, "email": f"guest{next(_count)}@mail.example"}
            assert browser.submit(f"/{language}/requests/new", guest).status_code == 303
        return browser

    return searched


def test_k11_a_search_in_vain_is_in_the_report_the_same_minute_with_its_count(search, alpha, staff_browser, browse):
    browser = browse(alpha, "zh-CN")
    for _ in range(3):
        browser.get("/zh-hans/search?q=发票抬头")
    page = staff_browser(alpha).get(f"{REPORT}?tab=in_vain").text
    row = re.search(
        r'<th scope="row"><a [^>]*>发票抬头</a></th>\s*<td class="end">(\d+) ×</td><td class="end phone-hidden">(\d+)</td>',
        page,
    )
    assert row.groups() == ("3", "1")


def test_z11_five_miss_a_gap_is_written_up_and_four_of_the_next_five_are_deflected(
    search, alpha, staff_browser, run_due, travel, in_tenant
):
    with in_tenant(alpha) as session:
        factories.category(session, "发票", language="zh_Hans")
    for _ in range(5):
        search("发票抬头", writes=True)
    manager = staff_browser(alpha, Role.MANAGER)
    assert "Asked: 5 · People: 5 · Then sent a request: 5" in manager.get(REPORT).text
    travel(timedelta(days=8))
    draft = manager.submit(REPORT, {"phrase": "发票抬头"}, to=f"{REPORT}/write").headers["Location"]
    article_id = int(re.search(r"/articles/(\d+)/edit", draft)[1])
    with in_tenant(alpha) as session:
        article = article_queries.get(session, article_id, actor=SYSTEM)
        articles.change(session, article, values={"body": "在订单页面填写发票抬头。"}, revision=None, actor=SYSTEM)
        articles.publish(session, article, actor=SYSTEM)
    run_due()
    for place in range(5):
        search("发票抬头", writes=place == 0)
    card = manager.get(REPORT).text
    assert "5 people more within the seven days" in card
    assert "Deflected 4 of 5" not in card
    travel(timedelta(days=7, hours=1))
    card = manager.get(REPORT).text
    assert "Deflected 4 of 5" in card
    assert "Before: 5 of 5 wrote to us" in card


def test_the_readers_next_step_is_written_down(search, alpha, in_tenant, run_due):
    with in_tenant(alpha) as session:
        article = factories.article(session, title="Refunds", language="en")
    run_due()
    search("refunds", language="en")
    search("nothing of the kind", language="en", writes=True)
    with in_tenant(alpha) as session:
        rows = session.execute(select(Question.typed, Question.next_step, Question.article_id).order_by(Question.id)).all()
    assert rows == [("refunds", "opened", article.id), ("nothing of the kind", "asked", None)]


@pytest.mark.parametrize(
    "headers",
    [
        {"User-Agent": "Mozilla/5.0 (compatible; Googlebot/2.1)"},
        {"User-Agent": ""},
        {"Sec-Purpose": "prefetch"},
        {"Purpose": "prefetch"},
    ],
)
def test_machines_and_pages_fetched_in_advance_are_not_counted(alpha, browse, in_tenant, headers):
    browse(alpha).get("/en/search?q=refund", **headers)
    browse(alpha).client.head("/en/search?q=refund", headers={"Host": "alpha.localhost:8000", "User-Agent": "x"})
    with in_tenant(alpha) as session:
        assert session.scalars(select(Question)).all() == []


def test_the_second_page_of_results_is_no_second_question(alpha, browse, in_tenant):
    browser = browse(alpha)
    browser.get("/en/search?q=refund")
    browser.get("/en/search?q=refund&page=2")
    with in_tenant(alpha) as session:
        assert len(session.scalars(select(Question)).all()) == 1


@pytest.fixture
def asked(alpha, browse):
    browse(alpha).get("/en/search?q=double%20charge")
    return f"{REPORT}/phrase?phrase=double%20charge"


def test_a_phrase_shows_its_wordings_and_what_its_readers_did(alpha, asked, staff_browser):
    page = staff_browser(alpha).get(asked).text
    for words in ("double charge", "Found nothing", "No article comes close.", "Nobody is on it"):
        assert words in page


def test_one_click_makes_a_draft_with_the_phrase_as_its_title(alpha, asked, staff_browser, in_tenant):
    with in_tenant(alpha) as session:
        factories.category(session, "Bills")
    agent = staff_browser(alpha)
    assert 'value="double charge"' in agent.get(agent.submit(asked, {}, to=f"{REPORT}/write").headers["Location"]).text
    with in_tenant(alpha) as session:
        assert session.scalar(select(Article.status)) == ArticleStatus.DRAFT
    assert "Being written" in agent.get(asked).text


def test_one_click_lets_an_article_be_found_by_the_phrase(alpha, asked, staff_browser, browse, in_tenant, run_due):
    with in_tenant(alpha) as session:
        article = factories.article(session, title="Charged twice", body="Write to us.")
    run_due()
    agent = staff_browser(alpha)
    page = agent.get(f"{asked}&q=charged%20twice").text
    assert "Charged twice" in page
    assert agent.submit(asked, {"article": article.id}, to=f"{REPORT}/also-asked").status_code == 303
    run_due()
    assert "Charged twice" in browse(alpha).get("/en/search?q=double%20charge").text


def test_a_dismissed_phrase_leaves_the_report_and_comes_back_on_request(alpha, asked, staff_browser):
    agent = staff_browser(alpha)
    agent.submit(asked, {"next": f"{REPORT}?tab=in_vain"}, to=f"{REPORT}/dismiss")
    assert "double charge" not in agent.get(f"{REPORT}?tab=in_vain").text
    assert "double charge" in agent.get(f"{REPORT}?tab=dismissed").text
    agent.submit(asked, {}, to=f"{REPORT}/reconsider")
    assert "double charge" in agent.get(f"{REPORT}?tab=in_vain").text


def test_a_viewer_reads_the_reports_and_changes_nothing(alpha, asked, staff_browser):
    viewer = staff_browser(alpha, Role.VIEWER)
    for address in (asked, REPORT, f"{REPORT}?tab=in_vain", "/desk/feedback"):
        page = viewer.get(address).text
        for button in ("/questions/write", "/questions/dismiss", "/questions/also-asked", 'value="handle"'):
            assert button not in page
    for action in ("write", "dismiss", "reconsider", "also-asked"):
        assert viewer.submit(asked, {"phrase": "double charge"}, to=f"{REPORT}/{action}").status_code == 403


def test_what_nobody_asked_is_not_there(alpha, staff_browser):
    agent = staff_browser(alpha)
    assert agent.get(f"{REPORT}/phrase?phrase=never").status_code == 404
    assert agent.submit(REPORT, {"phrase": "never"}, to=f"{REPORT}/write").status_code == 404
    assert agent.submit(REPORT, {}, to=f"{REPORT}/write").status_code == 422


def test_without_a_category_the_desk_says_what_to_do_first(alpha, asked, staff_browser):
    answer = staff_browser(alpha).submit(asked, {}, to=f"{REPORT}/write")
    assert answer.status_code == 422
    assert "Add a category first" in answer.text


@pytest.mark.parametrize("query", ["tab=x", "days=x", "days=99999", "language=xx", "tab=unopened&days=7", "tab=dismissed"])
def test_odd_addresses_show_the_usual_report(alpha, staff_browser, query):
    assert staff_browser(alpha).get(f"{REPORT}?{query}").status_code == 200


@pytest.mark.parametrize("address", [REPORT, f"{REPORT}/phrase?phrase=x", "/desk/feedback", f"{REPORT}/export.csv?tab=in_vain"])
def test_customers_and_strangers_see_no_report(alpha, browse, customer_browser, address):
    for browser in (browse(alpha), customer_browser(alpha)):
        answer = browser.get(address)
        assert answer.status_code == 303
        assert "/desk/signin" in answer.headers["Location"]


@pytest.mark.parametrize(("role", "status"), [(Role.VIEWER, 403), (Role.AGENT, 403), (Role.MANAGER, 200)])
def test_who_may_export_takes_the_report_along(alpha, asked, staff_browser, role, status):
    answer = staff_browser(alpha, role).get(f"{REPORT}/export.csv?tab=in_vain")
    assert answer.status_code == status
    assert ("double charge" in answer.text) is (status == 200)


def test_another_tenants_staff_see_none_of_it(alpha, beta, asked, staff_browser):
    assert "double charge" not in staff_browser(beta).get(f"{REPORT}?tab=in_vain").text
    assert staff_browser(beta).get(asked).status_code == 404


def test_more_phrases_cost_no_more_statements(alpha, browse, staff_browser, count_statements):
    agent = staff_browser(alpha)

    def cost():
        with count_statements() as seen:
            assert agent.get(f"{REPORT}?tab=in_vain").status_code == 200
        return len(seen)

    browse(alpha).get("/en/search?q=one")
    agent.get(REPORT)
    before = cost()
    for words in ("two", "three", "four"):
        browse(alpha).get(f"/en/search?q={words}")
    assert cost() == before


@pytest.fixture
def complaint(alpha, browse, in_tenant):
    with in_tenant(alpha) as session:
        article = factories.article(session, title="Parking")
    browser = browse(alpha)
    vote = {"helpful": "no", "reason": "unclear", "comment": "Which floor is it on?"}
    browser.submit(f"/en/a/{article.id}-parking", vote, to=f"/en/a/{article.id}/vote")
    return article


def test_k11_a_no_with_its_reason_is_in_the_inbox_until_somebody_has_handled_it(alpha, complaint, staff_browser, in_tenant):
    agent = staff_browser(alpha)
    page = agent.get("/desk/feedback").text
    for words in ("Which floor is it on?", "It is hard to understand", "Parking"):
        assert words in page
    vote_id = re.search(r'name="ids" value="(\d+)"', page)[1]
    agent.submit("/desk/feedback", {"action": "handle", "ids": vote_id}, to="/desk/feedback/bulk")
    assert "Which floor is it on?" not in agent.get("/desk/feedback").text
    assert "Which floor is it on?" in agent.get("/desk/feedback?view=handled").text


def test_a_reader_who_says_more_afterwards_is_back_in_the_inbox(alpha, complaint, staff_browser, in_tenant):
    with in_tenant(alpha) as session:
        from knowledge_base.articles.models import Vote

        vote = session.scalar(select(Vote))
        vote.handled_at = clock.now()
        article = article_queries.get(session, complaint.id, actor=SYSTEM)
        facts = {"is_helpful": False, "reason": "other", "comment": "Still unclear"}
        articles.vote(session, article, visitor=vote.visitor, **facts, actor=SYSTEM)
    assert "Still unclear" in staff_browser(alpha).get("/desk/feedback").text


def test_feedback_can_be_searched_and_exported(alpha, complaint, staff_browser):
    manager = staff_browser(alpha, Role.MANAGER)
    assert "Which floor" in manager.get("/desk/feedback?q=FLOOR").text
    assert "Which floor" not in manager.get("/desk/feedback?q=garage").text
    assert "Which floor is it on?" in manager.get("/desk/feedback/export.csv").text
