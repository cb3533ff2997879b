"""Importing articles, again and again, without doubling anything."""

import json

import pytest
from sqlalchemy import select

from kernel.actors import VISITOR
from knowledge_base.articles import importing, queries
from knowledge_base.articles.models import Article, ArticleStatus, Category

LATE = "---\nid: late\ntitle: Late check-out\ncategory: Rooms / Leaving\nlanguage: en\nkeywords: [late]\n---\nAsk before ten.\n"
LATE_CHINESE = "---\nid: late\ntitle: 延後退房\ncategory: 客房 / 退房\nlanguage: zh_Hant\n---\n十點前請洽櫃台。\n"


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "deep").mkdir()
    (tmp_path / "late.en.md").write_text(LATE)
    (tmp_path / "deep" / "late.zh.md").write_text(LATE_CHINESE)
    (tmp_path / "notes.txt").write_text("not an article")
    return tmp_path


def _counts(result):
    return (result.written, result.changed, result.unchanged, len(result.problems))


def _articles(in_tenant, tenant):
    with in_tenant(tenant) as session:
        return {(article.translation_key, article.language): article for article in session.scalars(select(Article))}


def test_a_folder_becomes_articles_with_their_translations(alpha, in_tenant, folder):
    assert _counts(importing.import_all(alpha.stand, folder)) == (2, 0, 0, 0)
    articles = _articles(in_tenant, alpha)
    assert set(articles) == {("late", "en"), ("late", "zh_Hant")}
    assert articles["late", "en"].keywords == ["late"]
    with in_tenant(alpha) as session:
        assert len(session.scalars(queries.visible_to(VISITOR)).all()) == 2


def test_a_translation_names_the_categories_of_its_article(alpha, in_tenant, folder):
    importing.import_all(alpha.stand, folder)
    with in_tenant(alpha) as session:
        names = [category.names for category in session.scalars(select(Category).order_by(Category.id))]
    assert names == [{"en": "Rooms", "zh_Hant": "客房"}, {"en": "Leaving", "zh_Hant": "退房"}]


def test_importing_twice_changes_nothing(alpha, in_tenant, folder):
    importing.import_all(alpha.stand, folder)
    before = {key: article.revision for key, article in _articles(in_tenant, alpha).items()}
    assert _counts(importing.import_all(alpha.stand, folder)) == (0, 0, 2, 0)
    assert {key: article.revision for key, article in _articles(in_tenant, alpha).items()} == before


def test_a_changed_file_changes_its_article_only(alpha, in_tenant, folder):
    importing.import_all(alpha.stand, folder)
    (folder / "late.en.md").write_text(LATE.replace("before ten", "before nine"))
    assert _counts(importing.import_all(alpha.stand, folder)) == (0, 1, 1, 0)
    assert _articles(in_tenant, alpha)["late", "en"].body == "Ask before nine."


@pytest.mark.parametrize(
    "content",
    [
        "---\ntitle: [unclosed\n---\nbody",
        "---\ntitle: X\nlanguage: fr\n---\nbody",
        "---\ntitle: X\n---\n",
        "---\ncategory: Y\n---\nbody without a title",
        "---\ntitle: X\nstatus: perhaps\n---\nbody",
        "---\n- a list\n---\nbody",
        "---\ntitle: X\nkeywords: 7\ncategory: [a]\n---\n",
        "\x00\x01",
    ],
)
def test_a_broken_file_is_reported_with_its_name_and_the_rest_is_imported(alpha, in_tenant, folder, content):
    (folder / "broken.md").write_text(content)
    result = importing.import_all(alpha.stand, folder)
    assert _counts(result) == (2, 0, 0, 1)
    assert result.problems[0].startswith("broken.md: ")


def test_a_file_that_is_not_utf_8_is_reported(alpha, folder):
    (folder / "latin.md").write_bytes(b"---\ntitle: caf\xe9\n---\nbody")
    assert importing.import_all(alpha.stand, folder).problems[0].startswith("latin.md: ")


def test_lines_of_json_are_articles_too(alpha, in_tenant, tmp_path):
    lines = [
        json.dumps({"id": "a", "title": "退款", "body": "七天內。", "lang": "zh-TW", "category": "付款"}),
        "",
        json.dumps({"id": "b", "title": "Refunds", "body": "Within seven days.", "keywords": "money, back", "status": "draft"}),
        "{not json",
        json.dumps(["a", "list"]),
        json.dumps({"title": "No id", "body": "x"}),
    ]
    path = tmp_path / "articles.jsonl"
    path.write_text("\n".join(lines))
    result = importing.import_all(alpha.stand, path)
    assert _counts(result) == (2, 0, 0, 3)
    assert [problem.partition(": ")[0] for problem in result.problems] == [f"articles.jsonl:{n}" for n in (4, 5, 6)]
    articles = _articles(in_tenant, alpha)
    assert articles["a", "zh_Hant"].title == "退款"
    assert (articles["b", "en"].status, articles["b", "en"].keywords) == (ArticleStatus.DRAFT, ["money", "back"])


def test_progress_is_shown_to_the_end(alpha, folder):
    shown = []
    importing.import_all(alpha.stand, folder, lambda done, of: shown.append((done, of)))
    assert shown[-1] == (2, 2)


def test_an_empty_folder_imports_nothing(alpha, tmp_path):
    assert _counts(importing.import_all(alpha.stand, tmp_path)) == (0, 0, 0, 0)


def test_what_one_tenant_imports_no_other_reads(alpha, beta, in_tenant, folder):
    importing.import_all(alpha.stand, folder)
    assert _articles(in_tenant, beta) == {}


def test_the_id_of_the_source_is_kept_and_finds_the_article_again(alpha, in_tenant, folder):
    importing.import_all(alpha.stand, folder)
    with in_tenant(alpha) as session:
        for article in session.scalars(select(Article)):
            assert article.external_id == "late"
            article.translation_key = "moved"
    (folder / "late.en.md").write_text(LATE.replace("before ten", "before nine"))
    assert _counts(importing.import_all(alpha.stand, folder))[:2] == (0, 1)


def test_phrases_collected_here_stay_where_the_source_says_nothing_of_them(alpha, in_tenant, tmp_path):
    path = tmp_path / "articles.jsonl"
    source = {"id": "a", "title": "Refunds", "body": "Within seven days.", "asked_as": ["money back", "money back"]}
    path.write_text(json.dumps(source))
    importing.import_all(alpha.stand, path)
    del source["asked_as"]
    path.write_text(json.dumps({**source, "body": "Within eight days."}))
    importing.import_all(alpha.stand, path)
    assert _articles(in_tenant, alpha)["a", "en"].asked_as == ["money back"]
