"""Ranking: BM25 over the candidates that an engine has drawn, the same for all engines."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import log

from knowledge_base.search import analysis
from knowledge_base.search.documents import Candidate, Hit

_K1, _B = 1.0, 0.75
# A title counts like any text: one that weighs four times as much costs up to ten points of first hits.
_CHARACTER_WEIGHT = 0.75
# By language distance: the reader's language and script, its other script, another language.
_LANGUAGE_WEIGHTS = (1.0, 0.95, 0.3)


@dataclass(frozen=True)
class Wanted:
    """What is looked for with its weight: first-pass terms as they stand in laid out texts, and the single characters."""

    terms: Mapping[str, float]
    characters: Mapping[str, float]


def weight_of(frequency: int, size: int) -> float:
    """Return how much a token says that `frequency` of `size` articles have: at least a little.

    An engine may still count articles that were replaced, so that a frequency may exceed the size.
    """
    return log(max(size / (frequency + 1), 1.0)) + 1


def ranked(candidates: Sequence[Candidate], wanted: Wanted, language: str | None, bonus: Mapping[int, float]) -> list[Hit]:
    """Return the candidates, best first; `bonus` is added to an article's score before languages are weighed."""
    averages = _averages(candidates)
    hits = []
    for candidate in candidates:
        score = bonus.get(candidate.article_id, 0.0) + _score(candidate, wanted, averages)
        distance = analysis.language_distance(candidate.language, language)
        hits.append(Hit(candidate.article_id, score * _LANGUAGE_WEIGHTS[distance]))
    return sorted((hit for hit in hits if hit.score > 0), key=lambda hit: (-hit.score, hit.article_id))


def _averages(candidates: Sequence[Candidate]) -> list[float]:
    """Return the mean length of each field where it is not empty, and of all together."""
    columns = [*zip(*(candidate.lengths for candidate in candidates), strict=True)]
    filled = [[length for length in column if length] for column in columns]
    means = [sum(column) / len(column) if column else 1.0 for column in filled]
    return [*means, sum(map(sum, filled)) / len(candidates)]


def _score(candidate: Candidate, wanted: Wanted, averages: Sequence[float]) -> float:
    """Return the sum of the scores of each field by its terms, and of the whole article by its single characters."""
    relative = [length / average for length, average in zip(candidate.lengths, averages[:-1], strict=True)]
    fields = [(text, _norm(length)) for text, length in zip(candidate.texts, relative, strict=True) if length]
    whole = "\n".join(candidate.texts)
    score = 0.0
    for needle, weight in wanted.terms.items():
        if needle in whole:
            for text, norm in fields:
                if count := text.count(needle):
                    score += weight * count * (_K1 + 1) / (count + norm)
    norm = _norm(sum(candidate.lengths) / averages[-1])
    for needle, weight in wanted.characters.items():
        if needle in whole:
            count = whole.count(needle)
            score += _CHARACTER_WEIGHT * weight * count * (_K1 + 1) / (count + norm)
    return score


def _norm(relative_length: float) -> float:
    return _K1 * (1 - _B + _B * relative_length)
