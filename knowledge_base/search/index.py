"""The one door to Whoosh: writing a tenant's articles into its index, and finding them again."""

import pickle
import struct
from collections import OrderedDict
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from itertools import islice
from pathlib import Path
from threading import Lock
from typing import Any

from whoosh import fields
from whoosh import index as whoosh_index
from whoosh.analysis.tokenizers import SpaceSeparatedTokenizer
from whoosh.query.compound import Or
from whoosh.query.qcore import Query
from whoosh.query.terms import Term

from knowledge_base.search import analysis, generations, spelling, titles
from knowledge_base.search.generations import IndexBusy

__all__ = [
    "Document",
    "Hit",
    "IndexBusy",
    "NeedsRebuild",
    "SearchResult",
    "apply",
    "contents",
    "exists",
    "is_stale",
    "rebuild",
    "search",
    "suggest",
]

# Raise it with every change to the fields below.
_SCHEMA_VERSION = 1
_FORMAT = f"{analysis.ANALYZER_VERSION}.{_SCHEMA_VERSION}"

# All count alike: a title that weighs four times as much costs up to ten points of first hits.
_TEXT_FIELDS = ("title", "body", "keywords", "asked_as")
_CHARACTER_WEIGHT = 0.35
# Single characters cost most of a query's time: they are asked only below this many hits of character pairs, or up to
# this many Chinese characters, where they pay.
_FEW_HITS = 50
_SHORT_QUERY = 4
# The rarest terms find what a pasted e-mail is about as well as all of them, in a fraction of the time.
_MOST_TERMS = 96
_MOST_PINYIN_KEYS = 64
# By language distance: the reader's language and script, its other script, another language.
_LANGUAGE_WEIGHTS = (1.0, 0.95, 0.3)
_OPEN_INDEXES = 64
# What Whoosh lets through when it opens files of another version, cut short, or gone.
_DAMAGE = (
    whoosh_index.IndexError,
    OSError,
    EOFError,
    KeyError,
    TypeError,
    ValueError,
    struct.error,
    pickle.UnpicklingError,
)
_WAIT_SECONDS = 30.0
_PROGRESS_STEP = 100


class NeedsRebuild(RuntimeError):
    """The index was written by another version of the analysis or of Whoosh, or is damaged: `rebuild` it."""


@dataclass(frozen=True, kw_only=True)
class Document:
    """One article in one language as it is searched; `body`, `keywords` and `asked_as` are plain text."""

    article_id: int
    revision: int
    language: str
    title: str
    body: str
    keywords: str = ""
    asked_as: str = ""
    category_path: str = ""
    is_public: bool = True


@dataclass(frozen=True)
class Hit:
    article_id: int
    score: float


@dataclass(frozen=True)
class SearchResult:
    """Hits, best first; `corrected` is the query as it was understood if a word had to be corrected."""

    hits: list[Hit]
    corrected: str | None = None


def search(
    directory: Path, query: str, *, language: str | None = None, only_public: bool = True, limit: int = 50
) -> SearchResult:
    """Find the articles that match any word of `query`, those in the reader's `language` first among equals.

    The index may lag behind the database: check visibility there again before showing a hit.
    """
    with _reading(directory) as reader:
        return reader.search(query, language, only_public, limit) if reader else SearchResult([])


def suggest(
    directory: Path, prefix: str, *, language: str | None = None, only_public: bool = True, limit: int = 6
) -> list[int]:
    """Return the articles whose title has what was typed so far, best first; where none has, those found by search."""
    if not titles.is_long_enough(prefix):
        return []
    with _reading(directory) as reader:
        if reader is None:
            return []
        visible = (title for title in reader.titles if title.is_public or not only_public)
        if found := titles.beginning_with(prefix, visible, language=language):
            return found[:limit]
        return [hit.article_id for hit in reader.search(prefix, language, only_public, limit).hits]


def contents(directory: Path) -> dict[int, int]:
    """Return the revision of every indexed article by its id, for comparison with the database."""
    with _reading(directory) as reader:
        return dict(reader.revisions()) if reader else {}


def is_stale(directory: Path) -> bool:
    """Whether `directory` holds an index that another version has written; it is readable as far as it goes."""
    generation = generations.current(directory)
    return generation is not None and not (generation.is_dir() and generations.is_written_in(generation, _FORMAT))


def exists(directory: Path) -> bool:
    """Whether anything has been indexed here."""
    return generations.current(directory) is not None


def apply(
    directory: Path, upserts: Iterable[Document], deletes: Iterable[int] = (), *, wait_seconds: float = _WAIT_SECONDS
) -> None:
    """Put `upserts` in place of what is indexed under their ids and remove `deletes`; doing it twice is harmless.

    Raises `IndexBusy` if another writer does not finish in time, `NeedsRebuild` if the index is stale.
    """
    with generations.writing(directory, wait_seconds=wait_seconds):
        # Read only now: whoever gives a generator reads its articles as they are when this writer's turn has come.
        documents = {document.article_id: document for document in upserts}
        generation = generations.current(directory)
        if generation is None:
            _build(directory, documents.values())
        elif is_stale(directory):
            raise NeedsRebuild(f"{generation} is not written in format {_FORMAT}.")
        else:
            _update(generation, documents.values(), {*documents, *deletes})


def rebuild(
    directory: Path,
    documents: Iterable[Document],
    progress: Callable[[int], object] | None = None,
    *,
    wait_seconds: float = _WAIT_SECONDS,
) -> None:
    """Index `documents`, one per id, into a new generation, put it in force and remove the old ones.

    Readers use the old generation until then.  `progress` is told the number of documents written so far.
    """
    with generations.writing(directory, wait_seconds=wait_seconds):
        _build(directory, documents, progress)


def _build(directory: Path, documents: Iterable[Document], progress: Callable[[int], object] | None = None) -> None:
    generation = generations.create(directory, _FORMAT)
    with whoosh_index.create_in(str(generation), _schema()).writer() as writer:
        count = 0
        for count, document in enumerate(documents, start=1):
            writer.add_document(**_fields_of(document))
            if progress and count % _PROGRESS_STEP == 0:
                progress(count)
    generations.put_in_force(generation)
    if progress:
        progress(count)


def _update(generation: Path, documents: Iterable[Document], replaced: Iterable[int]) -> None:
    with _opened(generation).writer() as writer:
        for article_id in replaced:
            writer.delete_by_term("article_id", str(article_id))
        for document in documents:
            writer.add_document(**_fields_of(document))


def _opened(generation: Path) -> whoosh_index.Index:
    try:
        # With our schema in place of the stored one, a field that a stale index lacks is merely empty.
        return whoosh_index.open_dir(str(generation), schema=_schema())
    except _DAMAGE as error:
        raise NeedsRebuild(f"{generation} cannot be opened.") from error


def _schema() -> fields.Schema:
    """Return the fields; every text arrives as tokens of ours, so that any engine would find the same."""

    def tokens() -> fields.TEXT:
        return fields.TEXT(analyzer=SpaceSeparatedTokenizer(), phrase=False)

    return fields.Schema(
        article_id=fields.ID(unique=True, stored=True),
        revision=fields.STORED,
        language=fields.STORED,
        shown_title=fields.STORED,
        is_public=fields.STORED,
        audience=fields.ID,
        title=tokens(),
        body=tokens(),
        keywords=tokens(),
        asked_as=tokens(),
        characters=tokens(),
        words=tokens(),
        pinyin=tokens(),
    )


def _fields_of(document: Document) -> dict[str, Any]:
    keywords = f"{document.keywords}\n{document.category_path}"
    text = f"{document.title}\n{document.body}\n{keywords}\n{document.asked_as}"
    return {
        "article_id": str(document.article_id),
        "revision": document.revision,
        "language": document.language,
        "shown_title": document.title,
        "is_public": document.is_public,
        "audience": "public" if document.is_public else "staff",
        "title": " ".join(analysis.terms(document.title)),
        "body": " ".join(analysis.terms(document.body)),
        "keywords": " ".join(analysis.terms(keywords)),
        "asked_as": " ".join(analysis.terms(document.asked_as)),
        "characters": " ".join(analysis.characters(text)),
        "words": " ".join(analysis.words(text)),
        "pinyin": " ".join(analysis.pinyin_keys(document.title)),
    }


class _Reader:
    """One generation of one index as it was when opened.  Whoosh's readers share file positions: one thread a time."""

    def __init__(self, generation: Path) -> None:
        self.generation = generation
        self.lock = Lock()
        self._files = _opened(generation)
        self._searcher = self._files.searcher()
        self._index = self._searcher.reader()

    def is_current(self, generation: Path) -> bool:
        return self.generation == generation and self._files.latest_generation() == self._index.generation()

    def search(self, query: str, language: str | None, only_public: bool, limit: int) -> SearchResult:
        unknown = self._unknown_words(query)
        corrected = spelling.corrected(query, [word for word in unknown if not self._pinyin([word])], self._nearest)
        understood = corrected or query
        wanted = self._terms(_TEXT_FIELDS, analysis.terms(understood))
        if unknown and query.isascii():
            wanted += self._pinyin([*unknown, "".join(analysis.parts(query))])
        hits = self._ranked(wanted, language, only_public, limit)
        characters = analysis.characters(understood)
        if characters and (len(hits) < _FEW_HITS or len(characters) <= _SHORT_QUERY):
            wanted += self._terms(("characters",), characters, weight=_CHARACTER_WEIGHT)
            hits = self._ranked(wanted, language, only_public, limit)
        return SearchResult(hits[:limit], corrected)

    def _unknown_words(self, query: str) -> list[str]:
        """Return the Latin words that no article has in any form; a stop word is never looked for, so never unknown."""
        terms_of = {word: analysis.terms(word) for word in analysis.words(query)}
        return [word for word, terms in terms_of.items() if terms and not self._terms(_TEXT_FIELDS, terms)]

    def _terms(self, names: Sequence[str], tokens: Iterable[str], weight: float = 1.0) -> list[Query]:
        """Return a query for each token in each field that knows it, the rarest if there are too many."""
        frequency = {
            (name, token): frequency
            for token in dict.fromkeys(tokens)
            for name in names
            if (frequency := self._index.doc_frequency(name, token))
        }
        rarest = sorted(frequency, key=frequency.__getitem__)[:_MOST_TERMS]
        return [Term(name, token, weight) for name, token in rarest]

    def _pinyin(self, words: Iterable[str]) -> list[Query]:
        """Return a query for each key that begins with one of `words`; the more was typed of it, the better."""
        typed = {word.replace("'", "") for word in words}
        return [
            Term("pinyin", key.decode(), len(word) * (2.0 if key.decode() == word else 1.0))
            for word in sorted(typed)
            if len(word) > 1
            for key in islice(self._index.expand_prefix("pinyin", word), _MOST_PINYIN_KEYS)
        ]

    def _ranked(self, wanted: list[Query], language: str | None, only_public: bool, limit: int) -> list[Hit]:
        """Return at least `limit` hits where there are as many, best first, weighed by language."""
        audience = Term("audience", "public") if only_public else None
        found = self._searcher.search(Or(wanted), limit=max(2 * limit, _FEW_HITS), filter=audience)
        hits = [
            Hit(int(stored["article_id"]), score * _language_weight(stored["language"], language))
            for score, stored in ((hit.score, hit.fields()) for hit in found)
        ]
        return sorted(hits, key=lambda hit: (-hit.score, hit.article_id))

    def _nearest(self, word: str) -> str | None:
        return spelling.nearest(word, self._vocabulary, lambda near: int(self._index.doc_frequency("words", near)))

    @cached_property
    def _vocabulary(self) -> list[str]:
        return [word.decode() for word in self._index.lexicon("words")]

    @cached_property
    def titles(self) -> list[titles.Title]:
        return [
            titles.Title(int(stored["article_id"]), stored["shown_title"], stored["language"], stored["is_public"])
            for _, stored in self._index.iter_docs()
        ]

    def revisions(self) -> Iterator[tuple[int, int]]:
        for _, stored in self._index.iter_docs():
            yield int(stored["article_id"]), stored["revision"]


def _language_weight(language: str, wanted: str | None) -> float:
    return _LANGUAGE_WEIGHTS[analysis.language_distance(language, wanted)]


_readers: OrderedDict[Path, _Reader] = OrderedDict()
_readers_lock = Lock()


@contextmanager
def _reading(directory: Path) -> Iterator[_Reader | None]:
    """Yield the reader of what is in force now, or `None` where nothing is indexed; one thread at a time."""
    reader = _reader(directory)
    if reader is None:
        yield None
    else:
        with reader.lock:
            yield reader


def _reader(directory: Path) -> _Reader | None:
    with _readers_lock:
        reader = _readers.pop(directory, None)
        generation = generations.current(directory)
        if generation is None:
            return None
        if reader is None or not reader.is_current(generation):
            reader = _newly_opened(directory)
        _readers[directory] = reader
        # Not closed here, as another thread may still read it: the last one to let go does.
        while len(_readers) > _OPEN_INDEXES:
            _readers.popitem(last=False)
        return reader


def _newly_opened(directory: Path) -> _Reader:
    """Open what is in force, looking again at the pointer if a rebuild removed its generation in the meantime."""
    generation = generations.current(directory)
    while generation is not None:
        try:
            return _Reader(generation)
        except (NeedsRebuild, *_DAMAGE) as error:
            failed, generation = generation, generations.current(directory)
            if failed == generation:
                raise NeedsRebuild(f"{generation} cannot be read.") from error
    raise NeedsRebuild(f"{directory} was removed while it was being opened.")
