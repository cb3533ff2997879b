"""Languages: which ones there are, which one this piece of work speaks, and text that waits until it is read."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from babel.support import NullTranslations, Translations

CATALOGUES = Path(__file__).parent / "translations"


@dataclass(frozen=True)
class Language:
    """`code` is Babel's locale and what the database stores, `path` stands in the portal's URLs, `tag` is BCP 47.

    `comma` stands between the words of a row, `colon` between a label and what it says.
    """

    code: str
    path: str
    tag: str
    name: str
    comma: str = ", "
    colon: str = ": "


ENGLISH = Language("en", "en", "en", "English")
SIMPLIFIED = Language("zh_Hans", "zh-hans", "zh-Hans", "简体中文", comma="、", colon="：")
TRADITIONAL = Language("zh_Hant", "zh-hant", "zh-Hant", "繁體中文", comma="、", colon="：")
LANGUAGES = (TRADITIONAL, SIMPLIFIED, ENGLISH)
BY_CODE = {language.code: language for language in LANGUAGES}
BY_PATH = {language.path: language for language in LANGUAGES}
CODES = tuple(BY_CODE)

_spoken: ContextVar[Language] = ContextVar("language", default=ENGLISH)


def spoken() -> Language:
    """Return the language that the present request or job speaks."""
    return _spoken.get()


def speak(language: Language) -> None:
    """Speak `language` for the rest of the present request or job."""
    _spoken.set(language)


@contextmanager
def speaking(language: Language) -> Iterator[None]:
    token = _spoken.set(language)
    try:
        yield
    finally:
        _spoken.reset(token)


def preferred(accept_language: str, default: Language, among: Sequence[Language] = LANGUAGES) -> Language:
    """Return the first language of an `Accept-Language` header that is `among` those spoken (RFC 9110 §12.5.4).

    Chinese without a script is read by its region: TW, HK and MO write Traditional, all others Simplified.
    """
    for tag in _by_quality(accept_language):
        if (language := _match(tag)) in among and language:
            return language
    return default


def _by_quality(header: str) -> list[str]:
    weighted = []
    for place, part in enumerate(header.split(",")[:20]):
        tag, _, parameters = part.partition(";")
        quality = parameters.strip().removeprefix("q=") or "1"
        weighted.append((-float(quality) if quality.replace(".", "", 1).isdecimal() else 0.0, place, tag.strip().lower()))
    return [tag for quality, _, tag in sorted(weighted) if quality < 0]


def _match(tag: str) -> Language | None:
    parts = tag.split("-")
    if parts[0] == "en":
        return ENGLISH
    if parts[0] == "zh":
        return TRADITIONAL if {"hant", "tw", "hk", "mo"} & set(parts) and "hans" not in parts else SIMPLIFIED
    return None


@dataclass(frozen=True, eq=False)
class LazyText:
    """A message that is translated when it is read, in the language spoken then."""

    message: str
    values: dict[str, Any] | None = None

    def __str__(self) -> str:
        text = catalogue(spoken()).ugettext(self.message)
        return text % self.values if self.values else text

    def __mod__(self, values: dict[str, Any]) -> "LazyText":
        return LazyText(self.message, values)

    def __eq__(self, other: object) -> bool:
        return str(self) == str(other)

    def __hash__(self) -> int:
        return hash(self.message)


def lazy_text(message: str) -> LazyText:
    """Mark `message` for translation; import it as `_l`."""
    return LazyText(message)


@cache
def catalogue(language: Language) -> NullTranslations:
    return Translations.load(str(CATALOGUES), [language.code])
