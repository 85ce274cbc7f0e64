"""Letters in a file: append-only JSON Lines, safe between processes and after a crash."""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta

from ninelives.address import Address
from ninelives.clock import SYSTEM_CLOCK, Clock
from ninelives.dead_letters.leases import own_records
from ninelives.dead_letters.letter import DeadLetter, LetterFilter, encode_letter
from ninelives.dead_letters.store import ALL_TO_PURGE, Lease
from ninelives.errors import StoreError
from ninelives_file.journal import Journal
from ninelives_file.leases import claim, refuse_held, refuse_lost
from ninelives_file.lines import Ack, Claim, Purge, Release, write
from ninelives_file.looking import Looking
from ninelives_file.opened import Where

__all__ = ["FileStore"]


class FileStore(Looking):
    """A store in one file, for any number of threads and processes on one machine.

    Once it has been written to, the file stays open until `close`; every call looks whether the path still names it.
    What several threads put at once is written and synced together. A letter's line is its record; the other lines,
    which have an ``op``, say what became of letters. Lines that can't be read are skipped and kept; `problems` shows
    them. The file is rewritten when most of it is of no use any more. A file that holds a JSON array is read as
    letters, and converted at the first write; the old one is kept beside it as ``.bak``.

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
        lock_timeout: float = 30.0,
    ) -> None:
        self.path = os.path.abspath(path)
        self._clock = clock or SYSTEM_CLOCK
        super().__init__(Journal(Where(self.path, fsync, lock_timeout)))

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
            return claim(view, view.index.free.oldest(max_letters, now.timestamp()), now, lease)

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
        self.release_many([(lease, letter)])

    def release_many(self, releases: Iterable[tuple[Lease, DeadLetter | None]]) -> None:
        """Give all of these back, each with its updated record if one is given, for the price of one; all or none.

        Raises:
            LeaseLostError, StoreError: As `release` raises them, for one of them.
        """
        given = own_records(releases)
        records = b"".join(_line(letter) for _, letter in given if letter is not None)
        with self._journal.changing() as view:
            for lease, _ in given:
                refuse_lost(view, lease)
            if given:
                # The records first: if only the first of the lines get there, the leases' ends do the rest.
                view.write(records + write(Release(tuple(lease.letter.id for lease, _ in given))))

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

    def expire(self, now: datetime, *, limit: int) -> list[DeadLetter]:
        """Delete letters that nobody holds and whose `expires` is at or before `now`, the first to expire first.

        Returns:
            What was deleted, at most `limit` letters, as they were.

        Raises:
            StoreError: The file can't be read or written.
        """
        with self._journal.changing() as view:
            at = self._clock.now().timestamp()
            expired = [view.load(one) for one in view.index.expiring.due(now.timestamp(), limit, at)]
            if expired:
                view.write(write(Purge(tuple(letter.id for letter in expired))))
        return expired

    def close(self) -> None:
        """Forget what was read, and close the file; a later call opens and reads it again."""
        self._journal.close()


def _line(letter: DeadLetter) -> bytes:
    try:
        return encode_letter(letter) + b"\n"
    except Exception as error:
        raise StoreError(f"letter {letter.id} can't be kept: {error}", transient=False) from error
