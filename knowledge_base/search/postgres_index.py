"""PostgreSQL as the engine: the index in the tenant's own schema, for any number of web nodes, changed by transactions."""

from collections import Counter
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import islice
from typing import Any

from sqlalchemy import ColumnElement, Text, cast, delete, func, select, text
from sqlalchemy.dialects.postgresql import ARRAY, insert
from sqlalchemy.orm import Session

from kernel import database
from knowledge_base.search import analysis, meaning, questions, titles
from knowledge_base.search.backend import PART, PINYIN, PINYIN_KEYS
from knowledge_base.search.documents import Candidate, Document, NeedsRebuild, Question, SearchResult
from knowledge_base.search.entries import FORMAT, LONGEST, Entry, entry_of
from knowledge_base.search.kept import FACTS, Facts
from knowledge_base.search.models import SearchEntry, SearchToken

# The token that every entry has: its frequency is their number, that of another of its kind tells an older format.
_MARK = "f"
_MARKED = _MARK + FORMAT
_WRITER_LOCK = 0x46444B53
_BATCH = 100
# A tsvector holds a megabyte; what a text of that size says after that, it has said before.
_MOST_LEXEME_BYTES = 900_000
_MOST_TITLES = 200
_LAST = "\U0010ffff"
# Stands in no text that was laid out; arrays would take the driver longer to read than the database to join.
_BETWEEN = "\x1f"


@dataclass(frozen=True)
class PostgresBackend:
    """The index in the schema where `session` stands, as its transaction sees it; a `SearchBackend`."""

    session: Session

    def apply(self, upserts: Iterable[Document], deletes: Iterable[int] = ()) -> None:
        self._be_the_writer()
        if self.is_stale():
            raise NeedsRebuild(f"The index is not written in format {FORMAT}.")
        documents = {document.article_id: document for document in upserts}
        self._remove({*documents, *deletes})
        self._add(list(documents.values()))

    def rebuild(self, documents: Iterable[Document], progress: Callable[[int], object] | None = None) -> None:
        self._be_the_writer()
        self.session.execute(delete(SearchEntry))
        self.session.execute(delete(SearchToken))
        waiting, count = iter(documents), 0
        while batch := list(islice(waiting, _BATCH)):
            self._add(batch)
            count += len(batch)
            if progress:
                progress(count)
        self._count({_MARKED: 0})

    def _be_the_writer(self) -> None:
        self.session.execute(select(func.pg_advisory_xact_lock(_WRITER_LOCK, func.hashtext(func.current_schema()))))

    def _remove(self, article_ids: Collection[int]) -> None:
        gone = delete(SearchEntry).where(SearchEntry.article_id.in_(article_ids))
        lexemes = self.session.scalars(gone.returning(func.tsvector_to_array(SearchEntry.tokens, type_=ARRAY(Text)))).all()
        self._count(Counter({token: -count for token, count in Counter(_flat(lexemes)).items()}))

    def _add(self, documents: list[Document]) -> None:
        entries = {document: entry_of(document) for document in documents}
        lexemes = {document: _lexemes(entry) for document, entry in entries.items()}
        rows = [_row(document, entries[document], lexemes[document]) for document in documents]
        for row in rows:
            self.session.execute(insert(SearchEntry).values(row))
        self._count(Counter(_flat(lexemes.values())))

    def _count(self, changes: Mapping[str, int]) -> None:
        """Add to how many entries have a token; always in the same order, as two writers of one row must be."""
        if not changes:
            return
        counted = sorted(changes.items())
        values = {"tokens": [token for token, _ in counted], "changes": [change for _, change in counted]}
        self.session.execute(_COUNT, values)
        if fewer := [token for token, change in counted if change < 0 and token != _MARKED]:
            self.session.execute(delete(SearchToken).where(_among(fewer), SearchToken.articles <= 0))

    def exists(self) -> bool:
        return bool(self._formats())

    def is_stale(self) -> bool:
        return any(mark != _MARKED for mark in self._formats())

    def _formats(self) -> list[str]:
        return list(self.session.scalars(select(SearchToken.token).where(*_starting_with(_MARK))))

    def contents(self) -> dict[int, int]:
        return dict(self.session.execute(select(SearchEntry.article_id, SearchEntry.revision)).all())

    def revisions(self, article_ids: Collection[int]) -> dict[int, int]:
        some = select(SearchEntry.article_id, SearchEntry.revision).where(SearchEntry.article_id.in_(article_ids))
        return dict(self.session.execute(some).all())

    def search(self, question: Question) -> SearchResult:
        return questions.answer(_Tables(self.session), question)

    def suggest(self, prefix: str, question: Question) -> list[int]:
        if not titles.is_long_enough(prefix):
            return []
        rows = self.session.execute(_titles_with(prefix, question)).all()
        if found := titles.in_order(prefix, rows, language=question.language):
            return found[: question.limit]
        return [hit.article_id for hit in self.search(replace(question, words=prefix)).hits]


def _flat(lists: Iterable[Iterable[str]]) -> Iterable[str]:
    return (token for tokens in lists for token in tokens)


def _lexemes(entry: Entry) -> list[str]:
    room = _MOST_LEXEME_BYTES
    kept = [_MARKED]
    for lexeme in entry.lexemes:
        room -= len(lexeme.encode())
        if room < 0:
            break
        kept.append(lexeme)
    return kept


def _row(document: Document, entry: Entry, lexemes: list[str]) -> dict[str, Any]:
    return {
        "article_id": document.article_id,
        "revision": document.revision,
        "language": document.language,
        "audience": sorted(document.audience),
        "title": analysis.fold(document.title).strip(),
        "texts": list(entry.texts),
        "lengths": list(entry.lengths),
        "meaning": meaning.vector_of(document),
        "tokens": func.array_to_tsvector(cast(lexemes, ARRAY(Text))),
    }


_COUNT = text(
    "INSERT INTO search_token SELECT * FROM unnest(CAST(:tokens AS text[]), CAST(:changes AS int[])) AS change(token, articles)"
    " ON CONFLICT (token) DO UPDATE SET articles = search_token.articles + excluded.articles"
)


def _among(tokens: list[str]) -> ColumnElement[bool]:
    """One array, not a parameter for each: there may be hundreds."""
    return SearchToken.token == func.any(cast(tokens, ARRAY(Text)))


def _starting_with(prefix: str) -> tuple[ColumnElement[bool], ...]:
    return SearchToken.token >= prefix, SearchToken.token < prefix + _LAST


def _titles_with(prefix: str, question: Question) -> Any:
    """Select the visible titles that hold the words of `prefix`, the last as a beginning: id, title, language."""
    *complete, last = analysis.parts(prefix)
    wanted = " & ".join([*(_quoted(PART + part) for part in complete), f"{_quoted(PART + last)}:*"])
    start = analysis.fold(prefix).strip()
    query = select(SearchEntry.article_id, SearchEntry.title, SearchEntry.language)
    query = query.where(SearchEntry.tokens.op("@@")(text("CAST(:wanted AS tsquery)").bindparams(wanted=wanted)))
    if question.audiences is not None:
        query = query.where(SearchEntry.audience.overlap(sorted(question.audiences)))
    is_own = SearchEntry.language == (question.language or "")
    likeliest = (is_own.desc(), func.starts_with(SearchEntry.title, start).desc(), func.length(SearchEntry.title))
    return query.order_by(*likeliest, SearchEntry.article_id).limit(_MOST_TITLES)


def _quoted(token: str) -> str:
    """Return a token as a lexeme of a tsquery, no longer than any that is kept."""
    return "'" + token[: LONGEST + 1].replace("\\", "\\\\").replace("'", "''") + "'"


# Each token is looked up by itself in the GIN index, and only the narrow part of a row is read: `ts_rank` would have to unpack
# the tsvector of every article that has any of them.  OFFSET 0 keeps each look-up a question of its own: joined freely, a few
# hundred articles would be read through for every token, and their tsvectors unpacked.
_DRAW = text(
    """
    WITH drawn AS (
        SELECT entry.article_id, sum(asked.weight) AS weight
        FROM unnest(CAST(:tokens AS text[]), CAST(:weights AS float8[])) AS asked(token, weight)
        CROSS JOIN LATERAL (
            SELECT article_id FROM search_entry WHERE tokens @@ CAST(asked.token AS tsquery)
            AND (CAST(:everybody AS boolean) OR audience && CAST(:audiences AS text[])) OFFSET 0) AS entry
        GROUP BY entry.article_id ORDER BY weight DESC, entry.article_id LIMIT :most)
    SELECT entry.article_id, entry.xmin || '/' || entry.ctid, drawn.weight
    FROM drawn JOIN search_entry AS entry USING (article_id) ORDER BY drawn.weight DESC, entry.article_id
    """
)
_RANKED_BY = text(
    """
    SELECT article_id, xmin || '/' || ctid, language, array_to_string(texts, :between), array_to_string(lengths, :between)
    FROM search_entry WHERE article_id = ANY(CAST(:article_ids AS bigint[]))
    """
)


# So many articles take so many pages that the planner never reads them all.
_MANY_PAGES = 2000
_BY_INDEX = text("SET LOCAL enable_seqscan = off")
_FREQUENCIES = text("SELECT token, articles FROM search_token WHERE token = ANY(CAST(:tokens AS text[]))")


class _Tables:
    """The index as one transaction sees it; an `Index`."""

    def __init__(self, session: Session) -> None:
        self._session = session
        stand = database.stand_of(session)
        self._place = (stand.placement, stand.schema)
        self._counted: dict[str, int] = {}
        self._is_by_index = False

    @cached_property
    def size(self) -> int:
        """How many articles there are; those of an older format are only asked for where there are no others."""
        if known := self.frequencies([_MARKED]):
            return known[_MARKED]
        return self._session.scalar(select(func.sum(SearchToken.articles)).where(*_starting_with(_MARK))) or 0

    def frequencies(self, tokens: Collection[str]) -> dict[str, int]:
        # The number of articles is asked for with the first tokens, to spare a round trip.
        asked = tokens if self._counted else [*tokens, _MARKED]
        if missing := [token for token in asked if token not in self._counted]:
            counted = dict.fromkeys(missing, 0) | dict(database.rows(self._session, _FREQUENCIES, {"tokens": missing}))
            self._counted |= counted
        return {token: count for token in tokens if (count := self._counted[token]) > 0}

    def pinyin_keys(self, prefix: str) -> list[str]:
        keys = select(SearchToken.token).where(*_starting_with(PINYIN + prefix)).order_by(SearchToken.token)
        return [key[1:] for key in self._session.scalars(keys.limit(PINYIN_KEYS))]

    def candidates(self, tokens: Mapping[str, float], audiences: frozenset[str] | None, most: int) -> list[Candidate]:
        values = {
            "tokens": [_quoted(token) for token in tokens],
            "weights": list(tokens.values()),
            "everybody": audiences is None,
            "audiences": sorted(audiences or ()),
            "most": most,
        }
        self._go_by_index()
        drawn = database.rows(self._session, _DRAW, values)
        facts = self._facts([(article_id, writing) for article_id, writing, _ in drawn])
        return [Candidate(*facts[article_id], weight) for article_id, _, weight in drawn if article_id in facts]

    def _facts(self, rows: list[tuple[int, str]]) -> dict[int, Facts]:
        """Return what these articles are ranked by; of one that was just withdrawn, nothing."""
        facts = {article_id: kept for article_id, writing in rows if (kept := FACTS.find((*self._place, article_id, writing)))}
        if missing := [article_id for article_id, _ in rows if article_id not in facts]:
            values = {"article_ids": missing, "between": _BETWEEN}
            for article_id, writing, language, texts, lengths in database.rows(self._session, _RANKED_BY, values):
                read = (article_id, language, tuple(texts.split(_BETWEEN)), tuple(map(int, lengths.split(_BETWEEN))))
                facts[article_id] = FACTS.keep((*self._place, article_id, writing), read)
        return facts

    def _go_by_index(self) -> None:
        """Let the planner use the index: it counts pages, and does not know that looking into a tsvector means unpacking it.

        Where there are many pages it does so by itself.  This lasts as long as the transaction; what else a search asks for is
        looked up by its key.
        """
        if not self._is_by_index and self.size < _MANY_PAGES:
            self._session.execute(_BY_INDEX)
            self._is_by_index = True

    def meanings(self, audiences: frozenset[str] | None) -> list[tuple[int, bytes]]:
        known = select(SearchEntry.article_id, SearchEntry.meaning).where(SearchEntry.meaning.is_not(None))
        if audiences is not None:
            known = known.where(SearchEntry.audience.overlap(sorted(audiences)))
        return [(article_id, vector) for article_id, vector in self._session.execute(known) if vector]
