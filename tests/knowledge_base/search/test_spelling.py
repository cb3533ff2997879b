import pytest

from knowledge_base.search.spelling import corrected, likely, neighbours

WORDS = {"refund": 4, "invoice": 2, "deposit": 2, "money": 2, "card": 1}


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("refnd", ["refund"]),
        ("invocie", ["invoice"]),
        ("depposit", ["deposit"]),
        ("xefund", ["refund"]),
        ("mony", ["money"]),
        ("crad", ["card"]),
        ("bard", []),
        ("crd", []),
    ],
)
def test_a_word_is_corrected_by_one_likely_edit(typed, meant):
    near = {word: WORDS[word] for word in neighbours(typed) & set(WORDS)}
    assert likely(typed, near, size=100) == meant


def test_a_short_word_is_taken_for_one_that_many_articles_have():
    assert likely("bard", {"card": 40}, size=100) == ["card"]
    assert likely("crd", {"card": 40}, size=100) == ["card"]


def test_of_two_near_words_the_more_frequent_is_meant_first_and_one_that_begins_alike_before_all():
    assert likely("bookin", {"cookin": 99, "booklin": 2, "booking": 9}, size=100) == ["booking", "booklin", "cookin"]


def test_neighbours_are_one_letter_more_less_other_or_swapped():
    assert {"cat", "cart", "card", "acr", "ca", "ar"} <= neighbours("car")
    assert "car" not in neighbours("car")


def test_a_correction_leaves_the_rest_of_the_query_as_typed():
    assert corrected("Refnd 押金 (refnds)", {"refnd": "refund"}) == "refund 押金 (refnds)"
    assert corrected("Refund", {}) is None
