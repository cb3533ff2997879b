"""How well questions are answered, held just below what was measured; the sets lie outside the repository."""

import json
from pathlib import Path

import pytest

from knowledge_base.search import index

SETS = Path(__file__).parents[4] / "shared" / "data" / "search"

pytestmark = pytest.mark.skipif(not SETS.is_dir(), reason="the evaluation sets are not here")


def lines(name):
    return [json.loads(line) for line in (SETS / name).read_text(encoding="utf-8").splitlines()]


def indexed(directory, name):
    """Index a set's documents and return the article id of each."""
    documents = lines(f"{name}.docs.jsonl")
    index.rebuild(
        directory,
        (
            index.Document(
                article_id=number,
                revision=1,
                language=document["lang"].replace("-", "_"),
                title=document["title"],
                body=document["body"],
            )
            for number, document in enumerate(documents)
        ),
    )
    return {document["id"]: number for number, document in enumerate(documents)}


def share_found(directory, name, *, asked_in, questions="", most=250):
    """Return in per cent how many questions have a right article as the first hit, and among the first five."""
    article_ids = indexed(directory, name)
    asked = [query for query in lines(f"{questions or name}.queries.public.jsonl") if query["lang"] == asked_in]
    asked = asked[:: max(1, len(asked) // most)]
    first = among_five = 0
    for query in asked:
        hits = [hit.article_id for hit in index.search(directory, query["text"], limit=5).hits]
        right = {article_ids[relevant] for relevant in query["relevant"]}
        first += bool(right & set(hits[:1]))
        among_five += bool(right & set(hits))
    return 100 * first / len(asked), 100 * among_five / len(asked)


@pytest.mark.parametrize(("language", "first", "among_five"), [("zh-Hans", 47, 82), ("zh-Hant", 47, 82), ("en", 40, 71)])
def test_questions_in_other_words_than_the_articles_are_answered(tmp_path, language, first, among_five):
    name = f"service_faq_{language.lower().replace('-', '_')}"
    measured = share_found(tmp_path, name, asked_in=language, questions="service_faq")
    assert measured[0] >= first
    assert measured[1] >= among_five


@pytest.mark.parametrize(
    ("name", "language", "first", "among_five"),
    [("banking77_en", "en", 68, 90), ("xquad_en", "en", 93, 98), ("xquad_zh", "zh-Hans", 92, 98)],
)
def test_natural_questions_are_answered(tmp_path, name, language, first, among_five):
    measured = share_found(tmp_path, name, asked_in=language)
    assert measured[0] >= first
    assert measured[1] >= among_five
