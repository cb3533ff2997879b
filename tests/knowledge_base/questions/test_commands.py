"""The query log: what is written down of a question, and what never is."""

from datetime import timedelta

import pytest
from sqlalchemy import select

import worker
from kernel import clock
from kernel.actors import SYSTEM
from kernel.i18n import ENGLISH, TRADITIONAL
from knowledge_base.articles.models import ArticleStatus
from knowledge_base.questions import commands, queries
from knowledge_base.questions.models import Face, NextStep, Question
from tests import factories


@pytest.fixture
def ask(session):
    def asked(words, *, face=Face.RESULTS, visitor="reader", hits=0, language=ENGLISH):
        return commands.ask(session, words, language=language, face=face, visitor=visitor, hits=hits)

    return asked


@pytest.fixture
def log(session):
    def rows():
        found = session.scalars(select(Question).order_by(Question.id).execution_options(populate_existing=True))
        return [(row.typed, row.face, row.next_step) for row in found]

    return rows


def test_a_phrase_is_counted_folded_and_kept_as_typed(session, ask):
    for words in ("发票抬头", "發票抬頭？", "發票  抬頭"):
        ask(words, language=TRADITIONAL)
    assert {row.phrase for row in session.scalars(select(Question))} == {"发票抬头", "发票 抬头"}
    assert [one.typed for one in queries.wordings(session, "发票抬头")] == ["发票抬头", "發票抬頭？"]


def test_what_is_still_being_typed_is_one_question(ask, log):
    for words in ("re", "ref", "refund", "refunds"):
        ask(words, face=Face.SUGGESTIONS, hits=1)
    assert log() == [("refunds", "suggestions", "")]


def test_pressing_enter_makes_the_suggestion_a_search_and_not_a_second_question(ask, log):
    ask("refun", face=Face.SUGGESTIONS)
    ask("refund")
    assert log() == [("refund", "results", "")]


def test_taking_the_words_along_to_the_request_form_is_the_same_question(ask, log):
    ask("refund", hits=7)
    ask("refund", face=Face.REQUEST, hits=3)
    assert log() == [("refund", "results", "")]


def test_searching_the_same_three_times_counts_three(ask, log):
    for _ in range(3):
        ask("发票抬头")
    assert len(log()) == 3


def test_other_words_refine_the_question_before(ask, log):
    ask("refund")
    ask("money back")
    ask("money back", visitor="somebody else")
    assert log() == [("refund", "results", "refined"), ("money back", "results", ""), ("money back", "results", "")]


def test_after_half_an_hour_it_is_another_visit(ask, log, travel):
    ask("refund")
    travel(timedelta(minutes=31))
    ask("money back")
    assert [step for _words, _face, step in log()] == ["", ""]


@pytest.mark.parametrize("words", ["", "   ", "？！", "..."])
def test_what_says_nothing_is_not_written_down(ask, log, words):
    assert ask(words) is None
    assert log() == []


def test_no_personal_data_reaches_the_log(session, ask):
    ask("where is order AB-20931 of mei@mail.example, phone 0912-345-678")
    row = session.scalar(select(Question))
    assert row.typed == "where is order [number] of [e-mail], phone [phone]"
    assert "20931" not in row.phrase


def test_who_is_signed_in_has_one_key_in_every_browser_that_names_nobody(session, make_customer):
    mei, tom = make_customer(name="Mei").as_actor(), make_customer(name="Tom").as_actor()
    assert commands.key_of(session, mei) == commands.key_of(session, mei) != commands.key_of(session, tom)
    assert str(mei.id) not in commands.key_of(session, mei)


def test_the_first_article_opened_is_the_next_step(session, ask, log, make_article):
    question, first, second = ask("refund", hits=2), make_article(), make_article()
    for article in (first, second):
        commands.note_opened(session, question.id, visitor="reader", article=article)
    session.refresh(question)
    assert (question.next_step, question.article_id) == (NextStep.OPENED, first.id)


def test_nobody_can_open_an_article_in_another_readers_name(session, ask, log, make_article):
    question = ask("refund", hits=1)
    commands.note_opened(session, question.id, visitor="somebody else", article=make_article())
    assert log() == [("refund", "results", "")]


def test_writing_counts_for_seven_days_and_names_the_ticket_of_the_same_visit_only(session, ask, travel):
    early = ask("late check-out")
    travel(timedelta(days=5))
    late = ask("refund")
    commands.note_writing(session, visitors=["reader"], ticket_id=7, at=clock.now())
    for row in (early, late):
        session.refresh(row)
        assert row.wrote_at is not None
    assert (early.ticket_id, late.ticket_id) == (None, 7)
    assert (early.next_step, late.next_step) == ("", NextStep.ASKED)


def test_writing_after_more_than_seven_days_is_about_something_else(session, ask, travel):
    question = ask("refund")
    travel(timedelta(days=7, minutes=1))
    commands.note_writing(session, visitors=["reader"], ticket_id=7, at=clock.now())
    session.refresh(question)
    assert question.wrote_at is None


def test_questions_are_removed_after_half_a_year(session, ask, log, travel):
    ask("old")
    travel(timedelta(days=100))
    ask("young")
    travel(timedelta(days=81))
    assert commands.forget_old(session) == 1
    assert [words for words, _face, _step in log()] == ["young"]


def test_the_hourly_housekeeping_forgets_in_every_tenant(alpha, beta, in_tenant, travel):
    for tenant in (alpha, beta):
        with in_tenant(tenant) as session:
            commands.ask(session, "old", language=ENGLISH, face=Face.RESULTS, visitor="reader", hits=0)
    travel(timedelta(days=181))
    worker.keep_house()
    for tenant in (alpha, beta):
        with in_tenant(tenant) as session:
            assert session.scalars(select(Question)).all() == []


def test_a_draft_about_a_phrase_has_its_commonest_wording_its_language_and_its_other_wordings(session, ask):
    factories.category(session, "Bills")
    for words in ("發票抬頭", "發票抬頭", "发票抬头"):
        ask(words, language=TRADITIONAL)
    article = commands.write_about(session, "发票抬头", actor=SYSTEM)
    assert (article.title, article.language, article.status) == ("發票抬頭", "zh_Hant", ArticleStatus.DRAFT)
    assert article.asked_as == ["发票抬头"]
    assert "先寫步驟" in article.body


def test_without_a_category_no_draft_is_begun(session, ask):
    ask("refund")
    with pytest.raises(commands.NoCategoryYet):
        commands.write_about(session, "refund", actor=SYSTEM)


def test_also_asked_as_is_added_once_in_whichever_script(session, ask, make_article):
    article = make_article(title="開立發票", language="zh_Hant")
    ask("发票抬头")
    commands.also_ask(session, "发票抬头", article=article, actor=SYSTEM)
    commands.learn(session, article, wording="發票抬頭", actor=SYSTEM)
    assert article.asked_as == ["发票抬头"]


def test_a_dismissed_phrase_can_be_taken_up_again(session, ask):
    ask("asdf")
    since = clock.now() - timedelta(days=1)
    commands.dismiss(session, "asdf", actor=SYSTEM)
    assert queries.report(session, "in_vain", since=since) == []
    assert [line.phrase for line in queries.report(session, "dismissed", since=since)] == ["asdf"]
    commands.reconsider(session, "asdf", actor=SYSTEM)
    assert [line.phrase for line in queries.report(session, "in_vain", since=since)] == ["asdf"]
