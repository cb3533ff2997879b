"""The help centre beside a ticket: suggestions, insertion, and the article that a ticket becomes."""

import re

import pytest
from sqlalchemy import select, text

from knowledge_base.articles.models import Article, ArticleStatus
from service_desk.tickets import queries
from tenants.permissions import Role
from tests import factories


@pytest.fixture
def refund_ticket(in_tenant, alpha, run_due):
    """A ticket in Chinese about a refund, and articles of which one answers it."""
    with in_tenant(alpha) as session:
        place = {"category": factories.category(session, "订单", language="zh_Hans"), "language": "zh_Hans"}
        factories.article(session, title="发票怎么开", body="在订单页面申请发票。", **place)
        chinese = factories.article(session, title="如何退款", body="打开订单，点退款，三天到账。", **place)
        factories.article(session, title="退款的内部规则", body="退款要经理批准。", status="draft", **place)
        customer = factories.customer(session, name="王小明", language="zh_Hans")
        made = factories.ticket(
            session, customer=customer, subject="我要退款", body="昨天的订单想退款，谢谢。王小明", language="zh_Hans"
        )
        ticket = queries.by_id(session, made.id)
    run_due()
    return ticket, chinese


def panel(page):
    return re.search(r'<section class="panel" id="answers".*?</section>', page, re.S)[0]


def test_k07_the_panel_shows_the_article_that_answers_first_and_no_draft(alpha, staff_browser, refund_ticket):
    ticket, _article = refund_ticket
    shown = panel(staff_browser(alpha).get(f"/desk/tickets/{ticket.number}").text)
    titles = re.findall(r'/desk/articles/\d+" lang="zh-Hans">([^<]+)<', shown)
    assert titles[0] == "如何退款"
    assert "内部规则" not in shown


def test_k07_insert_puts_the_link_into_the_reply_and_sending_it_counts(
    alpha, staff_browser, browse, refund_ticket, run_due, in_tenant
):
    ticket, article = refund_ticket
    agent, path = staff_browser(alpha), f"/desk/tickets/{ticket.number}"
    page = agent.get(f"{path}?insert={article.id}").text
    link = f"http://alpha.localhost:8000/zh-hans/a/{article.id}-如何退款"
    assert f"如何退款\n{link}</textarea>" in page
    assert f'data-insert="如何退款\n{link}"' in page
    reply = {"kind": "reply", "status": "waiting", "body": f"您好，请看：\n{link}"}
    assert agent.submit(path, reply, to=f"{path}/reply").status_code == 303
    run_due()
    assert browse(alpha).get(link.partition("8000")[2]).status_code == 200
    with in_tenant(alpha) as session:
        rows = session.execute(text("SELECT article_id, ticket_id, kind FROM ticket_answer")).all()
    assert rows == [(article.id, ticket.id, "reply")]


def test_k07_the_excerpt_begins_the_article(alpha, staff_browser, refund_ticket):
    ticket, article = refund_ticket
    page = staff_browser(alpha).get(f"/desk/tickets/{ticket.number}?insert={article.id}&excerpt=1").text
    assert "打开订单，点退款，三天到账。\n\n如何退款\nhttp://" in page


def test_k07_what_the_customer_may_not_open_cannot_be_inserted(alpha, staff_browser, refund_ticket, in_tenant):
    ticket, _article = refund_ticket
    with in_tenant(alpha) as session:
        draft = session.scalar(select(Article.id).where(Article.status == ArticleStatus.DRAFT))
    assert staff_browser(alpha).get(f"/desk/tickets/{ticket.number}?insert={draft}").status_code == 404


def test_k07_other_words_find_other_articles_and_are_in_the_log_as_the_desks(alpha, staff_browser, refund_ticket, in_tenant):
    ticket, _article = refund_ticket
    agent = staff_browser(alpha)
    fragment = agent.fragment(f"/desk/tickets/{ticket.number}/answers?answers=发票").text
    assert "发票怎么开" in fragment
    assert "<html" not in fragment
    plain = agent.get(f"/desk/tickets/{ticket.number}/answers?answers=发票")
    assert (plain.status_code, "answers=" in plain.headers["Location"]) == (303, True)
    with in_tenant(alpha) as session:
        assert session.execute(text("SELECT typed, face FROM question")).all() == [("发票", "desk")]


def test_a_viewer_sees_the_articles_and_no_way_to_send_them(alpha, staff_browser, refund_ticket):
    shown = panel(staff_browser(alpha, Role.VIEWER).get(f"/desk/tickets/{refund_ticket[0].number}").text)
    assert "如何退款" in shown
    assert "insert=" not in shown


def test_k08_a_solved_ticket_becomes_a_draft_without_its_customer_for_review(alpha, staff_browser, refund_ticket, in_tenant):
    ticket, _article = refund_ticket
    agent, path = staff_browser(alpha), f"/desk/tickets/{ticket.number}"
    assert f"{path}/article" not in agent.get(path).text
    assert agent.submit(path, {}, to=f"{path}/article").status_code == 422
    agent.submit(path, {"kind": "reply", "status": "solved", "body": "王先生您好，已退款。"}, to=f"{path}/reply")
    assert f"{path}/article" in agent.get(path).text
    answer = agent.submit(path, {}, to=f"{path}/article")
    page = agent.get(answer.headers["Location"]).text
    assert "昨天的订单想退款，谢谢。[姓名]" in page
    with in_tenant(alpha) as session:
        draft = session.scalar(select(Article).where(Article.title == "我要退款"))
    assert (draft.status, draft.language) == (ArticleStatus.IN_REVIEW, "zh_Hans")
    assert "王" not in draft.body
    assert agent.submit(path, {}, to=f"{path}/article").headers["Location"] == answer.headers["Location"]


def test_a_long_conversation_costs_no_more_for_its_suggestions(alpha, staff_browser, in_tenant, count_statements):
    agent = staff_browser(alpha)
    with in_tenant(alpha) as session:
        number = factories.ticket(session).number
    agent.get(f"/desk/tickets/{number}")

    def cost():
        with count_statements() as seen:
            agent.get(f"/desk/tickets/{number}")
        return len(seen)

    before = cost()
    for place in range(3):
        agent.submit(
            f"/desk/tickets/{number}",
            {"kind": "note", "status": "open", "body": f"{place}"},
            to=f"/desk/tickets/{number}/reply",
        )
    agent.get(f"/desk/tickets/{number}")
    assert cost() == before


def test_an_article_shows_what_it_did_and_learns_from_its_tickets_with_one_click(
    alpha, staff_browser, refund_ticket, run_due, in_tenant
):
    ticket, article = refund_ticket
    manager, path = staff_browser(alpha, Role.MANAGER), f"/desk/tickets/{ticket.number}"
    link = f"/zh-hans/a/{article.id}-x"
    manager.submit(path, {"kind": "reply", "status": "waiting", "body": f"See {link}"}, to=f"{path}/reply")
    run_due()
    page = manager.get(f"/desk/articles/{article.id}").text
    assert "Sent in replies" in page
    assert f'action="{path}/learn"' in page
    answer = manager.submit(f"/desk/articles/{article.id}", {"article": article.id}, to=f"{path}/learn")
    assert answer.status_code == 303
    with in_tenant(alpha) as session:
        assert session.scalar(select(Article.asked_as).where(Article.id == article.id)) == ["我要退款"]
    assert f'action="{path}/learn"' not in manager.get(f"/desk/articles/{article.id}").text


def test_an_article_learns_only_from_tickets_that_belong_to_it(alpha, staff_browser, refund_ticket):
    ticket, article = refund_ticket
    path = f"/desk/tickets/{ticket.number}"
    answer = staff_browser(alpha, Role.MANAGER).submit(path, {"article": article.id}, to=f"{path}/learn")
    assert answer.status_code == 404
