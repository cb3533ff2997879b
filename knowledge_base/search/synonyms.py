"""Synonyms: groups of phrases that a tenant says mean the same, in any script, applied when a question is asked."""

from collections.abc import Iterable, Sequence

from knowledge_base.search import analysis
from knowledge_base.search.documents import Candidate

Phrase = tuple[str, ...]
# What must be there: one of these phrases, each a row of first-pass terms.
Requirement = tuple[Phrase, ...]
# Another word for what was asked answers a little less surely than the word itself.
_OTHER_WORD = 0.7


def requirements(words: str, terms: Sequence[str], groups: Iterable[Sequence[str]]) -> list[Requirement]:
    """Return what an article needs to answer `words` completely: each of its terms, or another phrase for some of them."""
    in_order = tuple(analysis.terms(words))
    needed: list[Requirement] = []
    covered: set[str] = set()
    for group in groups:
        phrases = _phrases(group)
        if said := next((phrase for phrase in phrases if _has(in_order, phrase)), None):
            needed.append((said, *(phrase for phrase in phrases if phrase != said)))
            covered |= set(said)
    return [*needed, *(((term,),) for term in terms if term not in covered)]


def weights(needed: Iterable[Requirement]) -> dict[str, float]:
    """Return how much each term counts: in full when it was said, less when it is another word for that."""
    counted: dict[str, float] = {}
    for said, *others in needed:
        counted |= {term: _OTHER_WORD for phrase in others for term in phrase if counted.get(term, 0) < _OTHER_WORD}
        counted |= dict.fromkeys(said, 1.0)
    return counted


def others(words: str, groups: Iterable[Sequence[str]]) -> list[str]:
    """Return the phrases, as written, that mean the same as something in `words`."""
    in_order = tuple(analysis.terms(words))
    meant = [group for group in groups if any(_has(in_order, phrase) for phrase in _phrases(group))]
    return [phrase for group in meant for phrase in group]


def is_met(candidate: Candidate, needed: Iterable[Requirement]) -> bool:
    """Whether the candidate has one phrase of each requirement."""
    whole = "\n".join(candidate.texts)
    return all(
        any(all(analysis.as_laid_out(term) in whole for term in phrase) for phrase in requirement) for requirement in needed
    )


def _phrases(group: Iterable[str]) -> list[Phrase]:
    return [terms for phrase in group if (terms := tuple(analysis.terms(phrase)))]


def _has(in_order: Phrase, phrase: Phrase) -> bool:
    return any(in_order[at : at + len(phrase)] == phrase for at in range(len(in_order) - len(phrase) + 1))
