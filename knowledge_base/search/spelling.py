"""Spelling: what an unknown Latin word was probably meant to be, held against the words of the articles."""

import re
from collections.abc import Callable, Collection

from rapidfuzz import process
from rapidfuzz.distance import OSA

# Shorter words have too many neighbours at one edit to tell which was meant.
SHORTEST = 4


def corrected(query: str, unknown: Collection[str], nearest: Callable[[str], str | None]) -> str | None:
    """Return `query` with its unknown words replaced by their nearest, or `None` if there is nothing to replace."""
    corrections = {word: better for word in unknown if (better := nearest(word))}
    if not corrections:
        return None
    pattern = re.compile(rf"(?<![^\W_])(?:{'|'.join(map(re.escape, corrections))})(?![^\W_])", re.IGNORECASE)
    replaced = pattern.sub(lambda match: corrections.get(match[0].lower(), match[0]), query)
    return replaced if replaced != query else None


def nearest(word: str, vocabulary: Collection[str], frequency: Callable[[str], int]) -> str | None:
    """Return the most frequent word of `vocabulary` at one edit (a letter more, less, other, or two swapped)."""
    if len(word) < SHORTEST or not word.isalpha():
        return None
    found = process.extract(word, vocabulary, scorer=OSA.distance, score_cutoff=1, limit=None)
    likely = [near for near, _, _ in found if near.isalpha() and _is_likely(word, near)]
    return max(likely, key=lambda near: (frequency(near), near), default=None)


def _is_likely(word: str, near: str) -> bool:
    """Tell typing errors, which seldom strike the first letter, from other words the articles happen not to use."""
    if near[0] != word[0]:
        return False
    # A short word with another letter is mostly another word (cold, gold): only a missing or a swapped letter counts.
    return len(word) > SHORTEST or len(near) > len(word) or sorted(near) == sorted(word)
