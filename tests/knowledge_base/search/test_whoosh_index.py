"""Whoosh's files: generations, damage, one writer, many readers, and being killed."""

import multiprocessing
import os
import shutil
import threading
import time

import pytest

from knowledge_base.search import generations, whoosh_index
from knowledge_base.search.documents import IndexBusy, NeedsRebuild, Question
from knowledge_base.search.readers import Readers
from knowledge_base.search.whoosh_index import WhooshBackend
from tests.knowledge_base.search.conftest import SHOP, article, found


@pytest.fixture
def directory(tmp_path):
    return tmp_path / "tenant"


@pytest.fixture
def shop(directory):
    engine = WhooshBackend(directory)
    engine.apply(SHOP)
    return engine


def test_a_rebuild_replaces_everything_and_leaves_one_generation(shop):
    seen = []
    shop.rebuild((article(number, "Rebuilt") for number in range(150)), seen.append)
    assert seen == [100, 150]
    assert found(shop, "deposit") == []
    assert len(shop.contents()) == 150
    generation, *rest = sorted(path.name for path in shop.directory.iterdir())
    assert rest == ["CURRENT", "WRITER"]
    assert (shop.directory / "CURRENT").read_text() == generation


def test_a_rebuild_that_fails_leaves_the_old_index_in_force(shop):
    def documents():
        yield article(1, "Rebuilt")
        raise ConnectionError

    with pytest.raises(ConnectionError):
        shop.rebuild(documents())
    assert found(shop, "deposit") == [1]
    shop.rebuild([article(1, "Rebuilt")])
    assert len([path for path in shop.directory.iterdir() if path.is_dir()]) == 1


def test_an_index_of_another_version_is_readable_but_not_written(shop, monkeypatch):
    monkeypatch.setattr(whoosh_index, "FORMAT", "999.1")
    assert shop.is_stale()
    assert found(shop, "deposit") == [1]
    with pytest.raises(NeedsRebuild):
        shop.apply([article(1, "Deposits")])
    shop.rebuild([article(1, "Deposits")])
    assert not shop.is_stale()


def test_an_index_from_before_something_was_kept_asks_to_be_rebuilt(shop, monkeypatch):
    fields_of = whoosh_index._fields_of
    with monkeypatch.context() as older:
        older.setattr(whoosh_index, "_fields_of", lambda document: {**fields_of(document), "texts": None})
        shop.rebuild(SHOP)
    with pytest.raises(NeedsRebuild):
        found(shop, "deposit")


@pytest.mark.parametrize("damage", ["pointer", "generation", "segment", "contents"])
def test_a_damaged_index_asks_to_be_rebuilt(shop, damage):
    generation = generations.current(shop.directory)
    if damage == "pointer":
        (shop.directory / "CURRENT").write_text("1.1-999999")
    elif damage == "generation":
        shutil.rmtree(generation)
    else:
        for path in generation.glob("*.seg" if damage == "segment" else "*.toc"):
            path.write_bytes(b"") if damage == "contents" else path.unlink()
    with pytest.raises(NeedsRebuild):
        shop.search(Question(words="deposit"))
    shop.rebuild([article(1, "Deposits")])
    assert found(shop, "deposit") == [1]


def test_a_second_writer_waits_and_gives_up_in_time(shop):
    with generations.writing(shop.directory, wait_seconds=1):
        with pytest.raises(IndexBusy):
            WhooshBackend(shop.directory, wait_seconds=0.1).apply([article(1, "Deposits")])
        waiting = threading.Thread(target=shop.apply, args=([article(8, "Waited")],))
        waiting.start()
        time.sleep(0.1)
    waiting.join()
    assert found(shop, "waited") == [8]


def test_only_so_many_indexes_stay_open(tmp_path, monkeypatch):
    readers = Readers(whoosh_index.Reader, most=4, damage=whoosh_index.DAMAGE)
    monkeypatch.setattr(whoosh_index, "_READERS", readers)
    for number in range(12):
        engine = WhooshBackend(tmp_path / str(number))
        engine.apply([article(number, "Refund")])
        assert found(engine, "refund") == [number]
    assert list(readers.held) == [tmp_path / str(number) for number in range(8, 12)]
    assert _open_files(tmp_path) <= 8


def _open_files(directory):
    opened = [os.path.realpath(f"/proc/self/fd/{name}") for name in os.listdir("/proc/self/fd")]
    return sum(path.startswith(str(directory)) for path in opened)


@pytest.fixture
def opening(shop, monkeypatch):
    """Readers whose opening fails a given number of times, as when a writer takes away the file that was just seen."""

    def fail(times):
        failures = iter([FileNotFoundError("_MAIN_20.toc")] * times)

        def open_generation(generation):
            if failure := next(failures, None):
                raise failure
            return whoosh_index.Reader(generation)

        monkeypatch.setattr(whoosh_index, "_READERS", Readers(open_generation, most=4, damage=whoosh_index.DAMAGE))

    return fail


def test_a_file_that_a_writer_has_just_taken_away_fails_no_reader(shop, opening):
    opening(4)
    assert found(shop, "deposit") == [1]


def test_an_index_that_cannot_be_opened_has_to_be_built_again(shop, opening):
    opening(1000)
    with pytest.raises(NeedsRebuild):
        found(shop, "deposit")


def test_readers_in_many_threads_and_processes_see_a_whole_index_while_it_is_written(shop):
    stop = multiprocessing.get_context("spawn").Event()
    with multiprocessing.get_context("spawn").Pool(2, _remember, (stop,)) as pool:
        reading = [pool.apply_async(_read, (shop,)) for _ in range(2)]
        failures = []
        threads = [threading.Thread(target=_read_until, args=(shop, stop, failures)) for _ in range(3)]
        for thread in threads:
            thread.start()
        for revision in range(2, 14):
            shop.apply([article(1, "Deposits", "deposit " * revision, revision=revision)])
        shop.rebuild([article(number, "Deposits") for number in range(1, 7)])
        stop.set()
        for thread in threads:
            thread.join()
        assert failures == []
        assert all(searches.get(timeout=20) > 0 for searches in reading)


def _remember(stop):
    global _stop
    _stop = stop


def _read(engine):
    return _read_until(engine, _stop, [])


def _read_until(engine, stop, failures):
    searches = 0
    while not (stop.is_set() and searches):
        if 1 not in found(engine, "deposit") or len(engine.contents()) != 6:
            failures.append(searches)
            raise AssertionError(f"search {searches} saw half an index")
        searches += 1
    return searches
