"""Kept: what was read once from the indexes of this process, as far as there is room for it."""

from collections import OrderedDict
from collections.abc import Callable, Hashable
from threading import Lock
from typing import Generic, TypeVar

V = TypeVar("V")
# What an article is ranked by: its number, its language, its texts laid out, how many tokens each has.
Facts = tuple[int, str, tuple[str, ...], tuple[int, ...]]


class Kept(Generic[V]):
    """Values by key; where those kept come to more than `room`, as `size_of` counts, the least recently used are let go."""

    def __init__(self, *, room: int, size_of: Callable[[V], int]) -> None:
        self._room, self._size_of = room, size_of
        self._values: OrderedDict[Hashable, V] = OrderedDict()
        self._used = 0
        self._lock = Lock()

    def get(self, key: Hashable, read: Callable[[], V]) -> V:
        """Return what is kept under `key`, or what `read` returns, which must always be the same for that key."""
        value = self.find(key)
        return self.keep(key, read()) if value is None else value

    def find(self, key: Hashable) -> V | None:
        """Return what is kept under `key`, or nothing."""
        with self._lock:
            if key not in self._values:
                return None
            self._values.move_to_end(key)
            return self._values[key]

    def keep(self, key: Hashable, value: V) -> V:
        """Keep `value`, and return it; what is kept under `key` already stays, being the same."""
        with self._lock:
            if key not in self._values:
                self._values[key] = value
                self._used += self._size_of(value)
            while self._used > self._room:
                self._used -= self._size_of(self._values.popitem(last=False)[1])
        return value


# By whatever names one writing of an article to its engine.  Some 16 MB at most, for all indexes together.
FACTS: Kept[Facts] = Kept(room=8_000_000, size_of=lambda facts: sum(map(len, facts[2])))
