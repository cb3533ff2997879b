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


def _mixed(color: tuple[float, ...], part: float, with_: str) -> tuple[float, ...]:
    return tuple(part * one + (1 - part) * other for one, other in zip(color, _color(with_), strict=True))


@pytest.mark.parametrize("color", COLORS)
def test_every_accent_that_is_mixed_from_a_colour_reads_well_too(color):
    """The shares are those of `_tokens.scss`."""
    verdict = assets.verdict(color)
    light, dark = _color(verdict.light), _color(verdict.dark)
    texts = {"light": _mixed(light, 0.86, "#000000"), "dark": _mixed(dark, 0.6, "#ffffff")}
    grounds = {
        "light": [_mixed(light, 0.09, "#ffffff"), *map(_color, ("#ffffff", "#f6f8f7", "#eff2f1"))],
        "dark": [_mixed(dark, 0.15, "#161c1b"), *map(_color, ("#0f1413", "#161c1b", "#1d2523", "#111716"))],
    }
    assert min(assets.contrast(texts[theme], ground) for theme in texts for ground in grounds[theme]) >= 4.5


@pytest.mark.parametrize(("color", "is_kept"), [("#1d4ed8", True), ("#facc15", False), ("#ffffff", False), ("#000000", True)])
def test_the_verdict_says_whether_a_colour_is_used_as_given(color, is_kept):
    verdict = assets.verdict(color)
    assert verdict.is_kept is is_kept
    assert (verdict.light == color) is is_kept
    assert min(verdict.light_contrast, verdict.dark_contrast) >= 4.5


def test_without_a_colour_the_style_sheets_keep_their_own():
    assert assets.brand_css("") == ""
