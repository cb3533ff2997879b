import pytest

from knowledge_base.search import titles
from knowledge_base.search.titles import Title, Titles


def _beginning_with(prefix, *shown, language=None):
    made = Titles(Title(number, text, code, frozenset()) for number, text, code in shown)
    return made.beginning_with(prefix, language=language, is_visible=lambda title: True)


@pytest.mark.parametrize(("prefix", "is_enough"), [("押", True), ("re", True), ("r", False), (" ?", False), ("", False)])
def test_one_chinese_character_or_two_letters_are_enough_to_suggest(prefix, is_enough):
    assert titles.is_long_enough(prefix) is is_enough


def test_all_typed_words_but_the_last_must_be_complete():
    shown = [(1, "Refund of a deposit", "en"), (2, "Refunds", "en")]
    assert _beginning_with("refund dep", *shown) == [1]
    assert _beginning_with("ref dep", *shown) == []
    assert _beginning_with("", *shown) == []


def test_the_readers_language_comes_first_then_the_start_of_the_title():
    shown = [(1, "會員卡", "zh_Hant"), (2, "办理会员卡", "zh_Hans"), (3, "会员卡余额", "zh_Hans")]
    assert _beginning_with("會員", *shown, language="zh_Hans") == [3, 2, 1]
