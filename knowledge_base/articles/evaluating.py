"""Evaluating: how well a tenant's search answers questions whose right articles are known."""

import json
import statistics
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sqlalchemy import select

from kernel import database
from kernel.actors import VISITOR
from kernel.errors import InvalidField
from kernel.i18n import Language
from kernel.tenancy import Stand
from knowledge_base.articles import finding
from knowledge_base.articles.importing import UnreadableFile, language_named
from knowledge_base.articles.models import Article

# As many as the first page of results shows.
_LOOKED_AT = 10


@dataclass(frozen=True)
class Query:
    """A question; `relevant` are the external ids of the articles that answer it."""

    language: Language
    kind: str
    text: str
    relevant: frozenset[str]


@dataclass(frozen=True)
class Outcome:
    """`rank` is the place of the first right article, from 1, or 0 when it is not on the first page."""

    query: Query
    rank: int
    milliseconds: float


def read(path: Path) -> list[Query]:
    """Read questions, a JSON object a line.  Raises `UnreadableFile`."""
    return [_query(number, line) for number, line in enumerate(path.read_bytes().split(b"\n"), start=1) if line.strip()]


def _query(number: int, line: bytes) -> Query:
    try:
        facts = json.loads(line.decode("utf-8-sig"))
        language = language_named(str(facts.get("lang") or "en"))
        words, relevant = facts["text"], facts["relevant"]
        if not isinstance(words, str) or not isinstance(relevant, list):
            raise TypeError("text must be a string, relevant a list")
        return Query(language, str(facts.get("kind") or ""), words, frozenset(map(str, relevant)))
    except InvalidField as error:
        raise UnreadableFile(reason=f"{number}: {facts.get('lang')!r}: {error}") from error
    except (ValueError, TypeError, AttributeError, KeyError) as error:
        raise UnreadableFile(reason=f"{number}: {error!r}") from error


def ask_all(stand: Stand, asked: Sequence[Query], progress: Callable[[int, int], None]) -> list[Outcome]:
    """Ask each question as a visitor does who reads its language, on the first page of results."""
    outcomes = []
    with database.transaction(stand) as session:
        known = dict(session.execute(select(Article.id, Article.external_id)).all())
        for number, query in enumerate(asked, start=1):
            start = time.perf_counter()
            found = finding.find(session, query.text, query.language, actor=VISITOR, limit=_LOOKED_AT)
            took = (time.perf_counter() - start) * 1000
            shown = [known.get(find.article.id) for find in found.finds]
            rank = next((place for place, one in enumerate(shown, start=1) if one in query.relevant), 0)
            outcomes.append(Outcome(query, rank, took))
            progress(number, len(asked))
    return outcomes


def report(outcomes: Sequence[Outcome]) -> dict[str, Any]:
    """Return the shares and times of all questions, and under `by` those of each language and kind."""
    groups: dict[str, list[Outcome]] = {}
    for outcome in outcomes:
        groups.setdefault(f"{outcome.query.language.tag} {outcome.query.kind}".strip(), []).append(outcome)
    return {**_measures(outcomes), "by": {name: _measures(some) for name, some in sorted(groups.items())}}


def _measures(outcomes: Sequence[Outcome]) -> dict[str, Any]:
    """Return S@1, S@5 and MRR as shares of 1, and milliseconds."""
    ranks = [outcome.rank for outcome in outcomes]
    times = sorted(outcome.milliseconds for outcome in outcomes)
    return {
        "n": len(outcomes),
        "s1": _share(rank == 1 for rank in ranks),
        "s5": _share(1 <= rank <= 5 for rank in ranks),
        "mrr": round(statistics.fmean([1 / rank if rank else 0.0 for rank in ranks] or [0.0]), 4),
        "p50_ms": _percentile(times, 0.5),
        "p95_ms": _percentile(times, 0.95),
    }


def _share(are_right: Iterable[bool]) -> float:
    return round(statistics.fmean([*map(float, are_right)] or [0.0]), 4)


def _percentile(times: Sequence[float], share: float) -> float:
    return round(times[min(int(len(times) * share), len(times) - 1)], 2) if times else 0.0
