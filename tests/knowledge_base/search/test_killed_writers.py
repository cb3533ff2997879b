"""A writer may be killed at any moment: the index is readable all the while, and in the end equal to what it should be."""

import os
import random
import signal
import time

import pytest

from knowledge_base.search.whoosh_index import WhooshBackend
from tests.knowledge_base.search.conftest import article, found

ARTICLES, EDITS, BATCH, KILLS = 20, 1000, 10, 50


def _edited(edit):
    return article(edit % ARTICLES + 1, "Deposit", f"edit{edit}", revision=edit)


@pytest.fixture
def engine(tmp_path):
    made = WhooshBackend(tmp_path / "tenant")
    made.rebuild(article(number + 1, "Deposit", revision=0) for number in range(ARTICLES))
    return made


def _write(engine, progress):
    """Work off the edits from where the last writer left its mark; the mark comes after the work, as the outbox's does."""
    for first in range(int(progress.read_text()), EDITS, BATCH):
        engine.apply([_edited(edit) for edit in range(first, first + BATCH)])
        if first % 200 == 0:
            engine.rebuild([_edited(edit) for edit in range(max(0, first + BATCH - ARTICLES), first + BATCH)])
        draft = progress.with_suffix(".new")
        draft.write_text(str(first + BATCH))
        draft.replace(progress)


def _forked(engine, progress):
    pid = os.fork()
    if pid == 0:
        try:
            _write(engine, progress)
        finally:
            os._exit(0)
    return pid


def test_fifty_killed_writers_lose_nothing_and_no_reader_fails(engine, tmp_path):
    progress = tmp_path / "progress"
    progress.write_text("20")
    engine.rebuild([_edited(edit) for edit in range(ARTICLES)])
    dice, kills = random.Random(4), 0
    while kills < KILLS or int(progress.read_text()) < EDITS:
        if int(progress.read_text()) >= EDITS:
            progress.write_text("20")  # a quick machine gets through them before it is killed often enough: once more
        pid = _forked(engine, progress)
        end = time.monotonic() + (dice.uniform(0.005, 0.1) if kills < KILLS else 60)
        while time.monotonic() < end and os.waitpid(pid, os.WNOHANG) == (0, 0):
            assert len(found(engine, "deposit")) == ARTICLES
            time.sleep(0.01)
        if time.monotonic() >= end:
            kills += 1
            os.kill(pid, signal.SIGKILL)
            os.waitpid(pid, 0)
    assert kills >= KILLS
    assert engine.contents() == {edit % ARTICLES + 1: edit for edit in range(EDITS - ARTICLES, EDITS)}
    assert found(engine, f"edit{EDITS - 1}") == [(EDITS - 1) % ARTICLES + 1]
