"""Spelling: what an unknown Latin word was probably meant to be, held against the words of the articles."""

import re
from collections.abc import Mapping
from string import ascii_lowercase

# Shorter words have too many neighbours at one edit to tell which was meant.
_SHORTEST, _LONGEST = 3, 30
# From here on even another first letter, which typing errors seldom strike, leaves little doubt.
_LONG = 6
# A short word that is merely similar is meant only where so large a share of the articles, and so many, have it.
_OFTEN, _MANY = 0.05, 3


def corrected(query: str, corrections: Mapping[str, str]) -> str | None:
    """Return `query` with its misspelt words replaced, or `None` if there is nothing to replace."""
    if not corrections:
        return None
    pattern = re.compile(rf"(?<![^\W_])(?:{'|'.join(map(re.escape, corrections))})(?![^\W_])", re.IGNORECASE)
    replaced = pattern.sub(lambda match: corrections.get(match[0].lower(), match[0]), query)
    return replaced if replaced != query else None


def is_correctable(word: str) -> bool:
    return _SHORTEST <= len(word) <= _LONGEST and word.isalpha()


def neighbours(word: str) -> set[str]:
    """Return all that is one edit from `word`: a letter more, less, other, or two swapped."""
    cuts = [(word[:at], word[at:]) for at in range(len(word) + 1)]
    fewer = {left + right[1:] for left, right in cuts if right}
    swapped = {left + right[1] + right[0] + right[2:] for left, right in cuts if len(right) > 1}
    other = {left + letter + right[1:] for left, right in cuts if right for letter in ascii_lowercase}
    more = {left + letter + right for left, right in cuts for letter in ascii_lowercase}
    return (fewer | swapped | other | more) - {word}


def likely(word: str, near: Mapping[str, int], size: int) -> list[str]:
    """Return the words at one edit that may have been meant, the most frequent first, those with the same first letter before.

    `near` says how many of the `size` articles have each.
    """
    often = max(_MANY, _OFTEN * size)
    meant = [other for other, count in near.items() if _is_likely(word, other, is_frequent=count >= often)]
    return sorted(meant, key=lambda other: (other[0] != word[0], -near[other], other))


def _is_likely(word: str, near: str, *, is_frequent: bool) -> bool:
    """Tell typing errors from other words that the articles happen not to use, as cold and gold are."""
    if not near.isalpha() or len(near) < _SHORTEST:
        return False
    if len(word) >= _LONG or is_frequent:
        return True
    is_slip = sorted(near) == sorted(word) or len(near) > len(word) or len(word) == _LONG - 1
    return near[0] == word[0] and len(word) > _SHORTEST and is_slip
