"""A tenant's colour is shifted until what stands on it can be read, in both themes."""

import random
import re

import pytest

from web import assets

_RANDOM = random.Random(7)
COLORS = ["#000000", "#ffffff", "#ffe600", "#0f766e", *(f"#{_RANDOM.randrange(0x1000000):06x}" for _ in range(200))]


def _color(text: str) -> tuple[float, float, float]:
    red, green, blue = (int(text[place : place + 2], 16) / 255 for place in (1, 3, 5))
    return red, green, blue


@pytest.mark.parametrize("color", COLORS)
def test_every_colour_reads_well_on_light_and_dark_pages(color):
    pairs = re.findall(r"--brand:(#\w{6});--brand-ink:(#\w{6})", assets.brand_css(color))
    assert len(pairs) == 3
    for brand, ink in pairs:
        assert assets.contrast(_color(brand), _color(ink)) >= 4.5


def test_without_a_colour_the_style_sheets_keep_their_own():
    assert assets.brand_css("") == ""
