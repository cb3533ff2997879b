"""What goes into an index and what comes out of it, whichever engine keeps it."""

from dataclasses import dataclass, field

PUBLIC, STAFF = "public", "staff"
EVERYBODY = frozenset({PUBLIC})


class NeedsRebuild(RuntimeError):
    """The index was written by another version of the analysis or of its engine, or is damaged: `rebuild` it."""


class IndexBusy(RuntimeError):
    """Another process kept writing this index for longer than the caller was willing to wait."""


@dataclass(frozen=True, kw_only=True)
class Document:
    """One article in one language as it is searched; `body`, `keywords` and `asked_as` are plain text.

    `audience` holds who may find it, in words that only the caller understands; one in common with a reader's is enough.
    """

    article_id: int
    revision: int
    language: str
    title: str
    body: str
    keywords: str = ""
    asked_as: str = ""
    category_path: str = ""
    audience: frozenset[str] = EVERYBODY

    @property
    def texts(self) -> tuple[str, str, str, str]:
        """The fields that are searched, each with a length of its own."""
        return self.title, self.body, f"{self.keywords}\n{self.category_path}", self.asked_as


@dataclass(frozen=True, kw_only=True)
class Question:
    """What is asked, by whom, and what its words may also be called.

    `audiences` are those the reader belongs to, `None` for somebody who may find everything.  `synonyms` are groups of phrases
    with the same meaning, in any script.
    """

    words: str
    language: str | None = None
    audiences: frozenset[str] | None = EVERYBODY
    synonyms: tuple[tuple[str, ...], ...] = ()
    limit: int = 50


@dataclass(frozen=True)
class Hit:
    article_id: int
    score: float


@dataclass(frozen=True)
class SearchResult:
    """Hits, best first.

    `corrected` is the query as it was understood if a word had to be corrected, `marked` all that is worth marking in a hit.
    A guess has no word of the query, only single Chinese characters of it.
    """

    hits: list[Hit] = field(default_factory=list)
    corrected: str | None = None
    marked: str = ""
    is_guess: bool = False


@dataclass(frozen=True)
class Candidate:
    """An article that has some of what is asked for.

    `texts` are its fields laid out for counting, `lengths` how many tokens each has, `drawn` the weight of the tokens it was
    drawn by.
    """

    article_id: int
    language: str
    texts: tuple[str, ...]
    lengths: tuple[int, ...]
    drawn: float
