"""Letters in a file: append-only JSON Lines, safe between processes and after a crash."""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence
from datetime import timedelta
from itertools import islice

from ninelives.address import Address
from ninelives.clock import SYSTEM_CLOCK, Clock
from ninelives.dead_letters.letter import DeadLetter, LetterFilter, encode_letter
from ninelives.dead_letters.paging import cursor_after, read_cursor
from ninelives.dead_letters.store import ALL_TO_PURGE, Lease, Page
from ninelives.errors import StoreError
from ninelives_file.journal import Journal
from ninelives_file.leases import claim, refuse_held, refuse_lost
from ninelives_file.lines import Ack, BadLine, Claim, Purge, Release, write
from ninelives_file.opened import Where

__all__ = ["LOCK_TIMEOUT", "FileStore"]

LOCK_TIMEOUT = 30.0


class FileStore:
    """A store in one file, for any number of threads and processes on one machine.

    No file is open between two calls. A letter's line is its record; the other lines, which have an ``op``, say what
    became of letters. Lines that can't be read are skipped and kept; `problems` shows them. The file is rewritten when
    most of it is of no use any more. A file that holds a JSON array is read as letters, and converted at the first
    write; the old one is kept beside it as ``.bak``.

    Args:
        path: The file; made when the first letter comes, in a directory that is there, for its owner only.
        clock: Tells when leases end; None is the machine's clock.
        fsync: Whether `put` and the others wait for the disk. Without it they are faster; a process that is killed
            still loses nothing, but a machine that loses its power may lose letters.
        lock_timeout: Seconds to wait for a process that has the file locked.

    Example:
        >>> FileStore("no letters yet.json").count()
        0
    """

    def __init__(
        self,
        path: str | os.PathLike[str],
        *,
        clock: Clock | None = None,
        fsync: bool = True,
        lock_timeout: float = LOCK_TIMEOUT,
    ) -> None:
        self.path = os.path.abspath(path)
        self._clock = clock or SYSTEM_CLOCK
        self._journal = Journal(Where(self.path, fsync, lock_timeout))

    @property
    def name(self) -> str:
        """Its address, with the whole path."""
        return str(Address("file", self.path))

    def put(self, letter: DeadLetter) -> None:
        """Keep the letter; it is on disk when this returns. One with the same id is replaced.

        Raises:
            StoreError: It could not be written; the file is as it was.
        """
        self._journal.append(_line(letter))

    def put_many(self, letters: Iterable[DeadLetter]) -> None:
        """Keep all of them, for the price of one.

        Raises:
            StoreError: They could not be written; the file is as it was.
        """
        lines = b"".join(map(_line, letters))
        if lines:
            self._journal.append(lines)

    def receive(self, max_letters: int, *, lease: float) -> list[Lease]:
        """Claim the oldest waiting letters that nobody holds, for `lease` seconds; never parked ones.

        Raises:
            StoreError: The file can't be read or written.
        """
        with self._journal.changing() as view:
            now = self._clock.now()
            waiting = view.select(LetterFilter(state="waiting"))
            free = (entry for entry in waiting if not view.index.held(entry.id, now.timestamp()))
            return claim(view, list(islice(free, max_letters)), now, lease)

    def claim(self, letter_ids: Sequence[str], *, lease: float) -> list[Lease]:
        """Claim each of these for `lease` seconds, parked ones too; all or none.

        Raises:
            LetterNotFoundError: One of them is not there.
            LetterBusyError: Someone else holds one of them.
            StoreError: The file can't be read or written.
        """
        wanted = dict.fromkeys(letter_ids)
        with self._journal.changing() as view:
            now = self._clock.now()
            entries = [view.find(letter_id) for letter_id in wanted]
            for entry in entries:
                refuse_held(view, entry, now)
            return claim(view, entries, now, lease)

    def renew(self, lease: Lease, seconds: float) -> Lease:
        """The same claim, for `seconds` from now.

        Raises:
            LeaseLostError: The letter is gone, was given back, or went to someone else.
            StoreError: The file can't be read or written.
        """
        with self._journal.changing() as view:
            refuse_lost(view, lease)
            now = self._clock.now()
            until = now + timedelta(seconds=seconds)
            view.write(write(Claim(lease.token, (lease.letter.id,), now, until)))
        return Lease(lease.letter, lease.token, until)

    def ack(self, lease: Lease) -> None:
        """The letter is gone for good; if it is gone already, that is as good.

        Raises:
            LeaseLostError: The letter was given back, or went to someone else.
            StoreError: The file can't be read or written.
        """
        self.ack_many([lease])

    def ack_many(self, leases: Iterable[Lease]) -> None:
        """All of these letters are gone for good, for the price of one; all or none.

        Raises:
            LeaseLostError: One of them was given back, or went to someone else.
            StoreError: The file can't be read or written.
        """
        given = list(leases)
        with self._journal.changing() as view:
            there = [lease for lease in given if lease.letter.id in view.index.letters]
            for lease in there:
                refuse_lost(view, lease)
            if there:
                view.write(write(Ack(tuple(lease.letter.id for lease in there))))

    def release(self, lease: Lease, letter: DeadLetter | None = None) -> None:
        """Give the letter back, with its updated record if one is given.

        Raises:
            LeaseLostError: The letter is gone, was given back, or went to someone else.
            StoreError: The record is another letter's, or the file can't be read or written.
        """
        if letter is not None and letter.id != lease.letter.id:
            raise StoreError(f"letter {lease.letter.id} can't become letter {letter.id}", transient=False)
        record = b"" if letter is None else _line(letter)
        with self._journal.changing() as view:
            refuse_lost(view, lease)
            # The record first: if only the first of the two lines gets there, the lease's end does the rest.
            view.write(record + write(Release((lease.letter.id,))))

    def browse(self, filter: LetterFilter, *, limit: int, cursor: str | None = None) -> Page:
        """The letters that match, oldest first, at most `limit` of them; claimed ones too.

        Raises:
            StoreError: The file can't be read, or the cursor is none of ours.
        """
        after = read_cursor(cursor)
        with self._journal.reading() as view:
            found = list(islice(view.select(filter, after), limit + 1))
            letters = tuple(map(view.load, found[:limit]))
        if len(found) <= limit:
            return Page(letters)
        return Page(letters, cursor_after(found[limit - 1].position) if limit else cursor)

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

    def purge(self, filter: LetterFilter) -> int:
        """Delete the letters that match and that nobody holds; how many there were.

        Raises:
            ValueError: The filter is empty.
            StoreError: The file can't be read or written.
        """
        filter.refuse_empty(ALL_TO_PURGE)
        with self._journal.changing() as view:
            now = self._clock.now().timestamp()
            found = tuple(entry.id for entry in view.select(filter) if not view.index.held(entry.id, now))
            if found:
                view.write(write(Purge(found)))
        return len(found)

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

    def close(self) -> None:
        """Forget what was read; a later call reads it again."""
        self._journal.close()


def _line(letter: DeadLetter) -> bytes:
    try:
        return encode_letter(letter) + b"\n"
    except Exception as error:
        raise StoreError(f"letter {letter.id} can't be kept: {error}", transient=False) from error
