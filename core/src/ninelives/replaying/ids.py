"""Very many ids in the order in which their letters are to be run, in memory that does not grow with them."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterable, Iterator
from typing import IO

import msgspec

from ninelives.dead_letters.letter import DeadLetter, LetterFilter
from ninelives.dead_letters.store import Browsable, Listable

__all__ = ["Ids", "ids_in", "letters_in"]

IN_MEMORY = 200_000
"""Bytes that are kept in memory: about 5,000 ids. What is more goes to a temporary file."""

PAGE = 500
"""How many letters are looked at in one go."""

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


def ids_in(
    store: Browsable,
    chosen: LetterFilter,
    wanted: Callable[[DeadLetter], bool] | None,
    enough: Callable[[], bool] = lambda: False,
) -> Ids:
    """The ids of the letters that are there now.

    Args:
        store: Where they are.
        chosen: Which.
        wanted: Which of these, where the filter can't say it.
        enough: Whether no more are to be looked for.

    Raises:
        StoreError: The store can't be read.
    """
    ids = Ids()
    for page in _pages_of(store, chosen, wanted):
        if enough():
            ids.whole = False
            break
        ids.add(page)
    return ids


def _pages_of(
    store: Browsable, chosen: LetterFilter, wanted: Callable[[DeadLetter], bool] | None
) -> Iterator[Iterable[str]]:
    if wanted is None and isinstance(store, Listable):
        yield from _pages_of_ids(store, chosen)
        return
    for letters in letters_in(store, chosen):
        yield [letter.id for letter in letters if wanted is None or wanted(letter)]


def letters_in(store: Browsable, chosen: LetterFilter) -> Iterator[tuple[DeadLetter, ...]]:
    """The letters that are there, a page at a time."""
    cursor: str | None = None
    while True:
        page = store.browse(chosen, limit=PAGE, cursor=cursor)
        yield page.letters
        if (cursor := page.cursor) is None:
            return


def _pages_of_ids(store: Listable, chosen: LetterFilter) -> Iterator[tuple[str, ...]]:
    cursor: str | None = None
    while True:
        page = store.list_ids(chosen, limit=PAGE_OF_IDS, cursor=cursor)
        yield page.ids
        if (cursor := page.cursor) is None:
            return
