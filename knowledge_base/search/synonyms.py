"""Synonyms: groups of phrases that a tenant says mean the same, in any script, applied when a question is asked."""

from collections.abc import Iterable, Sequence
from functools import lru_cache
from itertools import chain

from knowledge_base.search import analysis
from knowledge_base.search.documents import Candidate

Phrase = tuple[str, ...]
# What must be there: one of these phrases, each a row of first-pass terms.
Requirement = tuple[Phrase, ...]
# Another word for what was asked answers a little less surely than the word itself.
_OTHER_WORD = 0.7


def requirements(words: str, terms: Sequence[str], groups: Iterable[tuple[str, ...]]) -> list[Requirement]:
    """Return what an article needs to answer `words` completely: each of its terms, or another phrase for some of them.

    Of several groups that have the same phrase, any other phrase will do.
    """
    in_order = tuple(analysis.terms(words))
    needed: dict[Phrase, dict[Phrase, None]] = {}
    for group in groups:
        if said := next((phrase for phrase in phrases(group) if _has(in_order, phrase)), None):
            needed.setdefault(said, {said: None}).update(dict.fromkeys(phrases(group)))
    covered = set(chain.from_iterable(needed))
    return [*map(tuple, needed.values()), *(((term,),) for term in terms if term not in covered)]


def counted(needed: Iterable[Requirement]) -> dict[Phrase, float]:
    """Return how much each phrase counts: the terms that were said in full, what else is called so less and only as a whole."""
    factors: dict[Phrase, float] = {}
    for said, *others in needed:
        factors |= {phrase: _OTHER_WORD for phrase in others if phrase not in factors}
        factors |= {(term,): 1.0 for term in said}
    return factors


def weights(needed: Iterable[Requirement]) -> dict[str, float]:
    """Return how much an article is worth looking at for having each term."""
    found: dict[str, float] = {}
    for phrase, factor in counted(needed).items():
        found |= {term: max(factor, found.get(term, 0.0)) for term in phrase}
    return found


def others(words: str, groups: Iterable[tuple[str, ...]]) -> list[str]:
    """Return the phrases, as written, that mean the same as something in `words`."""
    in_order = tuple(analysis.terms(words))
    meant = [group for group in groups if any(_has(in_order, phrase) for phrase in phrases(group))]
    return [phrase for group in meant for phrase in group]


def is_met(candidate: Candidate, needed: Iterable[Requirement]) -> bool:
    """Whether the candidate has one phrase of each requirement."""
    whole = "\n".join(candidate.texts)
    return all(
        any(all(analysis.as_laid_out(term) in whole for term in phrase) for phrase in requirement) for requirement in needed
    )


@lru_cache(maxsize=2**12)
def phrases(group: tuple[str, ...]) -> list[Phrase]:
    """Return the phrases of a group as rows of first-pass terms, without those that say nothing."""
    return [terms for phrase in group if (terms := tuple(analysis.terms(phrase)))]


def _has(in_order: Phrase, phrase: Phrase) -> bool:
    return any(in_order[at : at + len(phrase)] == phrase for at in range(len(in_order) - len(phrase) + 1))
