"""Text is compared folded, ordered as readers expect, and made safe."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kernel.text import clean, fold, search_text, slug, sort_key


@pytest.mark.parametrize(
    ("written", "also_written"),
    [
        ("退款", "退款"),
        ("軟體", "软体"),
        ("ＡＢＣ", "abc"),
        ("Straße", "STRASSE"),
        ("①", "1"),
        ("ﬁne", "FINE"),
        ("發票", "发票"),
    ],
)
def test_what_means_the_same_folds_to_the_same(written, also_written):
    assert fold(written) == fold(also_written)


@given(st.text(max_size=200))
def test_folding_twice_changes_no_ascii_and_never_fails(text):
    assert isinstance(fold(text), str)
    if text.isascii():
        assert fold(fold(text)) == fold(text)


def test_names_are_ordered_by_their_sound():
    assert sorted(["王小明", "Anna", "陈伟", "bob", "李芳"], key=sort_key) == ["Anna", "bob", "陈伟", "李芳", "王小明"]


def test_both_scripts_of_a_name_are_ordered_alike():
    assert sort_key("陳偉") == sort_key("陈伟")


def test_a_record_is_found_by_its_words_its_pinyin_and_its_initials():
    looked_in = search_text("陳偉", "wei@mail.example", None, "")
    assert all(words in looked_in for words in ("陈伟", "chenwei", "cw", "wei@mail.example"))


def test_plain_latin_text_is_not_repeated_as_pinyin():
    assert search_text("Ann", "Lee") == "ann lee"


def test_nothing_is_found_in_nothing():
    assert search_text() == search_text(None, "") == ""


@pytest.mark.parametrize(
    ("title", "address"),
    [
        ("How do I check out late?", "how-do-i-check-out-late"),
        ("可以延後退房嗎？", "可以延後退房嗎"),
        ("  a -- b  ", "a-b"),
        ("!!!", "-"),
        ("", "-"),
        ("a/b\\c?d#e%f", "a-b-c-d-e-f"),
    ],
)
def test_an_address_keeps_the_words_of_a_title(title, address):
    assert slug(title) == address


@given(st.text())
def test_an_address_is_short_and_never_empty(title):
    made = slug(title)
    assert 1 <= len(made) <= 60
    assert not set(made) & set("/?#%&\\ \n")


@pytest.mark.parametrize(
    ("typed", "kept"),
    [
        ("a\x00b", "ab"),
        ("a\r\nb\rc\nd", "a\nb\nc\nd"),
        ("tab\tstays", "tab\tstays"),
        ("\x1b[31mred", "[31mred"),
        ("a\x7fb", "ab"),
    ],
)
def test_control_characters_go_and_lines_and_tabs_stay(typed, kept):
    assert clean(typed) == kept
