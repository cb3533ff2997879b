"""Chinese read in the other script: converted by OpenCC, words and all, where nobody has written the text in it."""

import re
from functools import cache

import opencc

from kernel.i18n import SIMPLIFIED, TRADITIONAL, Language

# Traditional as written in Taiwan, with its words: 软件 becomes 軟體, not 軟件.
_CONFIGURATIONS = {TRADITIONAL: "s2twp", SIMPLIFIED: "tw2sp"}
_OTHER = {TRADITIONAL: SIMPLIFIED, SIMPLIFIED: TRADITIONAL}
_TAG = re.compile(r"(<[^>]*>)")


@cache
def _converter(language: Language) -> opencc.OpenCC:
    return opencc.OpenCC(_CONFIGURATIONS[language])


def other_script(language: Language) -> Language | None:
    """Return the language whose texts a reader of `language` can be shown converted."""
    return _OTHER.get(language)


def shown_in(written: Language, wanted: Language) -> Language:
    """Return the language in which a text written in `written` meets a reader of `wanted`."""
    return wanted if other_script(written) == wanted else written


def in_script(text: str, *, written: Language, wanted: Language) -> str:
    """Return `text` in the reader's script if the scripts are all that parts them, else as it is."""
    return str(_converter(wanted).convert(text)) if other_script(written) == wanted else text


def html_in_script(html: str, *, written: Language, wanted: Language) -> str:
    """Do the same to sanitised HTML: tags, and so the addresses and anchors in them, stay as they are."""
    parts = _TAG.split(html)
    return "".join(part if place % 2 else in_script(part, written=written, wanted=wanted) for place, part in enumerate(parts))
