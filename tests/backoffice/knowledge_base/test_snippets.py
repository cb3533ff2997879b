"""Snippets at the desk: written in one place, shown wherever an article names them."""

import re

import pytest

from kernel.actors import SYSTEM
from kernel.i18n import ENGLISH
from knowledge_base.articles import commands, finding, snippets
from tenants.permissions import Role
from tests import factories

PATH = "/desk/snippets"
TEXTS = {"text_en": "Open **9–18**.", "text_zh_Hant": "營業時間 **9–18**。", "text_zh_Hans": ""}


@pytest.fixture
def manager(alpha, staff_browser):
    return staff_browser(alpha, Role.MANAGER)


@pytest.fixture
def hours(alpha, in_tenant, manager) -> int:
    assert manager.submit(PATH, {"name": "hours", **TEXTS}).status_code == 303
    with in_tenant(alpha) as session:
        return snippets.all_of_them(session)[0].id


@pytest.fixture
def article(alpha, in_tenant, hours):
    with in_tenant(alpha) as session:
        return factories.article(session, title="Desk", body="Come by. {{snippet:hours}}")


def test_an_article_shows_what_its_snippet_says_in_its_language(alpha, browse, in_tenant, article):
    assert "Open <strong>9–18</strong>." in browse(alpha).get(f"/en/a/{article.id}-desk").text
    with in_tenant(alpha) as session:
        simplified = factories.article(session, body="{{snippet: hours }}", language="zh_Hans")
    assert "营业时间 <strong>9–18</strong>" in simplified.body_html


def test_a_changed_snippet_changes_every_article_that_names_it_and_what_is_found(
    alpha, browse, in_tenant, manager, hours, article, run_due
):
    run_due()
    answer = manager.submit(f"{PATH}/{hours}", {**TEXTS, "text_en": "Open round the clock."})
    assert answer.status_code == 303
    run_due()
    assert "Open round the clock." in browse(alpha).get(f"/en/a/{article.id}-desk").text
    with in_tenant(alpha) as session:
        found = finding.find(session, "clock", ENGLISH, actor=SYSTEM)
        assert [one.article.id for one in found.finds] == [article.id]


def test_a_changed_snippet_makes_nobodys_open_edit_stale(alpha, staff_browser, manager, hours, article, run_due):
    agent, address = staff_browser(alpha), f"/desk/articles/{article.id}/edit"
    version = re.search(r'name="version"[^>]*value="(\d+)"', agent.get(address).text)[1]
    manager.submit(f"{PATH}/{hours}", {**TEXTS, "text_en": "Open round the clock."})
    run_due()
    assert agent.submit(address, {"title": "Desk", "body": "Mine", "version": version}).status_code == 303


def test_an_unknown_name_stays_as_typed(alpha, in_tenant):
    with in_tenant(alpha) as session:
        assert "{{snippet:nobody}}" in factories.article(session, body="{{snippet:nobody}}").body_html


def test_a_snippet_cannot_bring_in_what_an_article_may_not_hold(alpha, in_tenant, manager):
    evil = "<script>alert(1)</script> [x](javascript:alert(1)) {{snippet:evil}}"
    manager.submit(PATH, {**TEXTS, "name": "evil", "text_en": evil})
    with in_tenant(alpha) as session:
        html = factories.article(session, body="{{snippet:evil}}").body_html
    assert "<script" not in html
    assert 'href="javascript' not in html


@pytest.mark.parametrize("given", [{"name": ""}, {"name": "a:b"}, {"name": "a}}"}, {"text_en": "", "text_zh_Hant": ""}])
def test_a_snippet_without_name_or_text_comes_back_as_typed(manager, given):
    answer = manager.submit(PATH, {"name": "hours", **TEXTS, **given})
    assert answer.status_code == 422
    assert ("Open **9–18**." in answer.text) is ("text_en" not in given)


def test_a_second_snippet_of_the_same_name_is_refused(manager, hours):
    assert manager.submit(PATH, {"name": "hours", **TEXTS}).status_code == 409


def test_a_stale_edit_of_a_snippet_shows_both_texts(manager, hours):
    opened = re.search(r'name="version"[^>]*value="(\d+)"', manager.get(f"{PATH}/{hours}").text)[1]
    manager.submit(f"{PATH}/{hours}", {**TEXTS, "text_en": "Theirs"})
    answer = manager.submit(f"{PATH}/{hours}", {**TEXTS, "text_en": "Mine", "version": opened})
    assert answer.status_code == 409
    assert "Mine</textarea>" in answer.text
    assert '<pre class="words">Theirs</pre>' in answer.text


def test_only_a_snippet_that_nobody_names_is_deleted(alpha, in_tenant, manager, hours, article):
    assert manager.submit(f"{PATH}/{hours}", {}, to=f"{PATH}/{hours}/delete").status_code == 422
    with in_tenant(alpha) as session:
        commands.change(session, session.get(type(article), article.id), values={"body": "Gone"}, revision=None, actor=SYSTEM)
    assert manager.submit(f"{PATH}/{hours}", {}, to=f"{PATH}/{hours}/delete").status_code == 303


def test_agents_read_snippets_and_managers_write_them(alpha, staff_browser, hours):
    agent = staff_browser(alpha)
    assert "{{snippet:hours}}" in agent.get(PATH).text
    assert agent.submit(PATH, {"name": "other", **TEXTS}).status_code == 403
    assert agent.get(f"{PATH}/{hours}").status_code == 403


def test_a_second_tenant_sees_no_snippet(beta, staff_browser, hours):
    stranger = staff_browser(beta, Role.ADMIN)
    assert "hours" not in re.findall(r"snippet:(\w+)", stranger.get(PATH).text)
    assert stranger.get(f"{PATH}/{hours}").status_code == 404
    assert stranger.submit(PATH, TEXTS, to=f"{PATH}/{hours}").status_code == 404
