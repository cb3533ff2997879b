"""Questions: what somebody typed, understood by what the articles know, and answered; the same above every engine."""

from collections.abc import Iterable, Mapping, Sequence
from itertools import chain

from knowledge_base.search import analysis, meaning, ranking, spelling, synonyms, usual_words
from knowledge_base.search.backend import CHARACTER, PINYIN, TERM, WORD, Index
from knowledge_base.search.documents import Candidate, Hit, Question, SearchResult
from knowledge_base.search.ranking import Wanted
from knowledge_base.search.synonyms import Requirement

# So many articles are looked at closely.  They are drawn by the rarest tokens, which tell most: those that come to at most
# so many occurrences, so that a pasted e-mail costs no more than a word.
_MOST_CANDIDATES = 50
_DRAW = 800
_FEWEST_TOKENS, _MOST_TOKENS = 2, 24
# Up to so many terms, without a word that makes a sentence of them, are keywords: where articles have all, no other answers.
_KEYWORDS = 4
# Single Chinese characters draw articles only where pairs find little, or where there are few of them, as they pay there.
_FEW_HITS = 20
# What tells how something is asked counts for so much of what it would by its rarity.
_LITTLE = 0.2
# A misspelt word may mean so many others; the rest of the question tells which.
_MEANINGS = 3
_SHORT = 4
# Where single characters are all that articles have of a question, they must have so much of what it is about.
_ENOUGH = 0.15
# What scores less than this share of the best answers something else.
_WORTH_SHOWING = 0.15
# An article that has less than this share of a question is a weak answer, and one by its meaning may be better.
_STRONG = 0.4


def answer(index: Index, question: Question) -> SearchResult:
    """Return the articles that answer `question`, best first, and how it was understood."""
    understood = _Understood(index, question)
    hits = understood.complete() or understood.loose()
    best = hits[0].score if hits else 0.0
    hits = [hit for hit in hits if hit.score >= _WORTH_SHOWING * best]
    if meaning.is_on() and understood.is_weak(hits):
        by_meaning = meaning.nearest(question.words, index.meanings(question.audiences))
        understood.is_guess = understood.is_guess or not hits
        hits = meaning.fused(hits, by_meaning)
    return SearchResult(hits[: question.limit], understood.corrected, understood.marked, understood.is_guess)


class _Understood:
    """A question with its misspelt words put right, and how many articles have each of its tokens."""

    def __init__(self, index: Index, question: Question) -> None:
        self.index, self.question = index, question
        terms = _distinct(analysis.terms(question.words))
        known = self._known(terms, _distinct(analysis.characters(question.words)))
        self.unknown = [word for word in _distinct(analysis.words(question.words)) if not _has_any(word, known)]
        self.pinyin = self._pinyin_keys(terms)
        misspelt = [word for word in self.unknown if not (self._is_pinyin(word) or self._is_agreed(word))]
        meant = {word: found for word in misspelt if (found := self._meant(word))}
        self.corrected = spelling.corrected(question.words, {word: found[0] for word, found in meant.items()})
        words = self.corrected or question.words
        self.terms = _distinct(analysis.terms(words))
        self.characters = _distinct(analysis.characters(words))
        groups = (*question.synonyms, *map(tuple, meant.values()))
        usual = usual_words.groups_for(self.terms)
        # What is said, or meant by the tenant's own agreement; then, what people usually call the same.
        self.readings = [synonyms.requirements(words, self.terms, some) for some in (groups, (*groups, *usual))]
        self.counted = synonyms.counted(self.readings[-1])
        self.weights = synonyms.weights(self.readings[-1])
        self.known = self._known(self.weights, self.characters)
        self.needles = self._needles()
        self.marked = " ".join([words, *synonyms.others(words, (*question.synonyms, *usual))])
        self.is_guess = False
        self.seen: dict[int, Candidate] = {}

    def is_weak(self, hits: Sequence[Hit]) -> bool:
        """Whether words found too little: nothing but guesses, nothing in the reader's language, or little of the question."""
        if self.is_guess or not hits:
            return True
        best = self.seen[hits[0].article_id]
        if analysis.language_distance(best.language, self.question.language) > 1:
            return True
        weights = {term: ranking.weight_of(self.known.get(TERM + term, 0), self.index.size) for term in self.terms}
        has = sum(weight for term, weight in weights.items() if any(analysis.as_laid_out(term) in text for text in best.texts))
        return has < _STRONG * sum(weights.values())

    def _known(self, terms: Iterable[str], characters: Iterable[str]) -> dict[str, int]:
        tokens = [*(TERM + term for term in terms), *(CHARACTER + character for character in characters)]
        return self.index.frequencies(tokens) if tokens else {}

    def _meant(self, word: str) -> list[str]:
        """Return what a misspelt word may mean: as spelled in some article, else as the stem of what is spelled there."""
        spellings = dict.fromkeys((kind, spelled) for spelled in (word, analysis.stem(word)) for kind in (WORD, TERM))
        for kind, spelled in spellings:
            near = spelling.neighbours(spelled) if spelling.is_correctable(spelled) else ()
            counts = {token[1:]: count for token, count in self.index.frequencies([kind + one for one in near]).items()}
            meant = spelling.likely(spelled, counts, self.index.size)[:_MEANINGS]
            if seen := [one for one in meant if self._is_seen(kind + one)]:
                return seen
        # No article has it; but what customers usually say for a word that articles do have is known to everybody.
        return usual_words.near(word)

    def _is_agreed(self, word: str) -> bool:
        """Whether a word that no article has is one that means another: nobody has misspelt it."""
        agreed = (*self.question.synonyms, *usual_words.groups_for(analysis.terms(word)))
        return any(word in analysis.words(phrase) for group in agreed for phrase in group)

    def _is_seen(self, token: str) -> bool:
        """Whether an article that this reader may find has it: a correction must not tell what is in the others."""
        return bool(self.index.candidates({token: 1.0}, self.question.audiences, 1))

    def _pinyin_keys(self, terms: Sequence[str]) -> dict[str, float]:
        """Return the keys of titles that begin as was typed, with their weights: the more was typed of one, the better.

        Syllables may be typed apart; only where no title has them together is each looked for by itself.  Where all that was
        typed is known, as km and wu are in Chinese articles too, it means a title as a whole, and that to readers of Chinese.
        """
        if analysis.characters(self.question.words):
            return {}
        if self.unknown or not terms:
            return self._keys_from([self._together]) or self._keys_from(word.replace("'", "") for word in self.unknown)
        is_read = self.question.language is not None and self.question.language.startswith("zh")
        return self._keys_from([self._together + analysis.WHOLE]) if is_read else {}

    @property
    def _together(self) -> str:
        return "".join(analysis.parts(self.question.words)).replace("'", "")

    def _is_pinyin(self, word: str) -> bool:
        return any(key.startswith((self._together, word)) for key in self.pinyin)

    def _keys_from(self, starts: Iterable[str]) -> dict[str, float]:
        return {
            key: len(start) * (4.0 if key == start + analysis.WHOLE else 2.0 if key == start else 1.0)
            for start in sorted(set(starts))
            if len(start) > 1
            for key in self.index.pinyin_keys(start)
        }

    def complete(self) -> list[Hit]:
        """Return the articles that have all of a few keywords; where none has, those that have the usual words for them."""
        is_sentence = analysis.has_function_words(self.question.words) or len(self.terms) > _KEYWORDS
        if is_sentence or self.pinyin or not self.terms:
            return []
        return next(filter(None, map(self._with_all, self.readings)), [])

    def _with_all(self, needed: Sequence[Requirement]) -> list[Hit]:
        if any(not _is_possible(requirement, self.known) for requirement in needed):
            return []
        found = self._drawn(self._weighed(TERM, synonyms.weights(needed)))
        return self._ranked([one for one in found if synonyms.is_met(one, needed)], {})

    def loose(self) -> list[Hit]:
        """Return the articles that have any of it."""
        terms = self._weighed(TERM, self.weights)
        few = sum(self.known.get(token, 0) for token in terms) < _FEW_HITS or len(self.characters) <= _SHORT
        characters = self._weighed(CHARACTER, dict.fromkeys(self.characters, 1.0)) if few else {}
        by_pinyin = self._drawn({PINYIN + key: weight for key, weight in self.pinyin.items()}) if self.pinyin else []
        found = self._drawn(terms, characters)
        if not any(self._has_term(one) for one in found):
            found = [one for one in found if self._has_enough(one)]
            self.is_guess = bool(found) and not by_pinyin
        everything = {one.article_id: one for one in (*found, *by_pinyin)}
        return self._ranked(list(everything.values()), {one.article_id: one.drawn for one in by_pinyin})

    def _needles(self) -> dict[str, float]:
        """Return what is counted in laid out texts, with what it is worth: single terms, and phrases that mean them."""
        return {
            analysis.phrase_as_laid_out(phrase): factor * sum(self._worth(TERM + term) for term in phrase)
            for phrase, factor in self.counted.items()
            if all(TERM + term in self.known for term in phrase)
        }

    def _weighed(self, kind: str, wanted: Mapping[str, float]) -> dict[str, float]:
        """Return the tokens of a kind that some article has, with what each is worth."""
        return {token: factor * self._worth(token) for text, factor in wanted.items() if (token := kind + text) in self.known}

    def _worth(self, token: str) -> float:
        return ranking.weight_of(self.known[token], self.index.size) * (_LITTLE if analysis.says_little(token[1:]) else 1.0)

    def _drawn(self, *weighed: Mapping[str, float]) -> list[Candidate]:
        chosen = dict(chain.from_iterable(self._rarest(tokens) for tokens in weighed))
        return self.index.candidates(chosen, self.question.audiences, _MOST_CANDIDATES) if chosen else []

    def _rarest(self, tokens: Mapping[str, float]) -> list[tuple[str, float]]:
        chosen: list[tuple[str, float]] = []
        total = 0
        for token in sorted(tokens, key=lambda token: (self.known.get(token, 1), token))[:_MOST_TOKENS]:
            total += self.known.get(token, 1)
            if total > _DRAW and len(chosen) >= _FEWEST_TOKENS:
                break
            chosen.append((token, tokens[token]))
        return chosen

    def _has_term(self, candidate: Candidate) -> bool:
        return any(needle in text for text in candidate.texts if text for needle in self.needles)

    def _has_enough(self, candidate: Candidate) -> bool:
        """Whether more speaks for an article than a character here and there."""
        weights = {one: self._weight(one) for one in self.characters if not analysis.has_function_words(one)}
        weights = weights or {one: self._weight(one) for one in self.characters}
        has = sum(weight for one, weight in weights.items() if any(one in text for text in candidate.texts))
        return has >= _ENOUGH * sum(weights.values())

    def _weight(self, character: str) -> float:
        return ranking.weight_of(self.known.get(CHARACTER + character, 0), self.index.size)

    def _ranked(self, candidates: Sequence[Candidate], bonus: Mapping[int, float]) -> list[Hit]:
        self.seen |= {one.article_id: one for one in candidates}
        if not candidates:
            return []
        characters = self._weighed(CHARACTER, dict.fromkeys(self.characters, 1.0))
        small = [analysis.as_laid_out(word) for word in _distinct(analysis.small_words(self.question.words))]
        wanted = Wanted(self.needles, {token[1:]: weight for token, weight in characters.items()}, small)
        return ranking.ranked(candidates, wanted, self.question.language, bonus)


def _distinct(tokens: Iterable[str]) -> list[str]:
    return list(dict.fromkeys(tokens))


def _has_any(word: str, known: Mapping[str, int]) -> bool:
    """Whether some article has a word in any form; a stop word is never looked for, so never unknown."""
    terms = analysis.terms(word)
    return not terms or any(TERM + term in known for term in terms)


def _is_possible(requirement: Requirement, known: Mapping[str, int]) -> bool:
    return any(all(TERM + term in known for term in phrase) for phrase in requirement)
