"""Titles: search-as-you-type, where every word but the last is complete."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property

from knowledge_base.search import analysis


@dataclass(frozen=True)
class Title:
    article_id: int
    text: str
    language: str
    is_public: bool

    @cached_property
    def folded(self) -> str:
        return analysis.fold(self.text).strip()

    @cached_property
    def parts(self) -> frozenset[str]:
        return frozenset(analysis.parts(self.text))


def is_long_enough(prefix: str) -> bool:
    """Whether `prefix` says anything yet: one Chinese character or two Latin letters."""
    typed = analysis.parts(prefix)
    return len(typed) > 1 or any(len(part) > 1 or analysis.characters(part) for part in typed)


def beginning_with(prefix: str, titles: Iterable[Title], *, language: str | None) -> list[int]:
    """Return the articles whose title holds all words of `prefix`, the last one as a beginning, best first.

    Best is the reader's own language, then a title that starts with `prefix`, then one that has it in one piece.
    """
    start = analysis.fold(prefix).strip()
    ranked = sorted(
        (
            analysis.language_distance(title.language, language),
            not title.folded.startswith(start),
            start not in title.folded,
            len(title.folded),
            title.article_id,
        )
        for title in _holding(analysis.parts(prefix), titles)
    )
    return [article_id for *_, article_id in ranked]


def _holding(typed: list[str], titles: Iterable[Title]) -> Iterator[Title]:
    if not typed:
        return
    complete, last = frozenset(typed[:-1]), typed[-1]
    for title in titles:
        if complete <= title.parts and (last in title.parts or any(part.startswith(last) for part in title.parts)):
            yield title
