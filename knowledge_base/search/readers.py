"""Readers: the indexes that this process holds open, the least recently asked let go first."""

from collections import OrderedDict
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Lock
from typing import Generic, Protocol, TypeVar

from knowledge_base.search import generations
from knowledge_base.search.documents import NeedsRebuild

# A writer that finishes takes away files which a reader has seen listed a moment ago; as often in a row it does not.
_TRIES = 5


class Readable(Protocol):
    lock: Lock

    def is_current(self, generation: Path) -> bool: ...


R = TypeVar("R", bound=Readable)


class Readers(Generic[R]):
    """Opens what is in force in a directory by `open_generation`, which may fail with one of `damage`."""

    def __init__(self, open_generation: Callable[[Path], R], *, most: int, damage: tuple[type[Exception], ...]) -> None:
        self._open, self.most, self._damage = open_generation, most, damage
        self.held: OrderedDict[Path, R] = OrderedDict()
        self._lock = Lock()

    @contextmanager
    def reading(self, directory: Path) -> Iterator[R | None]:
        """Yield the reader of what is in force now, or `None` where nothing is indexed; one thread at a time."""
        reader = self._reader(directory)
        if reader is None:
            yield None
        else:
            with reader.lock:
                yield reader

    def _reader(self, directory: Path) -> R | None:
        with self._lock:
            reader = self.held.pop(directory, None)
            generation = generations.current(directory)
            if generation is None:
                return None
            if reader is None or not reader.is_current(generation):
                reader = self._newly_opened(directory)
            self.held[directory] = reader
            # Not closed here, as another thread may still read it: the last one to let go does.
            while len(self.held) > self.most:
                self.held.popitem(last=False)
            return reader

    def _newly_opened(self, directory: Path) -> R:
        """Open what is in force, looking again if a rebuild removed it in the meantime, or a writer some file of it."""
        generation, tries = generations.current(directory), 1
        while generation is not None:
            try:
                return self._open(generation)
            except self._damage as error:
                failed, generation = generation, generations.current(directory)
                tries = tries + 1 if failed == generation else 1
                if tries > _TRIES:
                    raise NeedsRebuild(f"{generation} cannot be read.") from error
        raise NeedsRebuild(f"{directory} was removed while it was being opened.")
