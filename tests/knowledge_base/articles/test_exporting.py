"""Exporting: what comes out goes in again, to the same articles."""

import json

import pytest
from sqlalchemy import select

from kernel.actors import SYSTEM
from knowledge_base.articles import commands
from knowledge_base.articles.exporting import export_all
from knowledge_base.articles.importing import import_all
from knowledge_base.articles.models import Article, ArticleStatus
from tests import factories


@pytest.fixture
def shelf(in_tenant, alpha):
    with in_tenant(alpha) as session:
        bills = commands.add_category(session, names={"en": "Bills", "zh_Hant": "帳單"}, parent=None, actor=SYSTEM)
        refunds = commands.add_category(session, names={"en": "Refunds", "zh_Hant": "退款"}, parent=bills, actor=SYSTEM)
        facts = {
            "summary": "In short.",
            "keywords": ["money back", "退錢"],
            "asked_as": ["where is my money"],
            "category": refunds,
        }
        first = factories.article(session, title='A "quoted" title\u2028', body="## One\n\n- two | three", **facts)
        place = {"translation_key": first.translation_key, "language": "zh_Hant", "category": refunds}
        factories.article(session, title="退款", body="三天內退款。", **place)
        factories.article(session, title="Draft", category=bills, status=ArticleStatus.DRAFT)


def content(in_tenant, tenant):
    with in_tenant(tenant) as session:
        rows = session.scalars(select(Article).order_by(Article.title))
        fields = ("language", "title", "summary", "body", "keywords", "asked_as", "status")
        return [tuple(getattr(row, field) for field in fields) for row in rows]


def test_an_export_goes_into_another_tenant_and_comes_out_the_same(in_tenant, alpha, beta, shelf, tmp_path):
    first, second = tmp_path / "first.jsonl", tmp_path / "second.jsonl"
    assert export_all(alpha.stand, first) == 3
    result = import_all(beta.stand, first)
    assert (result.written, result.problems) == (3, [])
    assert content(in_tenant, beta) == content(in_tenant, alpha)
    export_all(beta.stand, second)

    def lines(path):
        return sorted(path.read_text("utf-8").split("\n"))

    assert lines(first) == lines(second)


def test_importing_ones_own_export_changes_nothing(alpha, shelf, tmp_path):
    file = tmp_path / "all.jsonl"
    export_all(alpha.stand, file)
    result = import_all(alpha.stand, file)
    assert (result.written, result.changed, result.unchanged) == (0, 0, 3)


def test_a_line_is_what_the_import_takes(alpha, shelf, tmp_path):
    file = tmp_path / "all.jsonl"
    export_all(alpha.stand, file)
    by_title = {line["title"]: line for line in map(json.loads, file.read_text("utf-8").splitlines()) if "title" in line}
    assert by_title["退款"]["category"] == "帳單 / 退款"
    assert by_title["退款"]["lang"] == "zh-Hant"
    assert by_title["Draft"]["status"] == "draft"


def test_an_export_that_breaks_off_leaves_the_earlier_file_alone(alpha, shelf, tmp_path, monkeypatch):
    from knowledge_base.articles import exporting

    file = tmp_path / "all.jsonl"
    file.write_text("earlier")

    def broken(*_given):
        raise OSError("the disk is full")

    monkeypatch.setattr(exporting, "_facts", broken)
    with pytest.raises(OSError, match="full"):
        export_all(alpha.stand, file)
    assert file.read_text() == "earlier"
