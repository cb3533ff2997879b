"""What only the index in PostgreSQL does: the texts that articles are ranked by are sent once, for one writing of a row."""

import pytest

from kernel import database
from knowledge_base.search.postgres_index import PostgresBackend
from tests.knowledge_base.search.conftest import article, found

QUESTION = "what about the deposit"
OFTEN, ONCE = "deposit deposit deposit", "deposit room key"


@pytest.fixture
def index(session):
    return PostgresBackend(session)


def texts_sent(statements):
    return [one for one in statements if "array_to_string" in one]


def test_the_texts_of_an_article_are_sent_once(index, count_statements):
    index.apply([article(1, "One", OFTEN), article(2, "Two", ONCE)])
    with count_statements() as first:
        assert found(index, QUESTION) == [1, 2]
    with count_statements() as second:
        assert found(index, QUESTION) == [1, 2]
    assert (len(texts_sent(first)), len(texts_sent(second))) == (1, 0)


def test_an_article_is_ranked_by_what_it_says_now(index, session, count_statements):
    index.apply([article(1, "One", OFTEN), article(2, "Two", ONCE)])
    assert found(index, QUESTION) == [1, 2]
    index.apply([article(1, "One", ONCE), article(2, "Two", OFTEN)])
    with count_statements() as seen:
        assert found(index, QUESTION) == [2, 1]
    assert len(texts_sent(seen)) == 1
    with session.begin_nested() as change:
        index.apply([article(1, "One", OFTEN * 2), article(2, "Two", ONCE)])
        assert found(index, QUESTION) == [1, 2]
        change.rollback()
    assert found(index, QUESTION) == [2, 1]


def test_the_same_number_at_another_tenant_is_another_article(index, beta):
    index.apply([article(1, "One", OFTEN), article(2, "Two", ONCE)])
    assert found(index, QUESTION) == [1, 2]
    elsewhere = database.session_at(beta.stand)
    try:
        other = PostgresBackend(elsewhere)
        other.apply([article(1, "One", ONCE), article(2, "Two", OFTEN)])
        assert found(other, QUESTION) == [2, 1]
    finally:
        database.settle(elsewhere, keep=False)
    assert found(index, QUESTION) == [1, 2]
