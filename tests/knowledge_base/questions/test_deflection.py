"""Gaps and deflection, counted in people by the seven-day rule."""

from datetime import timedelta

import pytest

from kernel import clock
from kernel.actors import SYSTEM
from kernel.i18n import ENGLISH
from knowledge_base.articles import commands as articles
from knowledge_base.questions import commands, deflection, queries
from knowledge_base.questions.deflection import Outcome
from knowledge_base.questions.models import Face
from tests import factories

LONG_AGO = timedelta(days=60)


@pytest.fixture
def visit(session):
    """`visit("mei", hits=2, writes=True)`: somebody asks, opens an article perhaps, and perhaps writes a ticket."""

    def visited(visitor, *, hits=0, opens=None, writes=False, face=Face.RESULTS, words="发票抬头"):
        question = commands.ask(session, words, language=ENGLISH, face=face, visitor=visitor, hits=hits)
        if opens:
            commands.note_opened(session, question.id, visitor=visitor, article=opens)
        if writes:
            commands.note_writing(session, visitors=[visitor], ticket_id=1, at=clock.now())

    return visited


def test_one_ticket_is_an_accident_and_two_are_a_gap(session, visit):
    visit("a", writes=True)
    visit("b")
    assert deflection.gaps(session) == []
    visit("c", writes=True)
    [gap] = deflection.gaps(session)
    assert (gap.line.phrase, gap.line.times, gap.line.wrote) == ("发票抬头", 3, 2)


def test_who_opened_an_article_before_writing_shows_no_gap(session, visit, make_article):
    for visitor in "ab":
        visit(visitor, hits=2, opens=make_article(), writes=True)
    assert deflection.gaps(session) == []


def test_staff_who_search_make_no_gap_and_no_deflection(session, visit):
    for visitor in "ab":
        visit(visitor, writes=True, face=Face.DESK)
    assert deflection.gaps(session) == []
    assert deflection.deflection(session, since=clock.now() - LONG_AGO).shown == Outcome()


def test_only_people_whose_seven_days_are_over_count(session, visit, travel):
    visit("early", hits=1)
    travel(timedelta(days=6))
    visit("late", hits=1)
    travel(timedelta(days=1, minutes=1))
    assert deflection.deflection(session, since=clock.now() - LONG_AGO).shown == Outcome(1, 0, 1, 1)


def test_somebody_who_asks_five_times_is_one_person(session, visit, travel):
    for _ in range(5):
        visit("mei", hits=1)
    travel(timedelta(days=8))
    assert deflection.deflection(session, since=clock.now() - LONG_AGO).shown.people == 1


def test_who_found_nothing_and_left_is_not_deflected_but_measured_beside(session, visit, travel):
    visit("left", hits=0)
    visit("wrote", hits=0, writes=True)
    visit("read", hits=3)
    travel(timedelta(days=8))
    found = deflection.deflection(session, since=clock.now() - LONG_AGO)
    assert (found.shown.people, found.shown.deflected) == (1, 1)
    assert (found.in_vain.people, found.in_vain.wrote, found.in_vain.deflected) == (2, 1, 0)


def test_an_article_answers_for_those_who_opened_it(session, visit, travel, make_article):
    article, other = make_article(), make_article()
    visit("helped", hits=2, opens=article)
    visit("not helped", hits=2, opens=article, writes=True)
    visit("elsewhere", hits=2, opens=other)
    travel(timedelta(days=8))
    assert deflection.deflection_by(session, article) == Outcome(people=2, wrote=1, deflected=1)


def test_before_and_after_an_answer_are_told_apart(session, visit, travel):
    factories.category(session, "Bills")
    for visitor in "abc":
        visit(visitor, writes=True)
    travel(timedelta(days=8))
    article = commands.write_about(session, "发票抬头", actor=SYSTEM)
    [gap] = deflection.gaps(session)
    assert (gap.answered_at, gap.after.people) == (None, 0)
    articles.publish(session, article, actor=SYSTEM)
    visit("d", hits=1)
    travel(timedelta(days=8))
    [gap] = deflection.gaps(session)
    assert gap.before == Outcome(people=3, wrote=3)
    assert gap.after == Outcome(people=1, deflected=1)


def test_an_answer_that_is_withdrawn_again_changes_nothing_any_more(session, visit):
    factories.category(session, "Bills")
    for visitor in "ab":
        visit(visitor, writes=True)
    article = commands.write_about(session, "发票抬头", actor=SYSTEM)
    articles.publish(session, article, actor=SYSTEM)
    articles.withdraw(session, article, actor=SYSTEM)
    [gap] = deflection.gaps(session)
    assert gap.answered_at is None


def test_a_hundred_gaps_cost_as_many_statements_as_one(session, visit, count_statements):
    def cost():
        with count_statements() as seen:
            deflection.gaps(session)
        return len(seen)

    for visitor in "ab":
        visit(visitor, writes=True, words="one")
    before = cost()
    for word in ("two", "three", "four"):
        for visitor in "ab":
            visit(visitor, writes=True, words=word)
    assert cost() == before
    assert len(deflection.gaps(session)) == 4


def test_passed_by_are_phrases_with_results_that_nobody_opens(session, visit, make_article):
    for visitor in "abc":
        visit(visitor, hits=2, words="passed by")
        visit(visitor, hits=2, words="read", opens=make_article())
    visit("d", hits=2, words="asked once")
    found = queries.report(session, "unopened", since=clock.now() - LONG_AGO)
    assert [line.phrase for line in found] == ["passed by"]


def test_somebody_who_goes_on_asking_is_not_counted_yet(session, visit, travel):
    visit("mei", hits=1)
    travel(timedelta(days=5))
    visit("mei", hits=1)
    travel(timedelta(days=5))
    since = clock.now() - LONG_AGO
    assert deflection.deflection(session, since=since).shown.pending == 1
    travel(timedelta(days=3))
    assert deflection.deflection(session, since=since).shown.deflected == 1
