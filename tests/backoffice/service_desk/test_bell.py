import pytest

from knowledge_base.articles import workflow
from knowledge_base.articles.models import ArticleStatus
from service_desk.tickets import commands as tickets
from tenants.permissions import Role
from tests import factories


@pytest.fixture
def news(staff_browser, in_tenant, alpha, run_due):
    """An agent's browser after two customers wrote, one of them twice."""
    agent = staff_browser(alpha)
    with in_tenant(alpha) as session:
        factories.ticket(session, subject="First matter")
        second = factories.ticket(session, subject="Second matter")
        tickets.reply(session, second, body="And another thing.", actor=second.customer.as_actor())
    run_due()
    return agent


def test_the_bell_counts_what_is_unread_and_groups_it_by_ticket(news):
    page = news.get("/desk/bell").text
    assert 'class="count">3<' in page
    assert page.count("is-unread") == 2
    assert page.index("Second matter") < page.index("First matter")
    assert "replied" in page
    assert "sent a new request" in page


def test_everything_is_marked_as_read_at_once(news):
    assert news.submit("/desk/bell", {}, to="/desk/bell/read").status_code == 303
    page = news.get("/desk/bell").text
    assert "is-unread" not in page
    assert "Mark all as read" not in page


def test_nobody_hears_the_bell_of_a_colleague_or_of_another_tenant(news, staff_browser, alpha, beta):
    for stranger in (staff_browser(alpha, Role.MANAGER), staff_browser(beta)):
        assert "matter" not in stranger.get("/desk/bell").text


def test_the_count_asks_for_itself_as_a_fragment(news):
    answer = news.fragment("/desk/bell/count").text
    assert 'id="bell"' in answer
    assert "<html" not in answer


def test_an_empty_bell_says_what_will_come(staff_browser, alpha):
    assert "Nothing has happened yet" in staff_browser(alpha).get("/desk/bell").text


@pytest.fixture
def asked_for_review(staff_browser, in_tenant, alpha, run_due):
    """A manager's browser, after an agent wrote two articles and asked for their review; and the first one's address."""
    manager = staff_browser(alpha, Role.MANAGER)
    with in_tenant(alpha) as session:
        author = factories.staff_member(session, name="Ana").as_actor()
        drafts = [
            factories.article(session, title=title, status=ArticleStatus.DRAFT, actor=author)
            for title in ("Lost keys", "Late breakfast")
        ]
        for draft in drafts:
            workflow.submit(session, draft, actor=author)
    run_due()
    return manager, f"/desk/articles/{drafts[0].id}"


def test_the_bell_leads_a_reviewer_to_the_article_and_opening_it_is_reading(asked_for_review):
    manager, address = asked_for_review
    page = manager.get("/desk/bell").text
    assert f'<a href="{address}">Lost keys</a>' in page
    assert page.count("Ana asked for a review") == 2
    assert 'class="count">2<' in page
    manager.get(address)
    assert manager.get("/desk/bell").text.count("is-unread") == 1


@pytest.mark.parametrize(("language", "said"), [("zh_Hans", "Ana 提交了审核"), ("zh_Hant", "Ana 送出審核")])
def test_the_bell_speaks_its_readers_language(asked_for_review, language, said):
    manager, _address = asked_for_review
    manager.submit("/desk/bell", {"language": language}, to="/desk/me/language")
    assert said in manager.get("/desk/bell").text
