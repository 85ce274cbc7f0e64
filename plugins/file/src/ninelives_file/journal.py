"""The file and what is known of it, brought together for as long as one thing is done."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import partial

from ninelives.dead_letters.commits import GroupCommit
from ninelives.locks import new_lock
from ninelives_file import access
from ninelives_file.index import Index
from ninelives_file.locks import LockedError
from ninelives_file.opened import Opened, Where
from ninelives_file.tidying import tidy
from ninelives_file.view import View

__all__ = ["Journal"]


class Journal:
    """A file of letters; what was read of it is kept, and only what was appended since is read.

    Args:
        where: The file.
    """

    def __init__(self, where: Where) -> None:
        self.where = where
        self._commits = GroupCommit(partial(_append, where), common=LockedError)  # no cycle: it goes with its store
        self._lock = new_lock()
        self._index: Index | None = None

    def append(self, lines: bytes) -> None:
        """Write whole lines behind the end, whatever stands before them; they are durable when this returns.

        What other threads append meanwhile is written and synced together.

        Raises:
            StoreError: They were not written.
        """
        self._commits.add(lines)

    @contextmanager
    def reading(self) -> Iterator[View]:
        """A look at the file; others may write meanwhile.

        Raises:
            StoreError: It can't be read.
        """
        with self._lock, access.reading(self.where) as file:
            view = View(self._updated(file), file)
            file.unlock()
            yield view

    @contextmanager
    def changing(self) -> Iterator[View]:
        """The file for ourselves.

        Raises:
            StoreError: It can't be written.
        """
        with self._lock, access.writing(self.where) as file:
            view = View(self._updated(file), file)
            yield view
            tidy(view.index, file)

    def close(self) -> None:
        """Forget what was read, and close the file, unless someone is writing to it."""
        with self._lock:
            self._index = None
        if self.where.turn.acquire(blocking=False):
            try:
                self.where.kept.close()
            finally:
                self.where.turn.release()

    def _updated(self, file: Opened) -> Index:
        # Forgotten first: a read that fails in the middle must not leave half of it.
        index, self._index = self._index, None
        if index is None or not index.covers(file):
            index = Index(file.inode)
        index.update(file)
        self._index = index
        return index


def _append(where: Where, parts: Sequence[bytes]) -> None:
    access.append(where, b"".join(parts))
