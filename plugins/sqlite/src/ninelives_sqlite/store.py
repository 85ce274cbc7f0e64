"""Letters in a SQLite database: quick to search, safe between processes and after a crash."""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence
from datetime import datetime

from ninelives.address import Address
from ninelives.clock import SYSTEM_CLOCK, Clock
from ninelives.dead_letters.leases import own_records
from ninelives.dead_letters.letter import DeadLetter, LetterFilter
from ninelives.dead_letters.store import ALL_TO_PURGE, IdPage, Lease, LetterGroup, Page
from ninelives_sqlite import groups, leases, looking, removing
from ninelives_sqlite.changes import Changes
from ninelives_sqlite.database import Database
from ninelives_sqlite.opening import Where
from ninelives_sqlite.rows import BadRow, Values

__all__ = ["TIMEOUT", "SqliteStore"]

TIMEOUT = 30.0


class SqliteStore:
    """A store in one SQLite database, for any number of threads and processes on one machine.

    It keeps a write-ahead log beside the file (``-wal``, ``-shm``) while it is open. Records are kept whole, as JSON;
    what is searched for stands in columns of its own, and letters of one kind are counted as they come and go. A record
    that is damaged or of a newer version is skipped and kept; `problems` shows it.

    Args:
        path: The file; made when the first letter comes, in a directory that is there, for its owner only.
        clock: Tells when leases end; None is the machine's clock.
        fsync: Whether `put` and the others wait for the disk. Without it they are faster; a process that is killed
            still loses nothing, but a machine that loses its power may lose the newest letters.
        timeout: Seconds to wait for a process that has the database locked.

    Example:
        >>> SqliteStore("no letters yet.db").count()
        0
    """

    def __init__(
        self,
        path: str | os.PathLike[str],
        *,
        clock: Clock | None = None,
        fsync: bool = True,
        timeout: float = TIMEOUT,
    ) -> None:
        self.path = os.path.abspath(path)
        self._clock = clock or SYSTEM_CLOCK
        self._database = Database(Where(self.path, fsync, timeout))
        self._changes = Changes(self._database)

    @property
    def name(self) -> str:
        """Its address, with the whole path."""
        return str(Address("sqlite", self.path))

    def put(self, letter: DeadLetter) -> None:
        """Keep the letter; it is on disk when this returns. One with the same id is replaced.

        Raises:
            StoreError: It could not be written; the database is as it was.
        """
        self._changes.put([Values.of(letter)])

    def put_many(self, letters: Iterable[DeadLetter]) -> None:
        """Keep all of them, a thousand for the price of one.

        Raises:
            StoreError: Not all could be written; its `stored` says which were. Where JSON can't hold one, none was.
        """
        self._changes.put([Values.of(letter) for letter in letters])

    def receive(self, max_letters: int, *, lease: float) -> list[Lease]:
        """Claim the oldest waiting letters that nobody holds, for `lease` seconds; never parked ones.

        Raises:
            StoreError: The database can't be read or written.
        """
        with self._database.writing(durable=False) as connection:
            return leases.receive(connection, self._clock.now(), max_letters, lease)

    def claim(self, letter_ids: Sequence[str], *, lease: float) -> list[Lease]:
        """Claim each of these for `lease` seconds, parked ones too; all or none.

        Raises:
            LetterNotFoundError: One of them is not there.
            LetterBusyError: Someone else holds one of them.
            StoreError: The database can't be read or written.
        """
        with self._database.writing(durable=False) as connection:
            return leases.claim(connection, self._database.where, dict.fromkeys(letter_ids), self._clock.now(), lease)

    def renew(self, lease: Lease, seconds: float) -> Lease:
        """The same claim, for `seconds` from now.

        Raises:
            LeaseLostError: The letter is gone, was given back, or went to someone else.
            StoreError: The database can't be read or written.
        """
        with self._database.writing(durable=False) as connection:
            return leases.renew(connection, self._database.where, lease, self._clock.now(), seconds)

    def ack(self, lease: Lease) -> None:
        """The letter is gone for good; if it is gone already, that is as good.

        Raises:
            LeaseLostError: The letter was given back, or went to someone else.
            StoreError: The database can't be read or written.
        """
        self._changes.ack([lease])

    def ack_many(self, leases: Iterable[Lease]) -> None:
        """All of these letters are gone for good, for the price of one; all or none.

        Raises:
            LeaseLostError: One of them was given back, or went to someone else.
            StoreError: The database can't be read or written.
        """
        self._changes.ack(list(leases))

    def release(self, lease: Lease, letter: DeadLetter | None = None) -> None:
        """Give the letter back, with its updated record if one is given.

        Raises:
            LeaseLostError: The letter is gone, was given back, or went to someone else.
            StoreError: The record is another letter's, or the database can't be read or written.
        """
        self.release_many([(lease, letter)])

    def release_many(self, releases: Iterable[tuple[Lease, DeadLetter | None]]) -> None:
        """Give all of these back, each with its updated record if one is given, for the price of one; all or none.

        Raises:
            LeaseLostError, StoreError: As `release` raises them, for one of them.
        """
        given = own_records(releases)
        records = [Values.of(letter) for _, letter in given if letter is not None]
        self._changes.release([lease for lease, _ in given], records)

    def browse(self, filter: LetterFilter, *, limit: int, cursor: str | None = None) -> Page:
        """The letters that match, oldest first, at most `limit` of them; claimed ones too.

        Raises:
            StoreError: The database can't be read, or the cursor is none of ours.
        """
        return looking.page(self._database, filter, limit, cursor)

    def list_ids(self, filter: LetterFilter, *, limit: int, cursor: str | None = None) -> IdPage:
        """The ids of the letters that match, oldest first; no record is read unless it is asked for tags or a text.

        Raises:
            StoreError: The database can't be read, or the cursor is none of ours.
        """
        return looking.id_page(self._database, filter, limit, cursor)

    def groups(self, filter: LetterFilter, *, limit: int) -> list[LetterGroup]:
        """The groups of the letters that match, the largest first, of equal ones the one that failed last.

        They are known at once for a pipeline, a fingerprint and a state; for all else the letters are counted.

        Raises:
            StoreError: The database can't be read.
        """
        return groups.groups(self._database, filter, limit)

    def get(self, letter_id: str) -> DeadLetter:
        """The letter with that id.

        Raises:
            LetterNotFoundError: There is none.
            StoreError: The database can't be read.
        """
        with self._database.reading() as connection:
            return leases.find(connection, self._database.where, letter_id)[1]

    def count(self, filter: LetterFilter | None = None) -> int:
        """How many match; None: how many there are. What `problems` shows is not among them.

        Raises:
            StoreError: The database can't be read.
        """
        return groups.count(self._database, filter or LetterFilter())

    def purge(self, filter: LetterFilter) -> int:
        """Delete the letters that match and that nobody holds, a thousand at a time; how many there were.

        Raises:
            ValueError: The filter is empty.
            StoreError: The database can't be read or written.
        """
        filter.refuse_empty(ALL_TO_PURGE)
        return removing.purge(self._database, filter, self._clock)

    def expire(self, now: datetime, *, limit: int) -> list[DeadLetter]:
        """Delete letters that nobody holds and whose `expires` is at or before `now`, the first to expire first.

        Returns:
            What was deleted, at most `limit` letters, as they were.

        Raises:
            StoreError: The database can't be read or written.
        """
        return removing.expire(self._database, now, limit, self._clock)

    def problems(self) -> tuple[BadRow, ...]:
        """The rows that are damaged or of a newer version: skipped by all else, and kept in the database.

        It reads every record: of very many letters it takes its time.

        Raises:
            StoreError: The database can't be read.
        """
        return tuple(looking.problems(self._database))

    def check(self, *, timeout: float) -> str:
        """Take the right to write, and give it back; where there is no file, make one beside it and remove it.

        Args:
            timeout: Seconds to wait at most for a process that has the database locked.

        Returns:
            What works; how many letters there are, how many rows are known that can't be read, whether others may read
            the file, and whether this SQLite has a fault that others who use the file should know of.

        Raises:
            StoreError: The directory is missing or can't be written, the disk is full, or the database can't be had.
        """
        from ninelives_sqlite.trying import try_out  # few programs ever ask

        return try_out(self._database.where, timeout)

    def close(self) -> None:
        """Close what is open; a later call opens it again."""
        self._database.close()
