import multiprocessing
import os
import shutil
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from knowledge_base.search import analysis, generations, index
from knowledge_base.search.index import Document, IndexBusy, NeedsRebuild

REPOSITORY = Path(index.__file__).parents[2]


def article(article_id, title, body="", *, language="en", revision=1, **more):
    return Document(article_id=article_id, revision=revision, language=language, title=title, body=body, **more)


def found(directory, query, **more):
    return [hit.article_id for hit in index.search(directory, query, **more).hits]


@pytest.fixture
def directory(tmp_path):
    return tmp_path / "tenant"


@pytest.fixture
def shop(directory):
    """A help centre with a handful of articles in three languages."""
    index.apply(
        directory,
        [
            article(1, "How to get a booking deposit back", "The deposit is returned within seven days."),
            article(2, "Requesting a VAT invoice", "Invoices are sent as a PDF.", keywords="receipt"),
            article(3, "如何退还预订押金", "押金会在七个工作日内原路返回。", language="zh_Hans"),
            article(4, "如何退還預訂押金", "押金會在七個工作日內原路返回。", language="zh_Hant"),
            article(5, "重置密码", "点击忘记密码。", language="zh_Hans", asked_as="登不上去怎么办"),
            article(6, "Refund approval above 500", "Ask the duty manager.", is_public=False),
        ],
    )
    return directory


def test_nothing_is_found_where_nothing_was_indexed(directory):
    assert index.search(directory, "refund") == index.SearchResult([])
    assert index.suggest(directory, "re") == []
    assert index.contents(directory) == {}
    assert not index.is_stale(directory)


def test_nothing_is_found_in_an_index_without_articles(directory):
    index.apply(directory, [])
    assert found(directory, "refund mima 押金") == []
    assert index.suggest(directory, "押") == []


def test_an_article_is_found_by_its_title_body_keywords_category_and_asked_phrases(directory):
    index.apply(directory, [article(7, "One", "two", keywords="three", category_path="Four/Five", asked_as="six")])
    assert all(found(directory, word) == [7] for word in ("one", "two", "three", "four", "five", "six"))


def test_an_article_that_matches_more_words_comes_first(shop):
    index.apply(shop, [article(8, "Deposit slips"), article(9, "Booking hours")])
    assert found(shop, "booking deposit")[0] == 1


def test_both_chinese_scripts_find_each_other(shop):
    assert set(found(shop, "预订押金")) == set(found(shop, "預訂押金")) == {3, 4}


def test_the_readers_own_script_comes_first(shop):
    assert found(shop, "押金", language="zh_Hans") == [3, 4]
    assert found(shop, "押金", language="zh_Hant") == [4, 3]


def test_another_language_is_found_after_the_readers_own(shop):
    index.apply(shop, [article(8, "A PDF for each visit"), article(9, "下载 PDF 说明", language="zh_Hans")])
    assert found(shop, "pdf", language="en")[-1] == 9
    assert found(shop, "pdf", language="zh_Hant")[0] == 9


def test_a_short_chinese_query_is_found_by_single_characters(shop):
    assert found(shop, "密") == [5]


def test_internal_articles_are_found_by_staff_only(shop):
    assert found(shop, "approval") == []
    assert found(shop, "approval", only_public=False) == [6]


def test_a_typing_error_is_corrected_and_reported(shop):
    result = index.search(shop, "Booking depsoit")
    assert result.corrected == "Booking deposit"
    assert result.hits[0].article_id == 1


def test_a_word_that_some_article_has_is_not_corrected(shop):
    assert index.search(shop, "invoices").corrected is None


@pytest.mark.parametrize("query", ["chongzhimima", "chongzhi mima", "chong zhi mi ma", "mima", "czmm", "chongzhim"])
def test_a_chinese_title_is_found_by_its_pinyin(shop, query):
    assert found(shop, query)[0] == 5
    assert index.search(shop, query).corrected is None


def test_at_most_limit_hits_are_returned(directory):
    index.apply(directory, [article(number, "Refund") for number in range(30)])
    assert len(found(directory, "refund", limit=7)) == 7


def test_a_pasted_letter_finds_what_it_is_about(shop):
    letter = "Dear all, " + " ".join(f"word{number}" for number in range(500)) + " about my booking deposit"
    assert found(shop, letter)[0] == 1


@pytest.mark.parametrize("query", ["", "   ", "?!", "the", "a*b?c:d (", "\x00"])
def test_a_query_without_words_finds_nothing(shop, query):
    assert found(shop, query) == []


def test_a_changed_article_is_found_by_its_new_words_only(shop):
    assert found(shop, "returned") == [1]
    index.apply(shop, [article(1, "Deposits", "are kept", revision=2)])
    assert found(shop, "returned") == []
    assert found(shop, "kept") == [1]


def test_indexing_twice_changes_nothing(shop):
    index.apply(shop, [article(2, "Requesting a VAT invoice", "Invoices", revision=4)] * 2, [99])
    index.apply(shop, [article(2, "Requesting a VAT invoice", "Invoices", revision=4)], [99])
    assert found(shop, "invoice") == [2]


def test_a_deleted_article_is_not_found(shop):
    index.apply(shop, [], [1, 2])
    assert found(shop, "deposit invoice") == []
    index.apply(shop, [], index.contents(shop))
    assert index.contents(shop) == {}


def test_contents_tell_the_revision_of_every_article(shop):
    index.apply(shop, [article(2, "Invoices", revision=9)], [3, 4])
    assert index.contents(shop) == {1: 1, 2: 9, 5: 1, 6: 1}


@pytest.mark.parametrize(
    ("prefix", "language", "expected"),
    [
        ("Ho", None, [1]),
        ("vat inv", None, [2]),
        ("押", "zh_Hans", [3, 4]),
        ("退還", "zh_Hant", [4, 3]),
        ("chongz", None, [5]),
        ("receipt", None, [2]),
    ],
)
def test_titles_are_suggested_while_typing(shop, prefix, language, expected):
    assert index.suggest(shop, prefix, language=language) == expected


def test_a_title_that_starts_as_typed_is_suggested_first(directory):
    index.apply(directory, [article(1, "Ask for a refund"), article(2, "Refund times and methods"), article(3, "Hours")])
    assert index.suggest(directory, "refu") == [2, 1]


def test_one_letter_suggests_nothing(shop):
    assert index.suggest(shop, "r") == []


def test_internal_titles_are_suggested_to_staff_only(shop):
    assert index.suggest(shop, "refund app") == []
    assert index.suggest(shop, "refund app", only_public=False) == [6]


def test_a_rebuild_replaces_everything_and_leaves_one_generation(shop):
    seen = []
    index.rebuild(shop, (article(number, "Rebuilt") for number in range(150)), seen.append)
    assert seen == [100, 150]
    assert found(shop, "deposit") == []
    assert len(index.contents(shop)) == 150
    generation, *rest = sorted(path.name for path in shop.iterdir())
    assert rest == ["CURRENT", "WRITER"]
    assert (shop / "CURRENT").read_text() == generation


def test_a_rebuild_that_fails_leaves_the_old_index_in_force(shop):
    def documents():
        yield article(1, "Rebuilt")
        raise ConnectionError

    with pytest.raises(ConnectionError):
        index.rebuild(shop, documents())
    assert found(shop, "deposit") == [1]
    index.rebuild(shop, [article(1, "Rebuilt")])
    assert len([path for path in shop.iterdir() if path.is_dir()]) == 1


def test_an_index_of_another_version_is_readable_but_not_written(shop, monkeypatch):
    monkeypatch.setattr(index, "_FORMAT", "999.1")
    assert index.is_stale(shop)
    assert found(shop, "deposit") == [1]
    with pytest.raises(NeedsRebuild):
        index.apply(shop, [article(1, "Deposits")])
    index.rebuild(shop, [article(1, "Deposits")])
    assert not index.is_stale(shop)


def test_an_index_from_before_a_field_existed_is_readable(directory, monkeypatch):
    schema, fields_of = index._schema, index._fields_of

    def older_schema():
        older = schema()
        older.remove("pinyin")
        return older

    def older_fields(document):
        return {name: value for name, value in fields_of(document).items() if name != "pinyin"}

    with monkeypatch.context() as older:
        older.setattr(index, "_schema", older_schema)
        older.setattr(index, "_fields_of", older_fields)
        index.apply(directory, [article(1, "重置密码", language="zh_Hans")])
    assert found(directory, "密码") == [1]
    assert found(directory, "mima") == []


@pytest.mark.parametrize("damage", ["pointer", "generation", "segment", "contents"])
def test_a_damaged_index_asks_to_be_rebuilt(shop, damage):
    generation = generations.current(shop)
    if damage == "pointer":
        (shop / "CURRENT").write_text("1.1-999999")
    elif damage == "generation":
        shutil.rmtree(generation)
    else:
        for path in generation.glob("*.seg" if damage == "segment" else "*.toc"):
            path.write_bytes(b"") if damage == "contents" else path.unlink()
    with pytest.raises(NeedsRebuild):
        index.search(shop, "deposit")
    index.rebuild(shop, [article(1, "Deposits")])
    assert found(shop, "deposit") == [1]


def test_a_second_writer_waits_and_gives_up_in_time(shop):
    with generations.writing(shop, wait_seconds=1):
        with pytest.raises(IndexBusy):
            index.apply(shop, [article(1, "Deposits")], wait_seconds=0.1)
        waiting = threading.Thread(target=index.apply, args=(shop, [article(8, "Waited")]))
        waiting.start()
        time.sleep(0.1)
    waiting.join()
    assert found(shop, "waited") == [8]


def test_only_so_many_indexes_stay_open(tmp_path, monkeypatch):
    monkeypatch.setattr(index, "_OPEN_INDEXES", 4)
    monkeypatch.setattr(index, "_readers", index.OrderedDict())
    for number in range(12):
        index.apply(tmp_path / str(number), [article(number, "Refund")])
        assert found(tmp_path / str(number), "refund") == [number]
    assert list(index._readers) == [tmp_path / str(number) for number in range(8, 12)]
    assert _open_files(tmp_path) <= 8


def _open_files(directory):
    opened = [os.path.realpath(f"/proc/self/fd/{name}") for name in os.listdir("/proc/self/fd")]
    return sum(path.startswith(str(directory)) for path in opened)


def test_readers_in_many_threads_and_processes_see_a_whole_index_while_it_is_written(shop):
    stop = multiprocessing.get_context("spawn").Event()
    with multiprocessing.get_context("spawn").Pool(2, _remember, (stop,)) as pool:
        reading = [pool.apply_async(_read, (shop,)) for _ in range(2)]
        failures = []
        threads = [threading.Thread(target=_read_until, args=(shop, stop, failures)) for _ in range(3)]
        for thread in threads:
            thread.start()
        for revision in range(2, 14):
            index.apply(shop, [article(1, "Deposits", "deposit " * revision, revision=revision)])
        index.rebuild(shop, [article(number, "Deposits") for number in range(1, 7)])
        stop.set()
        for thread in threads:
            thread.join()
        assert failures == []
        assert all(searches.get(timeout=20) > 0 for searches in reading)


def _remember(stop):
    global _stop
    _stop = stop


def _read(directory):
    return _read_until(directory, _stop, [])


def _read_until(directory, stop, failures):
    searches = 0
    while not (stop.is_set() and searches):
        if 1 not in found(directory, "deposit") or len(index.contents(directory)) != 6:
            failures.append(searches)
            raise AssertionError(f"search {searches} saw half an index")
        searches += 1
    return searches


WRITE_FOREVER = """
import itertools, sys
from pathlib import Path
from knowledge_base.search import index
directory = Path(sys.argv[1])
documents = [
    index.Document(article_id=n, revision=1, language="en", title="Deposit", body="word " * n) for n in range(40)
]
print("ready", flush=True)
for turn in itertools.count():
    index.apply(directory, documents[turn % 30 : turn % 30 + 5])
    if turn % 4 == 3:
        index.rebuild(directory, documents)
"""


def test_a_writer_killed_at_any_moment_leaves_a_readable_index(directory):
    index.rebuild(directory, [article(number, "Deposit") for number in range(40)])
    for delay in (0.02, 0.07, 0.13, 0.31):
        writer = subprocess.Popen([sys.executable, "-c", WRITE_FOREVER, str(directory)], cwd=REPOSITORY, stdout=subprocess.PIPE)
        assert writer.stdout.readline() == b"ready\n"
        time.sleep(delay)
        writer.send_signal(signal.SIGKILL)
        writer.communicate()
        assert len(index.contents(directory)) == 40
        index.apply(directory, [article(1, "Deposit", "Still writable")], wait_seconds=1)
        assert found(directory, "writable") == [1]


def test_search_finds_what_analysis_makes_of_the_text(directory):
    text = "服務(wù)工單 壹個月 ＶＩＰ customers' bookings"
    index.apply(directory, [article(1, text, language="zh_Hant")])
    assert all(found(directory, term) == [1] for term in analysis.terms(text))
