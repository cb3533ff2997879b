"""K14: a reader of one Chinese script is given what exists in the other, converted and marked as such."""

import re

import pytest

from knowledge_base.articles.models import ArticleStatus
from tests import factories

BODY = "## 会员退款\n\n在软件里查看信息。\n\n| 项目 |\n|---|\n| 退款 |\n\n[退款](/zh-hans/search?q=退款) [本页](#会员退款-1)"


@pytest.fixture
def simplified(alpha, in_tenant):
    with in_tenant(alpha) as session:
        place = factories.category(session, "会员", language="zh_Hans")
        facts = {"title": "会员退款", "summary": "退款的办法", "body": BODY, "language": "zh_Hans", "category": place}
        return factories.article(session, **facts)


def test_a_missing_translation_is_converted_with_a_note_and_is_not_a_404(alpha, browse, simplified):
    answer = browse(alpha).get(f"/zh-hant/a/{simplified.id}-会员退款")
    assert answer.status_code == 200
    assert '<html lang="zh-Hant"' in answer.text
    assert '<h1 lang="zh-Hant">會員退款</h1>' in answer.text
    assert "在軟體裡檢視資訊。" in answer.text
    assert f'href="/zh-hans/a/{simplified.id}-' in answer.text.partition('class="callout')[2].partition("</div>")[0]


def test_addresses_in_a_converted_text_stay_as_they_were(alpha, browse, simplified):
    page = browse(alpha).get(f"/zh-hant/a/{simplified.id}-会员退款").text
    assert '<h2 id="会员退款-1">會員退款</h2>' in page
    assert 'href="/zh-hans/search?q=%E9%80%80%E6%AC%BE"' in page


def test_what_is_converted_is_nobodys_translation_for_search_engines(alpha, browse, simplified):
    page = browse(alpha).get(f"/zh-hant/a/{simplified.id}-会员退款").text
    assert re.search(rf'<link rel="canonical" href="[^"]*/zh-hans/a/{simplified.id}-', page)
    assert "hreflang" not in page.partition("</head>")[0]


def test_lists_names_and_counts_are_in_the_readers_script_too(alpha, browse, simplified):
    home = browse(alpha).get("/zh-hant/").text
    assert "會員退款" in home
    assert re.search(r"會員</a></h3>\s*<p>1 ", home)
    category = browse(alpha).get(f"/zh-hant/c/{simplified.category_id}").headers["Location"]
    page = browse(alpha).get(category).text
    assert '<span lang="zh-Hant">會員退款</span>' in page
    assert "<h1>會員</h1>" in page


def test_what_search_finds_is_in_the_readers_script_too(alpha, browse, simplified, run_due):
    run_due()
    page = browse(alpha).get("/zh-hant/search?q=退款").text
    assert re.search(r'lang="zh-Hant">會員退款</a>', page)
    assert "检视" not in page
    assert ">會員退款</span>" in browse(alpha).get("/zh-hant/search/suggestions?q=會員").text


def test_a_real_translation_takes_the_place_of_the_converted_one(alpha, browse, in_tenant, simplified):
    with in_tenant(alpha) as session:
        key = {"translation_key": simplified.translation_key, "category": simplified.category}
        own = factories.article(session, title="會員退費", language="zh_Hant", **key)
        draft = {"language": "zh_Hans", "status": ArticleStatus.DRAFT, "title": "草稿"}
        factories.article(session, **draft, category=simplified.category)
    page = browse(alpha).get(f"/zh-hant/c/{simplified.category_id}-會員").text
    assert "會員退費" in page
    assert "會員退款" not in page
    answer = browse(alpha).get(f"/zh-hant/a/{simplified.id}-会员退款")
    assert answer.headers["Location"].startswith(f"/zh-hant/a/{own.id}-")


def test_traditional_is_read_in_simplified_as_well(alpha, browse, in_tenant):
    with in_tenant(alpha) as session:
        article = factories.article(session, title="軟體資訊", body="會員專區", language="zh_Hant")
    page = browse(alpha).get(f"/zh-hans/a/{article.id}-軟體資訊").text
    assert '<h1 lang="zh-Hans">软件信息</h1>' in page
    assert "会员专区" in page


def test_english_is_never_converted(alpha, browse, in_tenant, simplified):
    page = browse(alpha).get(f"/en/a/{simplified.id}-会员退款").text
    assert '<h1 lang="zh-Hans">会员退款</h1>' in page
    assert browse(alpha).get("/en/").text.count("会员退款") == 0
