"""How words stand in a row and behind a colon, in each language."""

import pytest

from kernel.i18n import ENGLISH, SIMPLIFIED, TRADITIONAL, speaking
from web.languages import colon, joined


@pytest.mark.parametrize(
    ("language", "row", "label"), [(ENGLISH, "a, b", "Tags: "), (SIMPLIFIED, "a、b", "Tags："), (TRADITIONAL, "a、b", "Tags：")]
)
def test_punctuation_is_the_readers(language, row, label):
    with speaking(language):
        assert joined(["a", "b"]) == row
        assert colon("Tags") == label
