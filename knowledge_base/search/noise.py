"""Noise: what imported Chinese documents carry besides their words, told from what merely looks like it."""

import re
from functools import lru_cache

from pypinyin import Style, pinyin

HAN = "〇\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003134f"
_TONES = "āáǎàēéěèīíǐìōóǒòūúǔùǖǘǚǜ"
_GLOSS = re.compile(rf"(?P<han>[{HAN}]{{1,6}})(?P<gloss>\((?P<reading>[a-z{_TONES}ü' ]{{1,40}})\))")
_TONELESS = str.maketrans(_TONES + "ü", "aaaaeeeeiiiioooouuuuvvvvv")
# Converters write 壹 for every 一.  壹 is also part of names (壹号院, 壹基金): it is the numeral only where a numeral stands,
# after 第 or before a measure word, among other numerals, and in the words that are never written with it.
_NUMERALS = "二三四五六七八九十百千万亿贰叁肆伍陆柒捌玖拾佰仟零〇0-9"
_FINANCIAL_ONE = re.compile(
    rf"(?<=[第{_NUMERALS}])壹|壹(?=[{_NUMERALS}个年月天日次位件份张条种元点小周名家台度季间晚人步层页项批遍些般定样起直切旦共半样])"
    r"|(?<=[之唯统同每任某另这那万])壹"
)


def glosses(folded: str) -> list[tuple[int, int]]:
    """Return where pinyin in brackets explains the characters before it, as in 服務(wù)工單, last first.

    A tone mark tells a gloss from an abbreviation; without one, as in 文件(pdf) and 服務(wu)工單, only what is really a reading
    of those characters counts.
    """
    if "(" not in folded:
        return []
    found = [match.span("gloss") for match in _GLOSS.finditer(folded) if _is_gloss(match["han"], match["reading"])]
    return found[::-1]


def _is_gloss(han: str, reading: str) -> bool:
    toneless = reading.translate(_TONELESS).replace(" ", "").replace("'", "")
    if toneless != reading.replace(" ", "").replace("'", "").replace("ü", "v"):
        return True
    return any(_reads(han[-count:], toneless) for count in range(1, len(han) + 1))


def _reads(han: str, toneless: str) -> bool:
    """Whether the syllables of `han`, in any of their readings, spell exactly `toneless`."""
    if not han:
        return not toneless
    fitting = (syllable for syllable in readings(han[0]) if toneless.startswith(syllable))
    return any(_reads(han[1:], toneless[len(syllable) :]) for syllable in fitting)


@lru_cache(maxsize=2**13)
def readings(character: str) -> tuple[str, ...]:
    """Return how a character may be read, without tones, the usual way first."""
    return tuple(dict.fromkeys(pinyin(character, style=Style.NORMAL, heteronym=True)[0]))


def with_plain_ones(simplified: str) -> str:
    """Return Simplified text with 一 for 壹 where it is the numeral; its length stays."""
    return _FINANCIAL_ONE.sub("一", simplified) if "壹" in simplified else simplified
