"""Analysis: how Chinese and English text, in either script, becomes the tokens that are indexed and asked for."""

import re
import unicodedata
from collections.abc import Iterator
from functools import lru_cache
from threading import Lock

import snowballstemmer  # type: ignore[import-untyped]
from opencc import OpenCC
from pypinyin import Style, pinyin

# Raise it with every change to the tokens below: an index built by another version must be rebuilt.
ANALYZER_VERSION = 1

_HAN = "〇\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003134f"
_RUN = re.compile(rf"(?P<han>[{_HAN}]+)|(?P<word>[^\W_{_HAN}]+(?:['’][^\W_{_HAN}]+)*)")
# Only a tone mark tells a pinyin gloss, as in 服務(wù)工單, from an abbreviation, as in 文件(pdf).
_GLOSS = re.compile(rf"(?<=[{_HAN}])\((?=[^()]*[āáǎàēéěèīíǐìōóǒòūúǔùǖǘǚǜ])[a-zāáǎàēéěèīíǐìōóǒòūúǔùǖǘǚǜü' ]+\)")
# 壹 is also part of names (壹号院): it is the number one only after 第 or before a measure word.
_FINANCIAL_ONE = re.compile(r"(?<=第)壹|壹(?=[个年月天日次位件份张条种元万千百十点小周名家台度季])")
_STOP_WORDS = frozenset(
    re.findall(
        r"\w+",
        """a an and are as at be been but by can could did do does for from had has have how i if in into is it its me
        my no not of on or our please shall should so such that the their them then there these they this to was we were
        what when where which who why will with would you your""",
    )
)

_to_simplified = OpenCC("t2s").convert
_stemmer = snowballstemmer.stemmer("english")
_stemmer_lock = Lock()


def fold(text: str) -> str:
    """Return `text` in the one form in which it is compared: NFKC, lower case, Simplified, without pinyin glosses."""
    return fold_with_offsets(unicodedata.normalize("NFC", text))[0]


def fold_with_offsets(text: str) -> tuple[str, list[int]]:
    """Return the folded `text` and, for each of its characters, the index in `text` it came from."""
    pieces = [_compatible(character) for character in text]
    folded = "".join(pieces)
    offsets = [index for index, piece in enumerate(pieces) for _ in piece]
    folded, offsets = _without_glosses(folded, offsets)
    return _FINANCIAL_ONE.sub("一", _simplified(folded)), offsets


@lru_cache(maxsize=2**15)
def _compatible(character: str) -> str:
    return unicodedata.normalize("NFKC", character).lower()


def _without_glosses(folded: str, offsets: list[int]) -> tuple[str, list[int]]:
    for gloss in reversed(list(_GLOSS.finditer(folded))):
        folded = folded[: gloss.start()] + folded[gloss.end() :]
        del offsets[gloss.start() : gloss.end()]
    return folded, offsets


def _simplified(folded: str) -> str:
    simplified = _to_simplified(folded)
    # Phrase rules keep the length in practice; should one ever not, the offsets matter more than the phrase.
    return simplified if len(simplified) == len(folded) else "".join(_to_simplified(c)[:1] or c for c in folded)


def terms(text: str) -> list[str]:
    """Return the first-pass tokens of `text` in order: stems without stop words, and bigrams of Chinese characters."""
    return [term for term, _, _ in spans(fold(text))]


def spans(folded: str) -> Iterator[tuple[str, int, int]]:
    """Yield each first-pass token of folded text with its start and end."""
    for run in _RUN.finditer(folded):
        if run["word"]:
            if run["word"] not in _STOP_WORDS:
                yield stem(run["word"]), run.start(), run.end()
        elif len(run["han"]) == 1:
            yield run["han"], run.start(), run.end()
        else:
            yield from ((folded[at : at + 2], at, at + 2) for at in range(run.start(), run.end() - 1))


@lru_cache(maxsize=2**15)
def stem(word: str) -> str:
    # Snowball keeps the word it works on in the stemmer itself, so threads must take turns.
    with _stemmer_lock:
        return str(_stemmer.stemWord(word))


def characters(text: str) -> list[str]:
    """Return the second-pass tokens of `text` in order: its Chinese characters, one by one."""
    return [character for run in _RUN.finditer(fold(text)) for character in run["han"] or ""]


def words(text: str) -> list[str]:
    """Return the Latin words of `text` as they are spelled, without stop words."""
    return [run["word"] for run in _RUN.finditer(fold(text)) if run["word"] and run["word"] not in _STOP_WORDS]


def parts(text: str) -> list[str]:
    """Return what someone types one after the other: whole Latin words and single Chinese characters, in order."""
    found = _RUN.finditer(fold(text))
    return [part for run in found for part in ([run["word"]] if run["word"] else run["han"])]


def pinyin_keys(title: str) -> list[str]:
    """Return what a title may be typed as in pinyin, from each of its characters on: 密码 → mima, mm, ma.

    Asked for by prefix, so that single syllables and the beginning of a word are found as well.
    """
    keys: dict[str, None] = {}
    for run in _RUN.finditer(fold(title)):
        for syllables in _readings(run["han"] or ""):
            for start in range(len(syllables)):
                keys["".join(syllables[start:])] = None
                keys["".join(syllable[0] for syllable in syllables[start:])] = None
    return [key for key in keys if len(key) > 1]


def _readings(han: str) -> Iterator[list[str]]:
    """Yield the usual reading, then one for each character that has a second: 重置 is zhongzhi, then chongzhi.

    One at a time, as all combinations would be too many; the third readings are rare.
    """
    choices = pinyin(han, style=Style.NORMAL, heteronym=True)
    usual = [choice[0] for choice in choices]
    yield usual
    for at, choice in enumerate(choices):
        if len(choice) > 1:
            yield [*usual[:at], choice[1], *usual[at + 1 :]]


def language_distance(language: str, wanted: str | None) -> int:
    """Return 0 for the wanted language (or none wanted), 1 for its other script, 2 for another language."""
    if wanted is None or language == wanted:
        return 0
    return 1 if language[:2] == wanted[:2] else 2
