"""Text: folded so that both Chinese scripts, widths and cases meet, ordered as a reader expects, made safe for URLs."""

import re
import unicodedata
from functools import cache

import opencc
from pypinyin import Style, lazy_pinyin

_WORD = re.compile(r"[^\W_]+")
_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")


@cache
def _to_simplified() -> opencc.OpenCC:
    return opencc.OpenCC("t2s")


def fold(text: str) -> str:
    """Return `text` as it is compared: NFKC, lower case, Simplified characters."""
    return str(_to_simplified().convert(unicodedata.normalize("NFKC", text).casefold()))


def sort_key(name: str) -> str:
    """Return the key by which names are ordered: Latin by letters, Han by pinyin (no database here has ICU's collations)."""
    return " ".join(lazy_pinyin(fold(name))).strip()


def search_text(*parts: str | None) -> str:
    """Return what a record's quick search looks in: its parts folded, with the pinyin and initials of its Han words."""
    folded = fold(" ".join(part for part in parts if part))
    if folded.isascii():
        return folded
    syllables = lazy_pinyin(folded, errors="ignore")
    initials = lazy_pinyin(folded, style=Style.FIRST_LETTER, errors="ignore")
    return f"{folded} {''.join(syllables)} {''.join(initials)}".strip()


def slug(title: str) -> str:
    """Return the readable tail of a URL: words of any script joined by hyphens, at most 60 characters."""
    return "-".join(_WORD.findall(title.lower()))[:60].strip("-") or "-"


def clean(text: str) -> str:
    """Return `text` without control characters and with Unix line ends; PostgreSQL cannot hold NUL."""
    return _CONTROL.sub("", text.replace("\r\n", "\n").replace("\r", "\n"))
