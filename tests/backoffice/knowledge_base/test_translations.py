"""The grid of articles by language: missing, there, out of date; and how a translation begins."""

import re
from datetime import timedelta

import pytest

from kernel.actors import SYSTEM
from knowledge_base.articles import commands
from knowledge_base.articles.models import Article
from tenants.permissions import Role
from tests import factories

GRID = "/desk/articles/translations"


@pytest.fixture
def pair(alpha, in_tenant):
    """An English article and its Traditional translation."""
    with in_tenant(alpha) as session:
        english = factories.article(session, title="Parking")
        key = {"translation_key": english.translation_key, "category": english.category}
        return english, factories.article(session, title="停車", language="zh_Hant", **key)


@pytest.fixture
def rewrite(alpha, in_tenant, travel):
    def rewritten(article, **values):
        travel(timedelta(minutes=1))
        with in_tenant(alpha) as session:
            commands.change(session, session.get(Article, article.id), values=values, revision=None, actor=SYSTEM)

    return rewritten


def cells(page):
    """Return the grid's cells in words, row by row, in the order of the languages."""
    body = page.partition("<tbody")[2].partition("</tbody>")[0]
    seen = re.sub(r'<span class="visually-hidden">.*?</span>', "", body, flags=re.S)
    rows = [re.findall(r"<td.*?</td>", row, re.S) for row in seen.split("<tr>")[1:]]
    return [[" ".join(re.sub(r"<[^>]+>", " ", cell).split()).partition(" ")[2] for cell in row] for row in rows]


def test_the_grid_shows_what_is_there_and_what_is_missing(alpha, staff_browser, pair):
    assert cells(staff_browser(alpha).get(GRID).text) == [["Published", "Translate", "Published"]]


def test_a_translation_is_out_of_date_once_its_source_is_written_anew(alpha, staff_browser, pair, rewrite):
    english, chinese = pair
    rewrite(chinese, body="新")
    assert "Out of date" not in staff_browser(alpha).get(GRID).text
    rewrite(english, body="Behind the house.")
    assert cells(staff_browser(alpha).get(GRID).text) == [["Published Out of date", "Translate", "Published"]]
    rewrite(chinese, body="在屋後。")
    assert "Out of date" not in staff_browser(alpha).get(GRID).text


def test_what_is_still_true_can_be_said_to_be(alpha, staff_browser, pair, rewrite):
    english, chinese = pair
    rewrite(english, body="Behind the house, as ever.")
    agent, address = staff_browser(alpha), f"/desk/articles/{chinese.id}"
    assert "The original was written anew" in agent.get(address).text
    assert agent.submit(address, {}, to=f"{address}/confirm").status_code == 303
    assert "The original was written anew" not in agent.get(address).text
    source = f"/desk/articles/{english.id}"
    assert agent.submit(source, {}, to=f"{source}/confirm").status_code == 422


def test_moving_or_showing_an_article_to_others_puts_no_translation_out_of_date(alpha, staff_browser, pair):
    manager, address = staff_browser(alpha, Role.MANAGER), f"/desk/articles/{pair[0].id}/settings"
    form = {"category": pair[0].category_id, "kind": "how_to", "visibility": "customers", "owner": ""}
    assert manager.submit(address, form).status_code == 303
    assert "Out of date" not in manager.get(GRID).text


def test_one_click_begins_a_translation_with_the_words_of_the_source(alpha, staff_browser, pair):
    agent = staff_browser(alpha)
    english, _chinese = pair
    answer = agent.submit(GRID, {}, to=f"/desk/articles/{english.id}/translate/zh_Hans")
    assert answer.status_code == 303
    form = agent.get(answer.headers["Location"]).text
    assert 'value="Parking"' in form
    assert "Ask at the front desk" in form
    again = agent.submit(GRID, {}, to=f"/desk/articles/{english.id}/translate/zh_Hans")
    assert again.status_code == 409


def test_between_the_chinese_scripts_the_draft_is_converted_already(alpha, staff_browser, in_tenant):
    with in_tenant(alpha) as session:
        source = factories.article(session, title="会员退款", body="软件里的信息。", language="zh_Hans", keywords=["会员"])
    agent = staff_browser(alpha)
    location = agent.submit(GRID, {}, to=f"/desk/articles/{source.id}/translate/zh_Hant").headers["Location"]
    form = agent.get(location).text
    assert 'value="會員退款"' in form
    assert "軟體裡的資訊。" in form


def test_whoever_translates_has_the_original_beside_the_form(alpha, staff_browser, pair):
    english, chinese = pair
    agent = staff_browser(alpha)
    assert "The original: Parking" in agent.get(f"/desk/articles/{chinese.id}/edit").text
    assert "The original:" not in agent.get(f"/desk/articles/{english.id}/edit").text


@pytest.mark.parametrize("code", ["fr", "zh", "EN"])
def test_a_language_that_we_do_not_write_is_not_there(alpha, staff_browser, pair, code):
    answer = staff_browser(alpha).submit(GRID, {}, to=f"/desk/articles/{pair[0].id}/translate/{code}")
    assert answer.status_code == 404


@pytest.mark.parametrize("count", [1, 25])
def test_the_grid_reads_no_texts_and_costs_the_same_however_long(alpha, staff_browser, in_tenant, count_statements, count):
    with in_tenant(alpha) as session:
        for _ in range(count):
            english = factories.article(session)
            factories.article(session, language="zh_Hant", translation_key=english.translation_key)
    browser = staff_browser(alpha)
    with count_statements() as statements:
        assert browser.get(GRID).text.count("<tr>") == count + 1
    assert not any("article.body" in statement for statement in statements)
    assert len(statements) <= 4 + 4  # the frame's own four


def test_viewers_look_and_translate_nothing(alpha, staff_browser, pair):
    viewer = staff_browser(alpha, Role.VIEWER)
    assert cells(viewer.get(GRID).text) == [["Published", "–", "Published"]]
    assert viewer.submit(GRID, {}, to=f"/desk/articles/{pair[0].id}/translate/zh_Hans").status_code == 403


def test_a_second_tenant_translates_nothing(beta, staff_browser, pair):
    stranger = staff_browser(beta, Role.ADMIN)
    assert "Parking" not in stranger.get(GRID).text
    assert stranger.submit(GRID, {}, to=f"/desk/articles/{pair[0].id}/translate/zh_Hans").status_code == 404
