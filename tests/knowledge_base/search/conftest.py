"""Two engines that must find the same."""

import pytest

from knowledge_base.search.documents import Document, Question
from knowledge_base.search.postgres_index import PostgresBackend
from knowledge_base.search.whoosh_index import WhooshBackend


def article(article_id, title, body="", *, language="en", revision=1, **more):
    return Document(article_id=article_id, revision=revision, language=language, title=title, body=body, **more)


def found(engine, words, **more):
    return [hit.article_id for hit in engine.search(Question(words=words, **more)).hits]


def suggested(engine, prefix, **more):
    return engine.suggest(prefix, Question(words=prefix, **{"limit": 6, **more}))


SHOP = (
    article(1, "How to get a booking deposit back", "The deposit is returned within seven days."),
    article(2, "Requesting a VAT invoice", "Invoices are sent as a PDF.", keywords="receipt"),
    article(3, "如何退还预订押金", "押金会在七个工作日内原路返回。", language="zh_Hans"),
    article(4, "如何退還預訂押金", "押金會在七個工作日內原路返回。", language="zh_Hant"),
    article(5, "重置密码", "点击忘记密码。", language="zh_Hans", asked_as="登不上去怎么办"),
    article(6, "Refund approval above 500", "Ask the duty manager.", audience=frozenset({"staff"})),
)


@pytest.fixture(params=["whoosh", "postgres"])
def engine(request, tmp_path):
    """An empty index of each engine."""
    if request.param == "whoosh":
        return WhooshBackend(tmp_path / "tenant")
    return PostgresBackend(request.getfixturevalue("session"))


@pytest.fixture
def shop(engine):
    """A help centre with a handful of articles in three languages."""
    engine.apply(SHOP)
    return engine
