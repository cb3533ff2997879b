"""Snippets: the passage of an article that answers a query, with the matching words marked."""

import re
import unicodedata
from collections.abc import Iterator, Sequence

from knowledge_base.search import analysis
from knowledge_base.search.kept import Kept
from knowledge_base.search.noise import HAN

Spans = list[tuple[int, int]]
_BREAKS = frozenset(" \n\t,.;:!?，。；：！？、")
# How far a cut may move to fall between words rather than within one.
_LEEWAY = 20
_LETTER = rf"[^\W_{HAN}]"
# The forms of a word begin alike, but for few: dying and die.
_SAME_START = 2
# What is found is found again: to fold a text takes longer than all else about its snippet.  Some eight megabytes at most.
_FOLDED: Kept[tuple[str, Sequence[int]]] = Kept(room=2_000_000, size_of=lambda folded: len(folded[0]))


def snippet(text: str, query: str, length: int = 160) -> list[tuple[str, bool]]:
    """Return the best passage of about `length` characters as runs of the original text, each a hit or not.

    A cut end is marked by an ellipsis of its own; the text is given back as written, in its own script.
    """
    text = unicodedata.normalize("NFC", " ".join(text.split()))
    hits = _hits(text, query)
    start, end = _passage(text, hits, length)
    runs = list(_runs(text, hits, start, end))
    return [*([("…", False)] if start else []), *runs, *([("…", False)] if end < len(text) else [])]


def _hits(text: str, query: str) -> Spans:
    """Return where `text` matches `query`: by words and character pairs, else by single characters, in order."""
    folded, offsets = _FOLDED.get(text, lambda: analysis.fold_with_offsets(text))
    asked = set(analysis.terms(query))
    # What a question is made of is everywhere; it is marked only where it is all that was typed.
    wanted = {term for term in asked if not analysis.says_little(term)} or asked
    found = [(at, at + 2) for at in _pairs_in(folded, wanted)]
    found += _words_in(folded, wanted)
    if not found:
        single = set(analysis.characters(query))
        found = [(at, at + 1) for at, character in enumerate(folded) if character in single]
    return _merged([(offsets[start], offsets[end - 1] + 1) for start, end in found])


def _pairs_in(folded: str, wanted: set[str]) -> list[int]:
    """Return where the wanted pairs of Chinese characters begin, overlapping ones too."""
    pairs = "|".join(term for term in wanted if len(term) == 2 and analysis.is_han(term))
    return [match.start() for match in re.finditer(f"(?={pairs})", folded)] if pairs else []


def _words_in(folded: str, wanted: set[str]) -> Spans:
    """Return where the wanted words are, in any of their forms; only words that begin like one of them are looked at."""
    starts = "|".join({re.escape(term[:_SAME_START]) for term in wanted if not analysis.is_han(term)})
    if not starts:
        return []
    alike = re.finditer(rf"(?<!{_LETTER})(?:{starts}){_LETTER}*(?:['-]{_LETTER}+)*", folded)
    return [
        (match.start() + start, match.start() + end)
        for match in alike
        for term, start, end in analysis.spans(match[0])
        if term in wanted
    ]


def _merged(spans: Spans) -> Spans:
    merged: Spans = []
    for start, end in sorted(spans):
        if merged and start <= merged[-1][1]:
            merged[-1] = (merged[-1][0], max(end, merged[-1][1]))
        else:
            merged.append((start, end))
    return merged


def _passage(text: str, hits: Spans, length: int) -> tuple[int, int]:
    if len(text) <= length:
        return 0, len(text)
    first = _fullest(hits, length)
    # A quarter of the room goes before the first hit: a word is understood from what precedes it.
    start = min(max(0, first - length // 4), len(text) - length)
    return _cut(text, start), _cut(text, start + length)


def _fullest(hits: Spans, length: int) -> int:
    """Return where the first passage of `length` begins that has most of the matching characters; it begins with a hit."""
    best, best_at, covered, last = -1, 0, 0, 0
    for number, (start, end) in enumerate(hits):
        while last < len(hits) and hits[last][1] <= start + length:
            covered += hits[last][1] - hits[last][0]
            last += 1
        if covered > best:
            best, best_at = covered, start
        if number < last:
            covered -= end - start
        else:
            last = number + 1  # longer than the passage
    return best_at


def _cut(text: str, at: int) -> int:
    """Return the nearest place at or before `at` where a word begins, if there is one near enough."""
    if at <= 0 or at >= len(text):
        return max(0, min(at, len(text)))
    near = range(at, max(0, at - _LEEWAY), -1)
    return next((place for place in near if text[place - 1] in _BREAKS), at)


def _runs(text: str, hits: Spans, start: int, end: int) -> Iterator[tuple[str, bool]]:
    at = start
    for begin, stop in hits:
        first, last = max(begin, start), min(stop, end)
        if first >= last:
            continue
        if at < first:
            yield text[at:first], False
        yield text[first:last], True
        at = last
    if at < end:
        yield text[at:end], False
