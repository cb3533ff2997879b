"""What both engines find, and what they must not."""

import pytest

from knowledge_base.search import analysis
from knowledge_base.search.documents import Question, SearchResult
from tests.knowledge_base.search.conftest import article, found, suggested

EVERYTHING = {"audiences": None}


def test_nothing_is_found_where_nothing_was_indexed(engine):
    assert engine.search(Question(words="refund 退款")) == SearchResult(marked="refund 退款") or not engine.exists()
    assert found(engine, "refund 退款") == []
    assert suggested(engine, "re") == []
    assert engine.contents() == {}
    assert not engine.exists()
    assert not engine.is_stale()


def test_nothing_is_found_in_an_index_without_articles(engine):
    engine.rebuild([])
    assert found(engine, "refund mima 押金") == []
    assert suggested(engine, "押") == []
    assert engine.exists()


def test_an_article_is_found_by_its_title_body_keywords_category_and_asked_phrases(engine):
    engine.apply([article(7, "One", "two", keywords="three", category_path="Four/Five", asked_as="six")])
    assert all(found(engine, word) == [7] for word in ("one", "two", "three", "four", "five", "six"))


def test_an_article_that_matches_more_words_comes_first(shop):
    shop.apply([article(8, "Deposit slips"), article(9, "Booking hours")])
    assert found(shop, "what about the booking deposit")[0] == 1


def test_of_two_that_have_as_much_the_one_that_says_it_in_one_sentence_comes_first(engine):
    engine.apply(
        [article(1, "One", "The deposit is kept. Rooms have keys."), article(2, "Two", "The rooms deposit is kept. Have keys.")]
    )
    assert found(engine, "what about the deposit for rooms") == [2, 1]


@pytest.mark.parametrize(("question", "first"), [("when will my card arrive", 1), ("why did my card not arrive", 2)])
def test_small_words_decide_where_all_else_is_alike(engine, question, first):
    engine.apply([article(1, "Cards", "When will the card arrive?"), article(2, "Cards", "Why did the card not arrive?")])
    assert found(engine, question)[0] == first


def test_small_words_alone_find_nothing(engine):
    # “money back” is a refund, so what has “back” is looked at, but says nothing of it.
    engine.apply([article(1, "Lifts", "When will the lift be back?"), article(2, "Refunds", "They take a week.")])
    assert found(engine, "when will the refund be there") == [2]


def test_keywords_find_what_has_all_of_them_and_a_sentence_what_has_some(shop):
    shop.apply([article(8, "Deposit slips"), article(9, "Booking hours")])
    assert found(shop, "booking deposit") == [1]
    assert set(found(shop, "where is my booking deposit")) == {1, 8, 9}
    assert set(found(shop, "deposit zebra")) == {1, 8}


def test_both_chinese_scripts_find_each_other(shop):
    assert set(found(shop, "预订押金")) == set(found(shop, "預訂押金")) == {3, 4}


def test_the_readers_own_script_comes_first(shop):
    assert found(shop, "押金", language="zh_Hans") == [3, 4]
    assert found(shop, "押金", language="zh_Hant") == [4, 3]


def test_another_language_is_found_after_the_readers_own(shop):
    shop.apply([article(8, "A PDF for each visit"), article(9, "下载 PDF 说明", language="zh_Hans")])
    assert found(shop, "pdf", language="en")[-1] == 9
    assert found(shop, "pdf", language="zh_Hant")[0] == 9


def test_a_short_chinese_query_is_found_by_single_characters(shop):
    assert found(shop, "密") == [5]


def test_what_has_single_characters_only_is_a_guess(shop):
    assert shop.search(Question(words="金押")).is_guess
    assert not shop.search(Question(words="押金")).is_guess


def test_an_internal_article_is_neither_found_nor_suggested_nor_let_on(shop):
    assert found(shop, "approval") == found(shop, "refund approval") == suggested(shop, "refund app") == []
    assert shop.search(Question(words="aproval")).corrected is None
    assert found(shop, "approval", **EVERYTHING) == suggested(shop, "refund app", **EVERYTHING) == [6]
    assert shop.search(Question(words="aproval", **EVERYTHING)).corrected == "approval"


def test_one_audience_in_common_is_enough(engine):
    groups = frozenset({"group:gold members", "group:partners"})
    engine.apply([article(1, "Lounge", audience=groups), article(2, "Lounge bar", audience=frozenset({"group:gold"}))])
    assert found(engine, "lounge", audiences=frozenset({"public", "group:gold members"})) == [1]
    assert found(engine, "lounge", audiences=frozenset({"public"})) == []


def test_a_typing_error_is_corrected_and_reported(shop):
    result = shop.search(Question(words="Booking depsoit"))
    assert result.corrected == "Booking deposit"
    assert result.hits[0].article_id == 1


def test_a_word_that_some_article_has_is_not_corrected(shop):
    assert shop.search(Question(words="invoices")).corrected is None


@pytest.mark.parametrize("query", ["chongzhimima", "chongzhi mima", "chong zhi mi ma", "mima", "czmm", "chongzhim"])
def test_a_chinese_title_is_found_by_its_pinyin(shop, query):
    assert found(shop, query)[0] == 5
    assert shop.search(Question(words=query)).corrected is None


@pytest.mark.parametrize("words", ["bell desk", "礼宾部", "Concierges", "禮賓部"])
def test_another_word_for_it_finds_it_in_either_script(engine, words):
    engine.apply([article(1, "Concierge", "In the lobby."), article(2, "Opening hours", "礼")])
    groups = (("concierge", "bell desk", "礼宾部"),)
    result = engine.search(Question(words=words, synonyms=groups))
    assert [hit.article_id for hit in result.hits] == [1]
    assert "bell desk" in result.marked
    assert found(engine, "bell desk") == []


@pytest.mark.parametrize("words", ["reimbursement", "退费", "how do I get my money back", "退費"])
def test_what_customers_usually_call_the_same_finds_it(engine, words):
    engine.apply([article(1, "Refunds"), article(2, "退款"), article(3, "Opening hours")])
    result = engine.search(Question(words=words, language="en" if words.isascii() else "zh_Hans"))
    assert result.hits[0].article_id == (1 if words.isascii() else 2)
    assert 3 not in [hit.article_id for hit in result.hits]


@pytest.mark.parametrize(
    ("typed", "meant", "first"),
    [
        ("where is my reciept", "where is my receipt", 1),
        ("when does the maintenence plan end", "when does the maintenance plan end", 2),
        ("when do you resopnd", "when do you respond", 3),
    ],
)
def test_what_customers_usually_call_it_may_be_misspelt(engine, typed, meant, first):
    engine.apply([article(1, "Requesting an invoice"), article(2, "Service contract"), article(3, "Replies")])
    result = engine.search(Question(words=typed, language="en"))
    assert (result.corrected, [hit.article_id for hit in result.hits]) == (meant, [first])


@pytest.mark.parametrize("words", ["bill", "manat"])
def test_a_word_that_means_another_is_not_taken_for_a_misspelt_one(engine, words):
    engine.apply([article(1, "The night bell"), article(2, "Manta rays")])
    assert engine.search(Question(words=words, synonyms=(("manat", "currency"),))).corrected is None


def test_the_word_itself_comes_alone_where_some_article_has_it(engine):
    engine.apply([article(1, "Refunds"), article(2, "Reimbursement")])
    assert found(engine, "refund") == [1]
    assert found(engine, "reimbursement") == [2]
    assert found(engine, "money back") == [1, 2]


def test_another_phrase_counts_only_as_a_whole(engine):
    engine.apply([article(1, "The way back"), article(2, "Money matters")])
    assert found(engine, "refund") == found(engine, "what about a refund") == []


def test_a_hyphen_makes_no_difference(engine):
    engine.apply([article(1, "Check-in"), article(2, "Email addresses")])
    assert found(engine, "checkin") == found(engine, "check in") == [1]
    assert found(engine, "e-mail") == [2]


def test_at_most_limit_hits_are_returned(engine):
    engine.apply([article(number, "Refund") for number in range(30)])
    assert len(found(engine, "refund", limit=7)) == 7


def test_a_pasted_letter_finds_what_it_is_about(shop):
    letter = "Dear all, " + " ".join(f"word{number}" for number in range(500)) + " about my booking deposit"
    assert found(shop, letter)[0] == 1


@pytest.mark.parametrize("query", ["", "   ", "?!", "the", "a*b?c:d (", "'", "\\", "的", "x" * 5000, "💥"])
def test_a_query_without_words_finds_nothing(shop, query):
    assert found(shop, query) == []


def test_a_changed_article_is_found_by_its_new_words_only(shop):
    assert found(shop, "returned") == [1]
    shop.apply([article(1, "Deposits", "are kept", revision=2)])
    assert found(shop, "returned") == []
    assert found(shop, "kept") == [1]


def test_indexing_twice_changes_nothing(shop):
    shop.apply([article(2, "Requesting a VAT invoice", "Invoices", revision=4)] * 2, [99])
    shop.apply([article(2, "Requesting a VAT invoice", "Invoices", revision=4)], [99])
    assert found(shop, "invoice") == [2]


def test_a_deleted_article_is_not_found(shop):
    shop.apply([], [1, 2])
    assert found(shop, "deposit invoice") == []
    shop.apply([], shop.contents())
    assert shop.contents() == {}


def test_contents_tell_the_revision_of_every_article(shop):
    shop.apply([article(2, "Invoices", revision=9)], [3, 4])
    assert shop.contents() == {1: 1, 2: 9, 5: 1, 6: 1}
    assert shop.revisions([2, 3, 77]) == {2: 9}


@pytest.mark.parametrize(
    ("prefix", "language", "expected"),
    [
        ("Ho", None, [1]),
        ("vat inv", None, [2]),
        ("押", "zh_Hans", [3, 4]),
        ("退還", "zh_Hant", [4, 3]),
        ("chongz", None, [5]),
        ("receipt", None, [2]),
        ("r", None, []),
        ("'", None, []),
    ],
)
def test_titles_are_suggested_while_typing(shop, prefix, language, expected):
    assert suggested(shop, prefix, language=language) == expected


def test_a_title_that_starts_as_typed_is_suggested_first(engine):
    engine.apply([article(1, "Ask for a refund"), article(2, "Refund times and methods"), article(3, "Hours")])
    assert suggested(engine, "refu") == [2, 1]


def test_a_rebuild_replaces_everything(shop):
    seen = []
    shop.rebuild((article(number, "Rebuilt") for number in range(150)), seen.append)
    assert seen[-1] == 150
    assert found(shop, "deposit") == []
    assert len(shop.contents()) == 150
    assert len(found(shop, "rebuilt", limit=200)) == 50


def test_search_finds_what_analysis_makes_of_the_text(engine):
    text = "服務(wù)工單 壹個月 ＶＩＰ customers' bookings"
    engine.apply([article(1, text, language="zh_Hant")])
    assert all(found(engine, term) == [1] for term in analysis.terms(text))


def test_a_text_too_long_to_be_indexed_whole_is_indexed_as_far_as_it_goes(engine):
    body = "押金" + "".join(chr(0x4E00 + at * 7919 % 20000) for at in range(190_000)) + " " + "x" * 9000
    engine.apply([article(1, "Everything", body)])
    assert found(engine, "押金") == [1]
