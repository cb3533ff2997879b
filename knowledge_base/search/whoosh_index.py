"""The one door to Whoosh: a tenant's index in files of its own, written by one process at a time."""

import pickle
import struct
from array import array
from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from heapq import nlargest
from itertools import count, islice, takewhile
from pathlib import Path
from threading import Lock
from typing import Any
from urllib.parse import quote

from whoosh import fields
from whoosh import index as whoosh_index
from whoosh.analysis.tokenizers import RegexTokenizer

from knowledge_base.search import generations, meaning, questions, titles
from knowledge_base.search.backend import CHARACTER, PINYIN, PINYIN_KEYS, TERM, WORD
from knowledge_base.search.documents import Candidate, Document, NeedsRebuild, Question, SearchResult
from knowledge_base.search.entries import FORMAT, entry_of
from knowledge_base.search.kept import FACTS, Facts, Kept
from knowledge_base.search.readers import Readers
from knowledge_base.search.titles import Title, Titles

_OPEN_INDEXES = 64
# What titles are made of is not among them: they are few enough to be kept in memory.
_KINDS = (TERM, CHARACTER, WORD, PINYIN)
_AUDIENCE = "seen_by"
# What Whoosh lets through when it opens files of another version, cut short, or gone.
DAMAGE = (
    whoosh_index.IndexError,
    OSError,
    EOFError,
    KeyError,
    TypeError,
    ValueError,
    struct.error,
    pickle.UnpicklingError,
)
# More tokens than a question has: the neighbours of a misspelt word, of which hardly any exists.
_MANY = 100
_AFTER_Z = b"{"
_WAIT_SECONDS = 30.0
_PROGRESS_STEP = 100


@dataclass(frozen=True)
class WhooshBackend:
    """The index in `directory`; a `SearchBackend`."""

    directory: Path
    wait_seconds: float = _WAIT_SECONDS

    def apply(self, upserts: Iterable[Document], deletes: Iterable[int] = ()) -> None:
        with generations.writing(self.directory, wait_seconds=self.wait_seconds):
            # Read only now: whoever gives a generator reads its articles as they are when this writer's turn has come.
            documents = {document.article_id: document for document in upserts}
            generation = generations.current(self.directory)
            if generation is None:
                self._build(documents.values())
            elif self.is_stale():
                raise NeedsRebuild(f"{generation} is not written in format {FORMAT}.")
            else:
                _update(generation, documents.values(), {*documents, *deletes})

    def rebuild(self, documents: Iterable[Document], progress: Callable[[int], object] | None = None) -> None:
        with generations.writing(self.directory, wait_seconds=self.wait_seconds):
            self._build(documents, progress)

    def _build(self, documents: Iterable[Document], progress: Callable[[int], object] | None = None) -> None:
        generation = generations.create(self.directory, FORMAT)
        with whoosh_index.create_in(str(generation), _schema()).writer() as writer:
            written = 0
            for written, document in enumerate(documents, start=1):
                writer.add_document(**_fields_of(document))
                if progress and written % _PROGRESS_STEP == 0:
                    progress(written)
        generations.put_in_force(generation)
        if progress:
            progress(written)

    def exists(self) -> bool:
        return generations.current(self.directory) is not None

    def is_stale(self) -> bool:
        generation = generations.current(self.directory)
        return generation is not None and not (generation.is_dir() and generations.is_written_in(generation, FORMAT))

    def contents(self) -> dict[int, int]:
        with _READERS.reading(self.directory) as reader:
            return dict(reader.contents()) if reader else {}

    def revisions(self, article_ids: Collection[int]) -> dict[int, int]:
        with _READERS.reading(self.directory) as reader:
            return dict(reader.revisions(article_ids)) if reader else {}

    def search(self, question: Question) -> SearchResult:
        with _READERS.reading(self.directory) as reader:
            return questions.answer(reader, question) if reader else SearchResult()

    def suggest(self, prefix: str, question: Question) -> list[int]:
        if not titles.is_long_enough(prefix):
            return []
        with _READERS.reading(self.directory) as reader:
            if reader is None:
                return []
            wanted: dict[str, Any] = {"language": question.language, "is_visible": _visible_to(question.audiences)}
            if found := reader.titles.beginning_with(prefix, **wanted):
                return found[: question.limit]
            return [hit.article_id for hit in questions.answer(reader, replace(question, words=prefix)).hits]


def _visible_to(audiences: frozenset[str] | None) -> Callable[[Title], bool]:
    return lambda title: audiences is None or not audiences.isdisjoint(title.audience)


def _update(generation: Path, documents: Iterable[Document], replaced: Iterable[int]) -> None:
    with _opened(generation).writer() as writer:
        for article_id in replaced:
            writer.delete_by_term("article_id", str(article_id))
        for document in documents:
            writer.add_document(**_fields_of(document))


def _opened(generation: Path) -> Any:
    """Open a generation's files: with the schema of this version, so that old and new code can read each other's index.

    Given the schema instead of the stored one, a field that a stale index lacks is merely empty.
    """
    try:
        return whoosh_index.open_dir(str(generation), schema=_schema())
    except DAMAGE as error:
        raise NeedsRebuild(f"{generation} cannot be opened.") from error


def _schema() -> fields.Schema:
    """Return the fields; every token is made by us, so that any engine would find the same."""

    def tokens() -> fields.KEYWORD:
        return fields.KEYWORD(analyzer=RegexTokenizer(r"\S+"), lowercase=False)

    kinds: dict[str, Any] = {kind: tokens() for kind in (*_KINDS, _AUDIENCE)}
    stored = {name: fields.STORED for name in ("revision", "language", "title", "audience", "texts", "lengths", "meaning")}
    return fields.Schema(article_id=fields.ID(unique=True, stored=True), **stored, **kinds)


def _fields_of(document: Document) -> dict[str, Any]:
    entry = entry_of(document)
    return {
        "article_id": str(document.article_id),
        "revision": document.revision,
        "language": document.language,
        "title": document.title,
        "audience": sorted(document.audience),
        "texts": entry.texts,
        "lengths": entry.lengths,
        "meaning": meaning.vector_of(document),
        **{kind: " ".join(entry.tokens[kind]) for kind in _KINDS},
        _AUDIENCE: " ".join(map(quote, document.audience)),
    }


# By the name of the reader and what was asked of it: some 5, 10 and 4 MB at most, for all indexes together.
_FREQUENCIES: Kept[int] = Kept(room=2**15, size_of=lambda _: 1)
_WORDS: Kept[frozenset[bytes]] = Kept(room=2**17, size_of=len)
_NUMBERS: Kept[Sequence[int]] = Kept(room=2**20, size_of=len)
_NAMES = count(1)


class Reader:
    """One generation of one index as it was when opened.  Whoosh's readers share file positions: one thread a time."""

    def __init__(self, generation: Path) -> None:
        self.generation = generation
        self.lock = Lock()
        self.name = next(_NAMES)
        self._files = _opened(generation)
        self._index = self._files.reader()
        self._seen_by: dict[frozenset[str], frozenset[int]] = {}
        self.size = self._index.doc_count()

    def is_current(self, generation: Path) -> bool:
        return self.generation == generation and self._files.latest_generation() == self._index.generation()

    def frequencies(self, tokens: Collection[str]) -> dict[str, int]:
        if len(tokens) > _MANY:
            tokens = [token for token in tokens if not token.isascii() or token[1:].encode() in self._words(token[0])]
        counted = {token: self._frequency(token) for token in tokens}
        return {token: frequency for token, frequency in counted.items() if frequency}

    def _words(self, kind: str) -> frozenset[bytes]:
        """Return the tokens of a kind that begin with a Latin letter or a figure, as the neighbours of a misspelt word do."""
        return _WORDS.get((self.name, kind), lambda: frozenset(takewhile(_AFTER_Z.__gt__, self._index.lexicon(kind))))

    def _frequency(self, token: str) -> int:
        return _FREQUENCIES.get((self.name, token), lambda: int(self._index.doc_frequency(token[0], token[1:])))

    def pinyin_keys(self, prefix: str) -> list[str]:
        return [key.decode() for key in islice(self._index.expand_prefix(PINYIN, prefix), PINYIN_KEYS)]

    def candidates(self, tokens: Mapping[str, float], audiences: frozenset[str] | None, most: int) -> list[Candidate]:
        drawn: dict[int, float] = defaultdict(float)
        for token, weight in tokens.items():
            for number in self._numbers(token):
                drawn[number] += weight
        numbers: Collection[int] = drawn
        if audiences is not None and len(visible := self._visible(audiences)) < self.size:
            numbers = drawn.keys() & visible
        best = nlargest(most, [(drawn[number], -number) for number in numbers])
        return [self._candidate(-minus, weight) for weight, minus in best]

    def _numbers(self, token: str) -> Sequence[int]:
        """Return the documents that have a token, by the numbers that Whoosh gives them."""
        return _NUMBERS.get((self.name, token), lambda: array("I", self._read_numbers(token)))

    def _read_numbers(self, token: str) -> Iterable[int]:
        known = (token[0], token[1:]) in self._index
        return self._index.postings(token[0], token[1:]).all_ids() if known else ()

    def _candidate(self, number: int, drawn: float) -> Candidate:
        return Candidate(*FACTS.get((self.name, number), lambda: self._read_facts(number)), drawn)

    def _read_facts(self, number: int) -> Facts:
        stored = self._index.stored_fields(number)
        if not stored.get("texts"):
            raise NeedsRebuild(f"{self.generation} lacks what articles are ranked by.")
        return int(stored["article_id"]), stored["language"], stored["texts"], stored["lengths"]

    def _visible(self, audiences: frozenset[str]) -> frozenset[int]:
        if audiences not in self._seen_by:
            known = [one for one in map(quote, audiences) if (_AUDIENCE, one) in self._index]
            self._seen_by[audiences] = frozenset(
                number for one in known for number in self._index.postings(_AUDIENCE, one).all_ids()
            )
        return self._seen_by[audiences]

    def meanings(self, audiences: frozenset[str] | None) -> list[tuple[int, bytes]]:
        visible = None if audiences is None else self._visible(audiences)
        return [
            (int(stored["article_id"]), stored["meaning"])
            for number, stored in self._index.iter_docs()
            if stored.get("meaning") and (visible is None or number in visible)
        ]

    @cached_property
    def titles(self) -> Titles:
        return Titles(
            Title(int(stored["article_id"]), stored["title"], stored["language"], frozenset(stored["audience"]))
            for _, stored in self._index.iter_docs()
        )

    def contents(self) -> Iterator[tuple[int, int]]:
        for _, stored in self._index.iter_docs():
            yield int(stored["article_id"]), stored["revision"]

    def revisions(self, article_ids: Iterable[int]) -> Iterator[tuple[int, int]]:
        for article_id in article_ids:
            if ("article_id", str(article_id)) in self._index:
                for number in self._index.postings("article_id", str(article_id)).all_ids():
                    yield article_id, self._index.stored_fields(number)["revision"]


_READERS = Readers(Reader, most=_OPEN_INDEXES, damage=(NeedsRebuild, *DAMAGE))
