"""The seam: what an engine must be able to do.  How questions are understood and hits ranked is the same above all of them."""

from collections.abc import Callable, Collection, Iterable, Mapping
from typing import Protocol

from knowledge_base.search.documents import Candidate, Document, Question, SearchResult

# Kinds of tokens: the letter before each tells them apart, so that no engine needs to know what they mean.
TERM, CHARACTER, WORD, PINYIN, PART = "t", "c", "w", "p", "s"
PINYIN_KEYS = 64


class SearchBackend(Protocol):
    """One tenant's index."""

    def apply(self, upserts: Iterable[Document], deletes: Iterable[int] = ()) -> None:
        """Put `upserts` in place of what is indexed under their ids and remove `deletes`; doing it twice is harmless.

        `upserts` may be a generator: it is read when this writer's turn has come.  Raises `IndexBusy` or `NeedsRebuild`.
        """

    def rebuild(self, documents: Iterable[Document], progress: Callable[[int], object] | None = None) -> None:
        """Index `documents`, one per id, and swap them in for all that was there; readers go on with the old until then.

        `progress` is told the number of documents written so far.
        """

    def exists(self) -> bool:
        """Whether anything has ever been indexed here."""

    def is_stale(self) -> bool:
        """Whether the index was written by another version; it is readable as far as it goes."""

    def contents(self) -> dict[int, int]:
        """Return the revision of every indexed article by its id, for comparison with the database."""

    def revisions(self, article_ids: Collection[int]) -> dict[int, int]:
        """Return the same of these articles only."""

    def search(self, question: Question) -> SearchResult:
        """Find the articles that answer `question`, best first.

        The index may lag behind the database: check visibility there again before showing a hit.
        """

    def suggest(self, prefix: str, question: Question) -> list[int]:
        """Return the articles whose title has `prefix`, best first; where none has, those that answer `question`."""


class Index(Protocol):
    """What a question is asked of: one state of one index, held for as long as the question takes."""

    @property
    def size(self) -> int:
        """How many articles there are."""

    def frequencies(self, tokens: Collection[str]) -> dict[str, int]:
        """Return how many articles have each token, without those that none has."""

    def pinyin_keys(self, prefix: str) -> list[str]:
        """Return up to `PINYIN_KEYS` keys of titles that begin with `prefix`."""

    def candidates(self, tokens: Mapping[str, float], audiences: frozenset[str] | None, most: int) -> list[Candidate]:
        """Return the articles that have any of `tokens` and that `audiences` may find, those with the heaviest first."""

    def meanings(self, audiences: frozenset[str] | None) -> list[tuple[int, bytes]]:
        """Return the articles that `audiences` may find and whose meaning is known, with it."""
