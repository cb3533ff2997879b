"""Built front-end files by their plain names, and the tenant's colour as a style sheet."""

import colorsys
import json
from dataclasses import dataclass
from functools import cache
from pathlib import Path

FOLDER = Path(__file__).parent / "static" / "built"
# A little above the 4.5 of WCAG 1.4.3, because the result is rounded to eight bits a channel.
_LEAST_CONTRAST = 4.6


def asset(name: str) -> str:
    """Return the address of a built file (`portal.css`), whose name carries its content's hash and is cached for ever."""
    return f"/static/built/{_manifest()[name]}"


@cache
def _manifest() -> dict[str, str]:
    manifest: dict[str, str] = json.loads((FOLDER / "manifest.json").read_text())
    return manifest


def brand_css(color: str) -> str:
    """Return the tenant's one colour as the custom properties that the style sheets take their accents from.

    The colour is darkened until white text on it reads well (WCAG 1.4.3), and lightened the same way for dark pages.
    """
    if not color:
        return ""
    light, dark = _shifted(color, -0.02, _WHITE), _shifted(color, 0.02, _NIGHT)
    on_dark = _hex(_NIGHT)
    return (
        f":root{{--brand:{light};--brand-ink:#ffffff}}\n"
        f'[data-bs-theme="dark"]{{--brand:{dark};--brand-ink:{on_dark}}}\n'
        f'@media (prefers-color-scheme:dark){{[data-bs-theme="auto"]{{--brand:{dark};--brand-ink:{on_dark}}}}}\n'
    )


@dataclass(frozen=True)
class Verdict:
    """How a colour reads: the contrast of white text on it as given, and what it is shifted to on light and dark pages."""

    contrast: float
    light: str
    light_contrast: float
    dark: str
    dark_contrast: float

    @property
    def is_kept(self) -> bool:
        return self.contrast >= _LEAST_CONTRAST


def verdict(color: str) -> Verdict:
    given, light, dark = _parts(color), _shifted(color, -0.02, _WHITE), _shifted(color, 0.02, _NIGHT)
    return Verdict(contrast(given, _WHITE), light, contrast(_parts(light), _WHITE), dark, contrast(_parts(dark), _NIGHT))


def _parts(color: str) -> "Color":
    red, green, blue = (int(color[place : place + 2], 16) / 255 for place in (1, 3, 5))
    return red, green, blue


Color = tuple[float, float, float]
_WHITE: Color = (1.0, 1.0, 1.0)
_NIGHT: Color = (0.078, 0.094, 0.125)


def _shifted(color: str, step: float, against: Color) -> str:
    """Move the colour's lightness by steps until it reads well; at black or white, where there is none left, it does."""
    red, green, blue = _parts(color)
    hue, lightness, saturation = colorsys.rgb_to_hls(red, green, blue)
    while contrast((red, green, blue), against) < _LEAST_CONTRAST:
        lightness = min(max(lightness + step, 0.0), 1.0)
        red, green, blue = colorsys.hls_to_rgb(hue, lightness, saturation)
    return _hex((red, green, blue))


def _hex(color: Color) -> str:
    return "#" + "".join(f"{round(part * 255):02x}" for part in color)


def contrast(one: Color, other: Color) -> float:
    """Return the contrast ratio of two colours, 1 to 21 (WCAG 2.2, relative luminance)."""
    lighter, darker = sorted((_luminance(one), _luminance(other)), reverse=True)
    return (lighter + 0.05) / (darker + 0.05)


def _luminance(color: Color) -> float:
    red, green, blue = (part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in color)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue
