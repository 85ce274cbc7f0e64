"""What can be asked of a file of letters without changing it."""

from __future__ import annotations

from itertools import islice

from ninelives.dead_letters.letter import DeadLetter, LetterFilter
from ninelives.dead_letters.paging import cursor_after, read_cursor
from ninelives.dead_letters.store import IdPage, LetterGroup, Page
from ninelives_file.entries import Entry
from ninelives_file.journal import Journal
from ninelives_file.lines import BadLine
from ninelives_file.view import View

__all__ = ["Looking"]


class Looking:
    """The half of the store that only looks.

    Args:
        journal: The file.
    """

    def __init__(self, journal: Journal) -> None:
        self._journal = journal

    def browse(self, filter: LetterFilter, *, limit: int, cursor: str | None = None) -> Page:
        """The letters that match, oldest first, at most `limit` of them; claimed ones too.

        Raises:
            StoreError: The file can't be read, or the cursor is none of ours.
        """
        with self._journal.reading() as view:
            found, further = _page(view, filter, limit, cursor)
            return Page(tuple(map(view.load, found)), further)

    def list_ids(self, filter: LetterFilter, *, limit: int, cursor: str | None = None) -> IdPage:
        """The ids of the letters that match, oldest first, at most `limit` of them; claimed ones too.

        No record is read, unless tags or a text are asked for.

        Raises:
            StoreError: The file can't be read, or the cursor is none of ours.
        """
        with self._journal.reading() as view:
            found, further = _page(view, filter, limit, cursor)
            return IdPage(tuple(entry.id for entry in found), further)

    def groups(self, filter: LetterFilter, *, limit: int) -> list[LetterGroup]:
        """The groups of the letters that match, the largest first, of equal ones the one that failed last.

        They are known, not counted, where the filter asks for no more than a pipeline and a fingerprint.

        Raises:
            StoreError: The file can't be read.
        """
        with self._journal.reading() as view:
            return view.groups(filter, limit)

    def get(self, letter_id: str) -> DeadLetter:
        """The letter with that id.

        Raises:
            LetterNotFoundError: There is none.
            StoreError: The file can't be read.
        """
        with self._journal.reading() as view:
            return view.load(view.find(letter_id))

    def count(self, filter: LetterFilter | None = None) -> int:
        """How many match; None: how many there are. What `problems` shows is not among them.

        Raises:
            StoreError: The file can't be read.
        """
        with self._journal.reading() as view:
            if filter is None:
                return len(view.index.letters)
            return sum(1 for _ in view.select(filter))

    def problems(self) -> tuple[BadLine, ...]:
        """The lines that are damaged or of a newer version: skipped by all else, and kept in the file.

        Raises:
            StoreError: The file can't be read.
        """
        with self._journal.reading() as view:
            return tuple(view.bad_lines())

    def check(self, *, timeout: float) -> str:
        """Write a file beside it and remove it; lock and read the file if it is there. No letter is touched.

        Args:
            timeout: Seconds to wait at most for a process that has the file locked.

        Returns:
            What works; how many letters there are, how many lines can't be read (`problems` shows them), and whether
            others may read the file.

        Raises:
            StoreError: The directory is missing or can't be written, the disk is full, or the file can't be had.
        """
        from ninelives_file.trying import try_out  # few programs ever ask

        return try_out(self._journal.where, timeout)


def _page(view: View, filter: LetterFilter, limit: int, cursor: str | None) -> tuple[list[Entry], str | None]:
    """The letters of a page, and where the next one begins; None after the last."""
    found = list(islice(view.select(filter, read_cursor(cursor)), limit + 1))
    if len(found) <= limit:
        return found, None
    return found[:limit], cursor_after(found[limit - 1].position) if limit else cursor
