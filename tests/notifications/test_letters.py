"""Letters: every one in three languages, filled with data and nothing but data."""

import re
from pathlib import Path

import liquid.exceptions
import pytest
import yaml

from kernel.i18n import ENGLISH, LANGUAGES, SIMPLIFIED, TRADITIONAL
from notifications import letters

FOLDER = Path(letters.__file__).parent
PLACE = re.compile(r"\{\{\s*(\w+)\s*\}\}")
VALUES = {
    "company": "Alpha Hotels",
    "name": "Mei",
    "number": 7,
    "subject": "The tap drips",
    "message": "Room 301\nsince Monday",
    "author": "Sam",
    "customer": "Mei Lin",
    "code": "123456",
    "email": "sam@alpha.example",
    "day": "26 December 2026",
    "url": "http://alpha.localhost:8000/en/requests/x",
}


def _texts(name):
    return yaml.safe_load((FOLDER / f"{name}.yaml").read_text("utf-8"))


@pytest.mark.parametrize("name", letters.names())
def test_a_letter_is_written_in_every_language_with_the_same_parts_and_places(name):
    texts = _texts(name)
    assert set(texts) == {language.code for language in LANGUAGES}
    shapes = {code: {part: sorted(PLACE.findall(text)) for part, text in parts.items()} for code, parts in texts.items()}
    assert shapes["zh_Hans"] == shapes["zh_Hant"] == shapes["en"]


@pytest.mark.parametrize("name", letters.names())
@pytest.mark.parametrize("language", LANGUAGES, ids=lambda language: language.code)
def test_a_letter_can_be_filled_and_says_the_same_as_text_and_as_html(name, language):
    letter = letters.compose(name, language, VALUES)
    assert "\n" not in letter.subject
    assert VALUES["url"] in letter.text
    assert VALUES["url"] in letter.html
    assert f'lang="{language.tag}"' in letter.html
    assert "{{" not in letter.subject + letter.text + letter.html
    assert "Alpha Hotels" in letter.text


@pytest.mark.parametrize("language", [SIMPLIFIED, TRADITIONAL])
def test_the_two_scripts_are_not_mixed_up(language):
    texts = [letters.compose(name, language, VALUES).text for name in letters.names()]
    foreign = set("請們為這單號") if language is SIMPLIFIED else set("请们为这单号")
    assert not foreign & set("".join(texts))


def test_a_value_that_is_missing_is_an_error_and_not_a_gap():
    with pytest.raises(liquid.exceptions.UndefinedError):
        letters.compose("sign_in_code", ENGLISH, {key: value for key, value in VALUES.items() if key != "code"})


@pytest.mark.parametrize("attack", ["<script>alert(1)</script>", '"><img src=x onerror=alert(1)>', "{{ url }}", "{% if x %}"])
def test_what_people_write_is_text_and_nothing_else(attack):
    letter = letters.compose("ticket_replied", ENGLISH, {**VALUES, "subject": attack, "message": attack, "author": attack})
    assert attack in letter.text
    assert "<script" not in letter.html
    assert "<img" not in letter.html


def test_a_subject_with_line_ends_stays_one_line():
    letter = letters.compose("ticket_received", ENGLISH, {**VALUES, "subject": "a\r\nBcc: x@evil.example"})
    assert "\n" not in letter.subject
    assert "\r" not in letter.subject


def test_a_solved_request_offers_one_to_five_stars():
    stars = [{"score": score, "url": f"http://a.example/rate?score={score}"} for score in range(1, 6)]
    letter = letters.compose("ticket_solved", ENGLISH, {**VALUES, "rating_links": stars})
    assert all(star["url"] in letter.text and star["url"] in letter.html for star in stars)
    assert "rate?score" not in letters.compose("ticket_solved", ENGLISH, VALUES).text


@pytest.mark.parametrize(("language", "fonts"), [(SIMPLIFIED, "PingFang SC"), (TRADITIONAL, "PingFang TC")])
def test_a_letter_is_set_in_the_faces_and_marks_of_its_script(language, fonts):
    letter = letters.compose("ticket_received", language, VALUES)
    assert re.findall(r"PingFang \w\w", letter.html) == [fonts]
    assert f"：{VALUES['url']}" in letter.text
