"""Languages: who reads what, and text that waits until it is read."""

import pytest

from kernel import i18n
from kernel.i18n import ENGLISH, LANGUAGES, SIMPLIFIED, TRADITIONAL, lazy_text


@pytest.mark.parametrize(
    ("header", "language"),
    [
        ("en", ENGLISH),
        ("en-GB,en;q=0.9", ENGLISH),
        ("zh", SIMPLIFIED),
        ("zh-CN,zh;q=0.9,en;q=0.8", SIMPLIFIED),
        ("zh-SG", SIMPLIFIED),
        ("zh-TW", TRADITIONAL),
        ("zh-HK", TRADITIONAL),
        ("zh-MO", TRADITIONAL),
        ("zh-Hant", TRADITIONAL),
        ("zh-Hans", SIMPLIFIED),
        ("zh-Hans-HK", SIMPLIFIED),
        ("zh-Hant-CN", TRADITIONAL),
        ("ZH-tw", TRADITIONAL),
        ("fr, zh-TW;q=0.5, en;q=0.7", ENGLISH),
        ("en;q=0, zh-TW;q=0.1", TRADITIONAL),
        ("fr,de;q=0.9", SIMPLIFIED),
        ("", SIMPLIFIED),
        ("*", SIMPLIFIED),
        (";;;,,,q=q", SIMPLIFIED),
        ("en;q=abc", SIMPLIFIED),
        ("zh-TW;q=1.1.1,en;q=0.5", ENGLISH),
        ("x" * 10_000, SIMPLIFIED),
    ],
)
def test_a_reader_gets_the_first_language_that_both_speak(header, language):
    assert i18n.preferred(header, SIMPLIFIED) is language


def test_every_language_has_a_code_a_path_a_tag_and_its_own_name():
    assert [(language.code, language.path, language.tag) for language in LANGUAGES] == [
        ("zh_Hant", "zh-hant", "zh-Hant"),
        ("zh_Hans", "zh-hans", "zh-Hans"),
        ("en", "en", "en"),
    ]
    assert [language.name for language in LANGUAGES] == ["繁體中文", "简体中文", "English"]


def test_a_language_is_spoken_until_the_block_ends():
    with i18n.speaking(TRADITIONAL):
        assert i18n.spoken() is TRADITIONAL
        with i18n.speaking(SIMPLIFIED):
            assert i18n.spoken() is SIMPLIFIED
        assert i18n.spoken() is TRADITIONAL
    assert i18n.spoken() is ENGLISH


def test_a_block_that_fails_leaves_the_language_as_it_was():
    with pytest.raises(LookupError), i18n.speaking(TRADITIONAL):
        raise LookupError
    assert i18n.spoken() is ENGLISH


def test_waiting_text_fills_its_places_when_it_is_read():
    text = lazy_text("A word that no catalogue has: %(word)s")
    assert str(text % {"word": "茶"}) == "A word that no catalogue has: 茶"


def test_waiting_text_without_values_may_hold_a_per_cent_sign():
    assert str(lazy_text("100% wool")) == "100% wool"


def test_waiting_text_is_equal_to_what_it_reads_as():
    assert lazy_text("Tea time") == "Tea time"
    assert hash(lazy_text("Tea time")) == hash(lazy_text("Tea time"))
