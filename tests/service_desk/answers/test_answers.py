"""Tickets that become articles, and articles that answer tickets."""

from datetime import timedelta

import pytest
from sqlalchemy import select

from kernel.actors import SYSTEM
from kernel.i18n import BY_CODE
from knowledge_base.articles.models import ArticleStatus
from knowledge_base.questions import commands as questions
from knowledge_base.questions.models import Face, Question
from service_desk.answers import commands, jobs, queries
from service_desk.tickets import commands as tickets
from service_desk.tickets import queries as ticket_queries
from service_desk.tickets.models import Status
from tests import factories

ASKED = "您好，我是王小明，订单号 20260301123456 的发票抬头写错了，电话 13800138000，邮箱 xm@mail.example。"
ANSWERED = "王先生您好，请登录后在“我的发票”中重新填写抬头，张经理会在一天内处理。"


@pytest.fixture
def solved(session, make_customer):
    """A conversation in Chinese, answered and solved, with a note that must stay inside."""
    factories.category(session, "Bills")
    customer = make_customer(name="王小明", organisation="瑞居科技", phone="+8613800138000", language="zh_Hans")
    agent = factories.staff_member(session, name="张丽").as_actor()
    ticket = factories.ticket(session, customer=customer, subject="王小明的发票抬头错误", body=ASKED, language="zh_Hans")
    tickets.note(session, ticket, body="Difficult customer", actor=agent)
    tickets.reply(session, ticket, body=ANSWERED, actor=agent, status=Status.SOLVED)
    return ticket


def draft(session, ticket, actor=SYSTEM):
    return commands.draft_from(session, ticket, ticket_queries.conversation(session, ticket, actor=SYSTEM), actor=actor)


def test_k08_a_solved_ticket_becomes_a_draft_with_question_and_answer_that_waits_for_review(session, solved):
    article = draft(session, solved)
    assert (article.status, article.language) == (ArticleStatus.IN_REVIEW, "zh_Hans")
    assert article.title == "[姓名]的发票抬头错误"
    assert article.body.startswith("## 问题\n\n您好，我是[姓名]，订单号 [号码] 的发票抬头写错了")
    assert "## 解答\n\n[姓名]先生您好，请登录后在“我的发票”中重新填写抬头" in article.body


@pytest.mark.parametrize("secret", ["王", "小明", "张", "20260301123456", "13800138000", "xm@", "Difficult"])
def test_k08_nobody_of_the_conversation_is_left_in_the_draft(session, solved, secret):
    article = draft(session, solved)
    assert secret not in article.title + article.body + article.summary + article.search_text


def test_k08_an_english_ticket_too(session, make_customer):
    factories.category(session)
    agent = factories.staff_member(session, name="Sam Carter").as_actor()
    customer = make_customer(name="Mei Chen", organisation="Alpha Trading Ltd")
    body = "Hi, Mei Chen of Alpha Trading Ltd here. Invoice INV-2026-0042 shows the wrong name. +886 2 5550 0188"
    ticket = factories.ticket(session, customer=customer, subject="Wrong name on INV-2026-0042", body=body)
    tickets.reply(session, ticket, body="Dear Mei,\n\nWe sent a new one.\n\nSam", actor=agent, status=Status.SOLVED)
    text = draft(session, ticket).body
    for secret in ("Mei", "Chen", "Alpha Trading", "0042", "5550", "Sam"):
        assert secret not in text
    assert "We sent a new one." in text


def test_k08_a_draft_without_an_answer_waits_for_its_author(session, make_ticket, sam):
    factories.category(session)
    ticket = make_ticket()
    tickets.set_status(session, ticket, status=Status.SOLVED, actor=sam)
    assert draft(session, ticket).status == ArticleStatus.DRAFT


def test_k08_a_ticket_makes_one_draft_however_often_it_is_asked(session, solved):
    assert draft(session, solved).id == draft(session, solved).id


def test_k08_an_open_ticket_makes_no_article(session, solved, sam):
    tickets.set_status(session, solved, status=Status.OPEN, actor=sam)
    with pytest.raises(commands.TicketNotSolved):
        draft(session, solved)


def told(session, ticket, name):
    """Tell our listeners about the ticket's newest event of this name."""
    from kernel.events import Event

    found = select(Event).where(Event.name == name, Event.subject_id == ticket.id).order_by(Event.at.desc()).limit(1)
    return session.scalar(found)


def test_k07_an_article_whose_link_a_reply_holds_is_counted_once_a_ticket(session, make_ticket, make_article, sam):
    ticket, article, other = make_ticket(), make_article(), make_article()
    link = f"https://alpha.example/en/a/{article.id}-how-to"
    tickets.reply(session, ticket, body=f"See {link} and {link} or /zh-hans/a/424242-x", actor=sam)
    for _ in range(2):
        jobs.on_staff_replied(session, told(session, ticket, "ticket.replied"))
    assert (queries.reply_count(session, article), queries.reply_count(session, other)) == (1, 0)
    assert [one.id for one in queries.tickets_of(session, article, actor=SYSTEM)] == [ticket.id]


def test_a_customers_link_is_not_our_answer(session, make_ticket, make_article):
    ticket, article = make_ticket(), make_article()
    tickets.reply(session, ticket, body=f"I read /en/a/{article.id}-x", actor=ticket.customer.as_actor())
    jobs.on_staff_replied(session, told(session, ticket, "ticket.replied"))
    assert queries.reply_count(session, article) == 0


@pytest.mark.parametrize("channel", ["portal", "desk", "reply"])
def test_writing_on_any_channel_ends_the_deflection(session, make_customer, make_ticket, sam, travel, channel):
    """A signed-in customer finds something, and two days later writes: by the form, by telephone, to an old ticket."""
    mei = make_customer()
    old = make_ticket(customer=mei)
    visitor = questions.key_of(session, mei.as_actor())
    question = questions.ask(session, "refund", language=BY_CODE["en"], face=Face.RESULTS, visitor=visitor, hits=2)
    travel(timedelta(days=2))
    if channel == "reply":
        tickets.reply(session, old, body="One more thing", actor=mei.as_actor())
    else:
        old = make_ticket(customer=mei, actor=mei.as_actor() if channel == "portal" else sam)
    jobs.on_customer_wrote(session, told(session, old, "ticket.replied" if channel == "reply" else "ticket.created"))
    session.refresh(question)
    assert question.wrote_at is not None


def test_our_own_reply_is_nobodys_writing(session, make_customer, make_ticket, sam):
    mei = make_customer()
    ticket = make_ticket(customer=mei)
    visitor = questions.key_of(session, mei.as_actor())
    questions.ask(session, "refund", language=BY_CODE["en"], face=Face.RESULTS, visitor=visitor, hits=2)
    tickets.reply(session, ticket, body="Hello", actor=sam)
    jobs.on_customer_wrote(session, told(session, ticket, "ticket.replied"))
    assert session.scalar(select(Question.wrote_at)) is None


def test_an_article_learns_the_words_of_its_tickets_without_their_people(session, make_customer, make_article):
    ticket = factories.ticket(session, customer=make_customer(name="Mei Chen"), subject="Mei Chen: double charge")
    article = make_article(title="Charged twice")
    commands.learn_from(session, article, ticket, actor=SYSTEM)
    assert article.asked_as == ["double charge"]
