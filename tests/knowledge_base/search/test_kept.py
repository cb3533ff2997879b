"""What is kept of the indexes, as far as there is room."""

from knowledge_base.search.kept import Kept


def test_what_was_read_is_not_read_again():
    read = []
    kept = Kept(room=10, size_of=len)
    for _ in range(3):
        assert kept.get("a", lambda: read.append(1) or "text") == "text"
    assert len(read) == 1


def test_the_least_recently_used_is_let_go_first():
    kept = Kept(room=8, size_of=len)
    for key in ("a", "b", "a", "c"):
        kept.get(key, lambda: "four")
    assert kept.get("a", lambda: "new") == "four"
    assert kept.get("b", lambda: "new") == "new"


def test_what_is_larger_than_the_room_is_given_and_not_kept():
    kept = Kept(room=3, size_of=len)
    assert kept.get("a", lambda: "four") == "four"
    assert kept.get("a", lambda: "new") == "new"


def test_what_is_not_kept_can_be_read_with_others_and_kept_then():
    kept = Kept(room=10, size_of=len)
    assert kept.find("a") is None
    assert kept.keep("a", "text") == "text"
    assert kept.find("a") == "text"
