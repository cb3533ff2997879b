"""Entries: a document as the tokens and texts that every engine keeps of it."""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import chain

from knowledge_base.search import analysis
from knowledge_base.search.backend import CHARACTER, PART, PINYIN, TERM, WORD
from knowledge_base.search.documents import Document

# Raise it with every change to what is kept.
FORMAT = f"{analysis.ANALYZER_VERSION}.3"


# What is longer was not typed by anybody: keys, addresses, pictures written as letters.
LONGEST = 200


@dataclass(frozen=True)
class Entry:
    """`tokens` are those an article is drawn by, each with the letter of its kind; `texts` and `lengths` are for ranking."""

    tokens: dict[str, list[str]]
    texts: tuple[str, ...]
    lengths: tuple[int, ...]

    @property
    def lexemes(self) -> Iterator[str]:
        return chain.from_iterable((kind + token for token in tokens) for kind, tokens in self.tokens.items())


_MADE_BY = {TERM: analysis.terms, CHARACTER: analysis.characters, WORD: analysis.words}


def entry_of(document: Document) -> Entry:
    tokens: dict[str, dict[str, None]] = {kind: {} for kind in _MADE_BY}
    laid_out = []
    for text in document.texts:
        for kind, make in _MADE_BY.items():
            tokens[kind] |= dict.fromkeys(make(text))
        laid_out.append(analysis.laid_out(text))
    tokens[PINYIN] = dict.fromkeys(analysis.pinyin_keys(document.title))
    tokens[PART] = dict.fromkeys(analysis.parts(document.title))
    kept = {kind: [one for one in found if len(one) <= LONGEST] for kind, found in tokens.items()}
    return Entry(kept, tuple(text for text, _ in laid_out), tuple(length for _, length in laid_out))
