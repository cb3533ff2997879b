"""The words that mean the same: agreed on at the desk, counted from the next search on."""

import pytest

from kernel.actors import SYSTEM
from kernel.errors import InvalidField, StaleEdit
from knowledge_base.search import wording
from tenants.permissions import Role


def _groups(in_tenant, tenant):
    with in_tenant(tenant) as session:
        return wording.synonyms(session)


def test_a_manager_saves_groups_of_words(staff_browser, alpha, beta, in_tenant):
    browser = staff_browser(alpha, Role.MANAGER)
    answer = browser.submit("/desk/synonyms", {"synonyms": "refund，退款、money back\r\n\r\nWi-Fi, wireless\r\n"})
    assert answer.status_code == 303
    assert _groups(in_tenant, alpha) == (("refund", "退款", "money back"), ("Wi-Fi", "wireless"))
    assert "refund, 退款, money back" in browser.get("/desk/synonyms").text
    assert _groups(in_tenant, beta) == ()


@pytest.mark.parametrize("line", ["refund", "refund,", "refund, ?!", ",", "refund, the"])
def test_a_line_that_says_nothing_is_refused_and_kept_as_typed(staff_browser, alpha, in_tenant, line):
    answer = staff_browser(alpha, Role.MANAGER).submit("/desk/synonyms", {"synonyms": f"a1, b2\n{line}"})
    assert answer.status_code == 422
    assert f"“{line}”" in answer.text
    assert "a1, b2" in answer.text
    assert _groups(in_tenant, alpha) == ()


def test_the_page_lists_the_words_that_need_not_be_written_down(staff_browser, alpha):
    browser = staff_browser(alpha, Role.MANAGER)
    assert "退款 · 退钱" in browser.get("/desk/synonyms").text
    assert "退款 · 退钱" in browser.submit("/desk/synonyms", {"synonyms": "refund"}).text


def test_an_agent_reads_them_and_may_not_change_them(staff_browser, alpha):
    agent = staff_browser(alpha, Role.AGENT)
    assert "readonly" in agent.get("/desk/synonyms").text
    assert agent.submit("/desk/synonyms", {"synonyms": "a1, b2"}).status_code == 403


def test_who_edited_an_older_state_is_told(staff_browser, alpha):
    first, second = staff_browser(alpha, Role.MANAGER), staff_browser(alpha, Role.ADMIN)
    assert first.submit("/desk/synonyms", {"synonyms": "a1, b2"}).status_code == 303
    assert second.submit("/desk/synonyms", {"synonyms": "c3, d4", "version": ""}).status_code == 409


def test_too_many_are_refused(session):
    with pytest.raises(InvalidField):
        wording.agree(session, lines="a1, b2\n" * 501, version=None, actor=SYSTEM)
    with pytest.raises(StaleEdit):
        wording.agree(session, lines="a1, b2", version=7, actor=SYSTEM)
