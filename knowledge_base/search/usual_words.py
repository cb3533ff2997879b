"""Usual words: what customers of service businesses call the same thing, whichever of the words an article uses."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from functools import cache
from pathlib import Path

from knowledge_base.search import analysis, spelling, synonyms

_SHORTEST = 5
_LIST = Path(__file__).with_suffix(".txt")


def groups_for(terms: Iterable[str]) -> list[tuple[str, ...]]:
    """Return the groups of which a phrase may be in `terms`, the first-pass terms of a question."""
    by_beginning = _by_beginning()
    return list(dict.fromkeys(group for term in terms for group in by_beginning.get(term, ())))


def near(word: str) -> list[str]:
    """Return the Latin words of the list that are one edit from a misspelt one, in the order of the list.

    Short ones are left alone: a bell is no bill.
    """
    neighbours = spelling.neighbours(word) if spelling.is_correctable(word) and len(word) >= _SHORTEST else ()
    return [known for known in _latin_words() if known in neighbours]


@cache
def _latin_words() -> Sequence[str]:
    return list(dict.fromkeys(word for group in groups() for phrase in group for word in analysis.words(phrase)))


@cache
def _by_beginning() -> dict[str, Sequence[tuple[str, ...]]]:
    """Return the groups by the first term of each of their phrases: few of them have to be tried on a question."""
    found: dict[str, list[tuple[str, ...]]] = defaultdict(list)
    for group in groups():
        for phrase in synonyms.phrases(group):
            found[phrase[0]].append(group)
    return dict(found)


def groups() -> list[tuple[str, ...]]:
    """Return all of them, in the order in which they are listed."""
    lines = _LIST.read_text("utf-8").splitlines()
    return [tuple(word.strip() for word in line.split(",")) for line in lines if line and not line.startswith("#")]
