import pytest

from knowledge_base.search.spelling import corrected, nearest


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("refnd", "refund"),
        ("invocie", "invoice"),
        ("depposit", "deposit"),
        ("mony", "money"),
        ("crad", "card"),
        ("bard", None),
        ("xefund", None),
        ("rfd", None),
    ],
)
def test_a_word_is_corrected_by_one_likely_edit(typed, meant):
    assert nearest(typed, ["refund", "invoice", "deposit", "money", "card"], lambda word: 1) == meant


def test_of_two_near_words_the_more_frequent_is_meant():
    assert nearest("bookin", ["booking", "bookin's", "booklin"], {"booking": 9, "booklin": 2}.__getitem__) == "booking"


def test_a_correction_leaves_the_rest_of_the_query_as_typed():
    assert corrected("Refnd 押金 (refnds)", ["refnd"], {"refnd": "refund"}.get) == "refund 押金 (refnds)"
    assert corrected("Refund", [], {}.get) is None
