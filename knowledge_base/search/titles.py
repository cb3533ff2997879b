"""Titles: search-as-you-type, where every word but the last is complete."""

from bisect import bisect_left
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property

from knowledge_base.search import analysis


@dataclass(frozen=True)
class Title:
    article_id: int
    text: str
    language: str
    audience: frozenset[str]

    @cached_property
    def folded(self) -> str:
        return analysis.fold(self.text).strip()


def is_long_enough(prefix: str) -> bool:
    """Whether `prefix` says anything yet: one Chinese character or two Latin letters."""
    typed = analysis.parts(prefix)
    return len(typed) > 1 or any(len(part) > 1 or analysis.is_han(part) for part in typed)


class Titles:
    """The titles of an index, by the words and Chinese characters that they hold."""

    def __init__(self, titles: Iterable[Title]) -> None:
        self._holding: dict[str, set[Title]] = defaultdict(set)
        for title in titles:
            for part in analysis.parts(title.text):
                self._holding[part].add(title)
        self._parts = sorted(self._holding)

    def beginning_with(self, prefix: str, *, language: str | None, is_visible: Callable[[Title], bool]) -> list[int]:
        """Return the articles whose title holds all words of `prefix`, the last one as a beginning, best first.

        Best is the reader's own language, then a title that starts with `prefix`, then one that has it in one piece.
        """
        found = filter(is_visible, self._with(analysis.parts(prefix)))
        return in_order(prefix, ((title.article_id, title.folded, title.language) for title in found), language=language)

    def _with(self, typed: list[str]) -> set[Title]:
        if not typed:
            return set()
        *complete, last = typed
        found: set[Title] = set().union(*(self._holding[part] for part in self._starting(last)))
        return found.intersection(*(self._holding.get(part, set()) for part in complete))

    def _starting(self, start: str) -> Iterator[str]:
        for at in range(bisect_left(self._parts, start), len(self._parts)):
            if not self._parts[at].startswith(start):
                return
            yield self._parts[at]


def in_order(prefix: str, titles: Iterable[tuple[int, str, str]], *, language: str | None) -> list[int]:
    """Return the ids of folded titles in the order in which they are suggested."""
    start = analysis.fold(prefix).strip()
    ranked = sorted(
        (
            analysis.language_distance(title_language, language),
            not folded.startswith(start),
            start not in folded,
            len(folded),
            article_id,
        )
        for article_id, folded, title_language in titles
    )
    return [article_id for *_, article_id in ranked]
