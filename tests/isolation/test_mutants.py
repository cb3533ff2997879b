"""The crawl finds what it is there to find: every mistake of the manual, made on purpose, is seen by it."""

import contextlib

import pytest

from tests.isolation.mutants import MUTANTS


def test_the_manual_holds_at_least_forty_mistakes():
    assert len({mutant.mistake for mutant in MUTANTS}) == len(MUTANTS) >= 40


@pytest.mark.parametrize("mutant", MUTANTS, ids=lambda mutant: mutant.mistake)
def test_the_mistake_is_found(town, crawler, mutant):
    """The patches go before the town does, so that what is put right is put right by the real thing."""
    asking = crawler(*mutant.look[:2]) if isinstance(mutant.look, tuple) else None
    with pytest.MonkeyPatch.context() as patch:
        broken = mutant.breaks(patch, town)
        with broken if isinstance(broken, contextlib.AbstractContextManager) else contextlib.nullcontext():
            found = asking.crawl(mutant.look[2:]) if asking else list(mutant.look(town))
    assert found, f"nobody noticed that {mutant.mistake}"
