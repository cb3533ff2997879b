"""Ranking: BM25 over the candidates that an engine has drawn, the same for all engines."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from heapq import nlargest
from math import log

from knowledge_base.search import analysis
from knowledge_base.search.documents import Candidate, Hit

_K1, _B = 1.0, 0.75
# A title counts like any text: one that weighs four times as much costs up to ten points of first hits.
_CHARACTER_WEIGHT = 0.75
# By language distance: the reader's language and script, its other script, another language.
_LANGUAGE_WEIGHTS = (1.0, 0.95, 0.3)
# So many of the best are looked at closer.
_CLOSELY = 16
# A small word says so much of what it would by its rarity, and the best sentence counts so much again.
_SMALL, _SENTENCE = 0.35, 0.4


@dataclass(frozen=True)
class Wanted:
    """What is looked for as it stands in laid out texts: first-pass terms and single characters with their weights, and the
    small words of the question."""

    terms: Mapping[str, float]
    characters: Mapping[str, float]
    small: Sequence[str] = ()


@dataclass
class _Look:
    """A candidate as it is looked at: its fields that are not empty, each with the norm of its length, and its score so far."""

    candidate: Candidate
    fields: Sequence[tuple[str, float]]
    whole: str
    language_weight: float
    score: float = 0.0

    @property
    def worth(self) -> float:
        return self.score * self.language_weight


def weight_of(frequency: int, size: int) -> float:
    """Return how much a token says that `frequency` of `size` articles have: at least a little.

    An engine may still count articles that were replaced, so that a frequency may exceed the size.
    """
    return log(max(size / (frequency + 1), 1.0)) + 1


def ranked(candidates: Sequence[Candidate], wanted: Wanted, language: str | None, bonus: Mapping[int, float]) -> list[Hit]:
    """Return the candidates, best first; `bonus` is added to an article's score before languages are weighed."""
    averages = _averages(candidates)
    looks = [_look_at(candidate, averages, language) for candidate in candidates]
    for look in looks:
        norm = _norm(sum(look.candidate.lengths) / averages[-1])
        look.score = bonus.get(look.candidate.article_id, 0.0) + _score(look, wanted, norm)
    _look_closer(nlargest(_CLOSELY, [look for look in looks if look.score > 0], key=lambda look: look.worth), wanted)
    hits = [Hit(look.candidate.article_id, look.worth) for look in looks if look.worth > 0]
    return sorted(hits, key=lambda hit: (-hit.score, hit.article_id))


def _look_at(candidate: Candidate, averages: Sequence[float], language: str | None) -> _Look:
    lengths = zip(candidate.texts, candidate.lengths, averages[:-1], strict=True)
    fields = [(text, _norm(length / average)) for text, length, average in lengths if length]
    distance = analysis.language_distance(candidate.language, language)
    return _Look(candidate, fields, "\n".join(candidate.texts), _LANGUAGE_WEIGHTS[distance])


def _averages(candidates: Sequence[Candidate]) -> list[float]:
    """Return the mean length of each field where it is not empty, and of all together."""
    columns = [*zip(*(candidate.lengths for candidate in candidates), strict=True)]
    filled = [[length for length in column if length] for column in columns]
    means = [sum(column) / len(column) if column else 1.0 for column in filled]
    return [*means, sum(map(sum, filled)) / len(candidates)]


def _score(look: _Look, wanted: Wanted, norm: float) -> float:
    """Return the sum of the scores of each field by its terms, and of the whole article by its single characters."""
    score = _score_of_fields(look, wanted.terms)
    for needle, weight in wanted.characters.items():
        if needle in look.whole:
            count = look.whole.count(needle)
            score += _CHARACTER_WEIGHT * weight * count * (_K1 + 1) / (count + norm)
    return score


def _score_of_fields(look: _Look, needles: Mapping[str, float]) -> float:
    score = 0.0
    for needle, weight in needles.items():
        if needle in look.whole:
            for text, norm in look.fields:
                if count := text.count(needle):
                    score += weight * count * (_K1 + 1) / (count + norm)
    return score


def _look_closer(best: Sequence[_Look], wanted: Wanted) -> None:
    """Add what the small words of the question say, by their rarity among the best, and the sentence that has most of it."""
    small = {needle: _SMALL * weight_of(sum(needle in look.whole for look in best), len(best)) for needle in wanted.small}
    sentences = [look.whole.split("\n") for look in best]
    average = max(1.0, sum(len(look.whole) for look in best) / (sum(map(len, sentences)) or 1))
    for look, lines in zip(best, sentences, strict=True):
        look.score += _score_of_fields(look, small)
        said = [(needle, weight) for needle, weight in wanted.terms.items() if needle in look.whole]
        if said and len(wanted.terms) > 1:
            look.score += _SENTENCE * max([_score_of_sentence(line, said, average) for line in lines])


def _score_of_sentence(line: str, said: Sequence[tuple[str, float]], average: float) -> float:
    """Return what a sentence has of the question; one that is longer than most has some of it by chance."""
    return 2 * sum([weight for needle, weight in said if needle in line]) / (1 + max(len(line) / average, 1.0))


def _norm(relative_length: float) -> float:
    return _K1 * (1 - _B + _B * relative_length)
