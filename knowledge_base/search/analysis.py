"""Analysis: how Chinese and English text, in either script, becomes the tokens that are indexed and asked for."""

import re
import unicodedata
from collections.abc import Callable, Iterator, Sequence
from functools import lru_cache
from itertools import pairwise
from threading import Lock

import snowballstemmer  # type: ignore[import-untyped]
from opencc import OpenCC
from pypinyin import lazy_pinyin

from knowledge_base.search import noise
from knowledge_base.search.noise import HAN

# Raise it with every change to the tokens below: an index built by another version must be rebuilt.
ANALYZER_VERSION = 4

_RUN = re.compile(rf"(?P<han>[{HAN}]+)|(?P<word>[^\W_{HAN}]+(?:'[^\W_{HAN}]+)*)")
_HAN_RUN = re.compile(rf"[{HAN}]+")
_STOP_WORDS = frozenset(
    re.findall(
        r"\w+",
        """a also am an and any are as at be been being but by can could did do does doing done for from get
        got had has have having he her here him his how i if in into is it its just many me much my need needs no not of
        on or our please really shall she should so some such than that the their them then there these they this those to
        too very want wants was we were what when where which while who whose why will with would you your""",
    )
)
# What makes a Chinese sentence of keywords.  Most function characters are parts of nouns too (会员, 对账), and tell nothing.
_ASKING = re.compile("[的了吗呢吧么我你您谁哪怎]|如何|为何|是否|能否|可以|请问|多少|多久|有没有")
# What Chinese questions are made of: it stands in articles by chance, and the rarer it is there the more it would mislead.
_LITTLE = re.compile("[什么哪谁吗呢怎何几的是]|多少|多久|有多|时候|一个|请问|是否")
# Where a sentence ends in folded text; a point within a number or a name ends none.
_SENTENCE_END = re.compile(r"[\n。!?;]+|\.(?=\s)")
_MOST_SYLLABLES = 24
# Rarer characters are not kept in memory: there are a million, and somebody may send them all.
_LAST_COMMON = 0xFFFF
# Sorts before all letters, so that a whole title comes first among the keys with the same beginning.
WHOLE = "."
# As unaccented letters are typed for accented ones; only Latin letters, because a Japanese か is no が.
_PLAIN = {"’": "'", "ß": "s", "ø": "o", "ł": "l", "đ": "d", "ı": "i"}

# Latin verbs whose nouns are spelled another way: respond and response, decide and decision, resolve and resolution
# (from Lovins, Development of a Stemming Algorithm, 1968).
_RESPELLINGS = {
    "end": "ens",
    "ond": "ons",
    "pand": "pans",
    "cid": "cis",
    "lud": "lus",
    "vad": "vas",
    "mit": "miss",
    "olv": "olut",
}
_RESPELLED = re.compile(rf"(?<=\w\w)(?!(?<=s)end)(?:{'|'.join(_RESPELLINGS)})$")

_to_simplified = OpenCC("t2s").convert
_stemmer = snowballstemmer.stemmer("english")
_stemmer_lock = Lock()


# A text is folded for each kind of token that is made of it.
@lru_cache(maxsize=8)
def fold(text: str) -> str:
    """Return `text` in the one form in which it is compared.

    That is NFKC, lower case, Simplified, without accents, invisible characters and pinyin glosses.
    """
    return fold_with_offsets(unicodedata.normalize("NFC", text))[0]


def fold_with_offsets(text: str) -> tuple[str, Sequence[int]]:
    """Return the folded `text` and, for each of its characters, the index in `text` it came from."""
    if text.isascii():
        return text.lower(), range(len(text))
    folded = text.translate(_COMPATIBLE)
    offsets: Sequence[int] = range(len(text))
    if not _COMPATIBLE.uneven.isdisjoint(text):
        offsets = [at for at, character in enumerate(text) for _ in _compatible(character)]
    for start, end in noise.glosses(folded):
        folded = folded[:start] + folded[end:]
        offsets = [*offsets[:start], *offsets[end:]]
    return noise.with_plain_ones(_simplified(folded.translate(_UNACCENTED))), offsets


class _Table(dict[int, str]):
    """What `str.translate` puts for each character, made by `make` when it is first met.

    `uneven` are the characters met so far that became more than one, or none.
    """

    def __init__(self, make: Callable[[str], str]) -> None:
        super().__init__()
        self._make = make
        self.uneven: set[str] = set()

    def __missing__(self, code: int) -> str:
        made = self._make(chr(code))
        if len(made) != 1:
            self.uneven.add(chr(code))
        if code <= _LAST_COMMON:
            self[code] = made
        return made


def _compatible(character: str) -> str:
    """Return one character in its compatible form; soft hyphens, zero-width spaces and the like are nothing."""
    return "" if unicodedata.category(character) == "Cf" else unicodedata.normalize("NFKC", character).lower()


def _unaccented(character: str) -> str:
    base = unicodedata.normalize("NFD", character)[0]
    return base if base.isascii() and base.isalpha() else _PLAIN.get(character, character)


_COMPATIBLE, _UNACCENTED = _Table(_compatible), _Table(_unaccented)


def _simplified(folded: str) -> str:
    simplified = _to_simplified(folded)
    # Phrase rules keep the length in practice; should one ever not, the offsets matter more than the phrase.
    return simplified if len(simplified) == len(folded) else "".join(_to_simplified(c)[:1] or c for c in folded)


def terms(text: str) -> list[str]:
    """Return the first-pass tokens of `text` in order: stems without stop words, and bigrams of Chinese characters."""
    return [term for term, _, _ in spans(fold(text))]


def spans(folded: str) -> Iterator[tuple[str, int, int]]:
    """Yield each first-pass token of folded text with its start and end.

    A hyphened word is also one word, so that check-in and checkin, e-mail and email find each other.
    """
    before: re.Match[str] | None = None
    for run in _RUN.finditer(folded):
        if run["han"]:
            yield from _pairs(folded, run.start(), run.end())
        else:
            if term := _term_of(run["word"]):
                yield term, run.start(), run.end()
            if before and before["word"] and folded[before.end() : run.start()] == "-":
                yield stem(before["word"] + run["word"]), before.start(), run.end()
        before = run


def _pairs(folded: str, start: int, end: int) -> Iterator[tuple[str, int, int]]:
    """Yield the overlapping pairs of a Chinese run; a character that stands alone is its own token."""
    yield from ((folded[at : min(at + 2, end)], at, min(at + 2, end)) for at in range(start, max(end - 1, start + 1)))


@lru_cache(maxsize=2**15)
def _term_of(word: str) -> str:
    return "" if _is_stop_word(word) else stem(word)


def _is_stop_word(word: str) -> bool:
    """Whether a word says nothing by itself, in a contraction too: don't, what's, I've."""
    head, apostrophe, _ = word.partition("'")
    return head in _STOP_WORDS or (bool(apostrophe) and head.removesuffix("n") in _STOP_WORDS)


@lru_cache(maxsize=2**15)
def stem(word: str) -> str:
    """Return what the forms of a word have in common: that of Snowball, and one for the verb and its noun in response."""
    # Snowball keeps the word it works on in the stemmer itself, so threads must take turns.
    with _stemmer_lock:
        stemmed = str(_stemmer.stemWord(word))
    return _RESPELLED.sub(lambda ending: _RESPELLINGS[ending[0]], stemmed)


def characters(text: str) -> list[str]:
    """Return the second-pass tokens of `text` in order: its Chinese characters, one by one."""
    return [character for run in _RUN.finditer(fold(text)) for character in run["han"] or ""]


def laid_out(text: str) -> tuple[str, int]:
    """Return `text` as its tokens are counted in, a sentence a line, and how many first-pass tokens it has.

    Chinese runs stand as written, Latin words as stems, each between spaces of its own; see `as_laid_out`.  The small words of
    a sentence come after all that it says.
    """
    laid = [_sentence_laid_out(sentence) for sentence in _SENTENCE_END.split(fold(text))]
    return "\n".join(line for line, _ in laid if line), sum(length for _, length in laid)


def _sentence_laid_out(folded: str) -> tuple[str, int]:
    tokens = [term for term, _, _ in spans(folded)]
    runs = [run["han"] for run in _RUN.finditer(folded) if run["han"]]
    stems = [token for token in tokens if not is_han(token)]
    return "".join(f" {piece} " for piece in (*runs, *stems, *_small_words(folded))), len(tokens)


@lru_cache(maxsize=2**15)
def as_laid_out(term: str) -> str:
    """Return how a first-pass token stands in a text that was laid out: to be counted there."""
    return term if len(term) > 1 and is_han(term) else f" {term} "


def phrase_as_laid_out(phrase: Sequence[str]) -> str:
    """Return how first-pass tokens that follow each other stand in a text that was laid out; the pairs of 优惠券 overlap."""
    laid = as_laid_out(phrase[0])
    for before, term in pairwise(phrase):
        laid += term[1:] if is_han(before) and is_han(term) else as_laid_out(term)
    return laid


@lru_cache(maxsize=2**15)
def is_han(token: str) -> bool:
    return bool(_HAN_RUN.match(token))


def words(text: str) -> list[str]:
    """Return the Latin words of `text` as they are spelled, without stop words."""
    return [run["word"] for run in _RUN.finditer(fold(text)) if run["word"] and not _is_stop_word(run["word"])]


def small_words(text: str) -> list[str]:
    """Return the Latin words of `text` that say nothing by themselves, as they are spelled: how, my, didn't."""
    return _small_words(fold(text))


def _small_words(folded: str) -> list[str]:
    return [run["word"] for run in _RUN.finditer(folded) if run["word"] and _is_stop_word(run["word"])]


def has_function_words(text: str) -> bool:
    """Whether `text` has words that say nothing by themselves: a sentence has, keywords have not."""
    return bool(_ASKING.search(fold(text)) or small_words(text))


@lru_cache(maxsize=2**15)
def says_little(token: str) -> bool:
    """Whether a Chinese token tells how something is asked rather than what: 什么, 哪个, 的是."""
    return bool(_LITTLE.search(token))


def parts(text: str) -> list[str]:
    """Return what someone types one after the other: whole Latin words and single Chinese characters, in order."""
    found = _RUN.finditer(fold(text))
    return [part for run in found for part in ([run["word"]] if run["word"] else run["han"])]


def pinyin_keys(title: str) -> list[str]:
    """Return what a title may be typed as in pinyin, from each of its characters on: 密码 → mima, mm, ma.

    Asked for by prefix, so that single syllables and the beginning of a word are found as well.  Latin words and figures stand
    among the syllables as they are: WiFi密码 → wifimima, wifimm.  A key that is a whole title ends in `WHOLE`.
    """
    keys: dict[str, None] = {}
    for syllables in _readings(title):
        for start in range(len(syllables)):
            rest, end = syllables[start:], "" if start else WHOLE
            keys["".join(syllable for syllable, _ in rest) + end] = None
            keys["".join(syllable[0] if is_chinese else syllable for syllable, is_chinese in rest) + end] = None
    return [key for key in keys if len(key) > 1]


def _readings(title: str) -> Iterator[list[tuple[str, bool]]]:
    """Yield rows of syllables, each with whether it is one: the reading of the title in Simplified and as written, then one
    for each character that has another: 重置 is zhongzhi, then chongzhi.

    One at a time, as all combinations would be too many; the third readings are rare.
    """
    folded = fold(title)
    usual = _read(folded)
    if not any(is_chinese for _, is_chinese in usual):
        return
    yield usual
    yield _read(unicodedata.normalize("NFKC", title).lower())
    letters = [letter for run in _RUN.finditer(folded) for letter in run["han"] or (run["word"],)]
    for at, letter in enumerate(letters[:_MOST_SYLLABLES]):
        others = [reading for reading in noise.readings(letter) if reading != usual[at][0]] if is_han(letter) else []
        if others:
            yield [*usual[:at], (others[0], True), *usual[at + 1 :]]


def _read(text: str) -> list[tuple[str, bool]]:
    """Return the syllables of the Chinese in `text` and the words between; what nobody types in one go is cut off."""
    read: list[tuple[str, bool]] = []
    for run in _RUN.finditer(text):
        read += [(syllable, True) for syllable in lazy_pinyin(run["han"])] if run["han"] else [(run["word"], False)]
    return read[:_MOST_SYLLABLES]


def language_distance(language: str, wanted: str | None) -> int:
    """Return 0 for the wanted language (or none wanted), 1 for its other script, 2 for another language."""
    if wanted is None or language == wanted:
        return 0
    return 1 if language[:2] == wanted[:2] else 2
