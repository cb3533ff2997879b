import pytest

from knowledge_base.search.snippets import snippet


def test_a_snippet_marks_the_words_of_the_query_in_either_script():
    assert snippet("您的會員卡餘額不會過期。", "会员卡") == [
        ("您的", False),
        ("會員卡", True),
        ("餘額不會過期。", False),
    ]


def test_a_snippet_marks_other_forms_of_an_english_word():
    assert ("Refunds", True) in snippet("Refunds take five days.", "refund")


def test_a_snippet_marks_single_characters_where_no_pair_matches():
    assert [run for run, is_hit in snippet("押一付三", "押金") if is_hit] == ["押"]


@pytest.mark.parametrize(("query", "marked"), [("会员卡是什么", ["会员卡"]), ("是什么", ["是什么"])])
def test_what_only_asks_is_marked_where_nothing_else_was_typed(query, marked):
    assert [run for run, is_hit in snippet("会员卡是什么？", query) if is_hit] == marked


def test_a_snippet_is_cut_around_its_hits_and_says_so():
    text = "Nothing to see here. " * 20 + "Deposits are returned within a week. " + "Nothing either. " * 20
    runs = snippet(text, "when is my deposit returned", length=80)
    assert runs[0] == runs[-1] == ("…", False)
    assert [run for run, is_hit in runs if is_hit] == ["Deposits", "returned"]
    assert len("".join(run for run, _ in runs)) <= 82


def test_a_snippet_without_hits_is_the_beginning():
    assert snippet("Opening hours are 9 to 5.", "refund", length=15) == [("Opening hours ", False), ("…", False)]


def test_a_snippet_of_nothing_is_empty():
    assert snippet("", "refund") == []
