"""Very many ids in the order in which their letters are to be run, in memory that does not grow with them."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterable, Iterator
from typing import IO, TYPE_CHECKING

import msgspec

from ninelives.dead_letters.letter import DeadLetter, LetterFilter
from ninelives.dead_letters.looking import pages_of
from ninelives.dead_letters.places import Place
from ninelives.dead_letters.store import Listable

if TYPE_CHECKING:
    from ninelives.replaying.choice import Asked

__all__ = ["Ids", "ids_in"]

IN_MEMORY = 200_000
"""Bytes that are kept in memory: about 5,000 ids. What is more goes to a temporary file."""

PAGE_OF_IDS = 1_000
"""How many ids are asked for in one go."""

_CHUNK = 65_536


class Ids:
    """Ids that are added first, and then gone through. Where there is no place for a file they stay in memory.

    Attributes:
        count: How many there are.
        whole: Whether these are all that were to be found.
    """

    def __init__(self) -> None:
        self.count = 0
        self.whole = True
        self._file: IO[bytes] | None = None
        self._stored = 0  # bytes of the file that are whole
        self._latest = bytearray()
        self._no_place = False

    def add(self, ids: Iterable[str]) -> None:
        """Put them behind the others."""
        for one in ids:
            self._latest += msgspec.json.encode(one) + b"\n"
            self.count += 1
        if len(self._latest) >= IN_MEMORY and not self._no_place:
            self._to_file()

    def __iter__(self) -> Iterator[str]:
        rest = b""
        for chunk in self._chunks():
            *lines, rest = (rest + chunk).split(b"\n")
            yield from map(_id_of, lines)

    def close(self) -> None:
        """Give the file back."""
        if self._file is not None:
            self._file.close()

    def _chunks(self) -> Iterator[bytes]:
        if self._file is not None:
            self._file.seek(0)
            for begin in range(0, self._stored, _CHUNK):
                yield self._file.read(min(_CHUNK, self._stored - begin))
        yield bytes(self._latest)

    def _to_file(self) -> None:
        try:
            # Not buffered: what the disk has no room for must not be written again when it is closed.
            self._file = self._file or tempfile.TemporaryFile(buffering=0)  # noqa: SIM115 - `close` does
            left = memoryview(self._latest)
            while left:
                left = left[self._file.write(left) :]
        except OSError:
            self._no_place = True
            return
        self._stored += len(self._latest)
        self._latest = bytearray()


_id_of = msgspec.json.Decoder(str).decode


def ids_in(place: Place, chosen: LetterFilter, asked: Asked) -> Ids:
    """The ids of the letters that are there now; where it is to stop meanwhile, not of all.

    Args:
        place: Where they are: a store that can be searched.
        chosen: Which.
        asked: Which of these, and whether it is to stop.

    Raises:
        StoreError: The store can't be read.
    """
    ids = Ids()
    try:
        for page in _pages_of_ids(place, chosen, asked.wanted):
            if asked.is_to_stop():
                ids.whole = False
                break
            ids.add(page)
    except BaseException:
        ids.close()
        raise
    return ids


def _pages_of_ids(
    place: Place, chosen: LetterFilter, wanted: Callable[[DeadLetter], bool] | None
) -> Iterator[Iterable[str]]:
    store = place.store
    if wanted is not None or not isinstance(store, Listable):
        for letters in pages_of(place, chosen):
            yield [letter.id for letter in letters if wanted is None or wanted(letter)]
        return
    cursor: str | None = None
    while True:
        page = store.list_ids(chosen, limit=PAGE_OF_IDS, cursor=cursor)
        yield page.ids
        if (cursor := page.cursor) is None:
            return
