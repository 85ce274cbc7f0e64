"""Letters in memory: for tests, and for programs that may lose them when they end."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime, timedelta
from itertools import islice
from typing import NamedTuple

from ninelives.clock import SYSTEM_CLOCK, Clock
from ninelives.dead_letters.groups import groups_among
from ninelives.dead_letters.leases import lost, own_records
from ninelives.dead_letters.letter import DeadLetter, LetterFilter, decode_letter, encode_letter
from ninelives.dead_letters.paging import cursor_after, position_of, read_cursor
from ninelives.dead_letters.store import ALL_TO_PURGE, IdPage, Lease, LetterGroup, Page
from ninelives.errors import LetterBusyError, LetterNotFoundError, StoreError
from ninelives.ids import new_id
from ninelives.locks import new_lock

__all__ = ["MemoryStore"]


class _Claim(NamedTuple):
    token: str
    taken: datetime
    until: datetime


class MemoryStore:
    """A store that lasts as long as the process, and can do all that a store may be able to.

    Letters are copied on their way in and out: what is done to one outside changes nothing in here.

    Args:
        clock: Tells when leases end; None is the machine's clock.

    Example:
        >>> from ninelives.dead_letters.letter import LetterFilter
        >>> MemoryStore().count(LetterFilter(state="waiting"))
        0
    """

    def __init__(self, *, clock: Clock | None = None) -> None:
        self._clock = clock or SYSTEM_CLOCK
        # The clock is read under it: with a time from before the wait, another's fresh claim would seem not yet begun.
        self._lock = new_lock()
        self._letters: dict[str, DeadLetter] = {}
        # Kept until the letter is claimed anew or given back: a holder who is late may still end what nobody took.
        self._claims: dict[str, _Claim] = {}

    def put(self, letter: DeadLetter) -> None:
        """Keep the letter; one with the same id is replaced.

        Raises:
            StoreError: The letter holds what JSON can't.
        """
        self.put_many([letter])

    def put_many(self, letters: Iterable[DeadLetter]) -> None:
        """Keep all of them.

        Raises:
            StoreError: One of them holds what JSON can't; none is kept.
        """
        copies = {letter.id: _copy(letter) for letter in letters}
        with self._lock:
            self._letters.update(copies)

    def receive(self, max_letters: int, *, lease: float) -> list[Lease]:
        """Claim the oldest waiting letters that nobody holds, for `lease` seconds; never parked ones."""
        with self._lock:
            now = self._clock.now()
            free = (one for one in self._oldest_first() if one.state == "waiting" and not self._held(one.id, now))
            return [self._claim(letter, now, lease) for letter in islice(free, max_letters)]

    def claim(self, letter_ids: Sequence[str], *, lease: float) -> list[Lease]:
        """Claim each of these for `lease` seconds, parked ones too; all or none.

        Raises:
            LetterNotFoundError: One of them is not there.
            LetterBusyError: Someone else holds one of them.
        """
        with self._lock:
            now = self._clock.now()
            letters = [self._find(letter_id) for letter_id in dict.fromkeys(letter_ids)]
            for letter in letters:
                if self._held(letter.id, now):
                    until = self._claims[letter.id].until
                    raise LetterBusyError(f"letter {letter.id} is held by someone else until {until.isoformat()}")
            return [self._claim(letter, now, lease) for letter in letters]

    def renew(self, lease: Lease, seconds: float) -> Lease:
        """The same claim, for `seconds` from now.

        Raises:
            LeaseLostError: The letter is gone, was given back, or went to someone else.
        """
        with self._lock:
            self._check(lease)
            now = self._clock.now()
            until = now + timedelta(seconds=seconds)
            self._claims[lease.letter.id] = _Claim(lease.token, now, until)
        return Lease(lease.letter, lease.token, until)

    def ack(self, lease: Lease) -> None:
        """The letter is gone for good; if it is gone already, that is as good.

        Raises:
            LeaseLostError: The letter was given back, or went to someone else.
        """
        self.ack_many([lease])

    def ack_many(self, leases: Iterable[Lease]) -> None:
        """All of these letters are gone for good; all or none.

        Raises:
            LeaseLostError: One of them was given back, or went to someone else.
        """
        given = list(leases)
        with self._lock:
            there = [lease for lease in given if lease.letter.id in self._letters]
            for lease in there:
                self._check(lease)
            for letter_id in {lease.letter.id for lease in there}:
                self._remove(letter_id)

    def release(self, lease: Lease, letter: DeadLetter | None = None) -> None:
        """Give the letter back, with its updated record if one is given.

        Raises:
            LeaseLostError: The letter is gone, was given back, or went to someone else.
            StoreError: The record is another letter's, or holds what JSON can't.
        """
        self.release_many([(lease, letter)])

    def release_many(self, releases: Iterable[tuple[Lease, DeadLetter | None]]) -> None:
        """Give all of these back, each with its updated record if one is given; all or none.

        Raises:
            LeaseLostError, StoreError: As `release`, for one of them.
        """
        given = own_records(releases)
        records = {letter.id: _copy(letter) for _, letter in given if letter is not None}
        with self._lock:
            for lease, _ in given:
                self._check(lease)
            for lease, _ in given:
                self._claims.pop(lease.letter.id, None)
            self._letters.update(records)

    def browse(self, filter: LetterFilter, *, limit: int, cursor: str | None = None) -> Page:
        """The letters that match, oldest first, at most `limit` of them; claimed ones too.

        Raises:
            StoreError: The cursor is none of ours.
        """
        start = read_cursor(cursor)
        with self._lock:
            behind = (letter for letter in self._oldest_first() if position_of(letter) > start)
            found = list(islice((letter for letter in behind if filter.matches(letter)), limit + 1))
        more = len(found) > limit
        shown = tuple(map(_copy, found[:limit]))
        return Page(shown, (cursor_after(position_of(shown[-1])) if shown else cursor) if more else None)

    def list_ids(self, filter: LetterFilter, *, limit: int, cursor: str | None = None) -> IdPage:
        """The ids of the letters that match, as `browse` has them."""
        page = self.browse(filter, limit=limit, cursor=cursor)
        return IdPage(tuple(letter.id for letter in page.letters), page.cursor)

    def groups(self, filter: LetterFilter, *, limit: int) -> list[LetterGroup]:
        """The groups of the letters that match, the largest first, of equal ones the one that failed last."""
        with self._lock:
            return groups_among((one for one in self._letters.values() if filter.matches(one)), limit=limit)

    def get(self, letter_id: str) -> DeadLetter:
        """The letter with that id.

        Raises:
            LetterNotFoundError: There is none.
        """
        with self._lock:
            return _copy(self._find(letter_id))

    def count(self, filter: LetterFilter | None = None) -> int:
        """How many match; None: how many there are."""
        with self._lock:
            if filter is None:
                return len(self._letters)
            return sum(filter.matches(letter) for letter in self._letters.values())

    def purge(self, filter: LetterFilter) -> int:
        """Delete the letters that match and that nobody holds; how many there were.

        Raises:
            ValueError: The filter is empty.
        """
        filter.refuse_empty(ALL_TO_PURGE)
        with self._lock:
            now = self._clock.now()
            found = [one.id for one in self._letters.values() if filter.matches(one) and not self._held(one.id, now)]
            for letter_id in found:
                self._remove(letter_id)
        return len(found)

    def expire(self, now: datetime, *, limit: int) -> list[DeadLetter]:
        """Delete letters that nobody holds and that have expired, the first to expire first; what they were."""
        with self._lock:
            at = self._clock.now()
            expired = [(one.expires, *position_of(one)) for one in self._letters.values() if one.expires is not None]
            due = sorted(found for found in expired if found[0] <= now and not self._held(found[-1], at))
            return [self._remove(letter_id) for *_, letter_id in due[:limit]]

    def check(self, *, timeout: float) -> str:
        """What there is to say of it: memory always works, while the process does."""
        return "letters are kept in memory, until the program ends"

    def close(self) -> None:
        """Nothing to free: the letters stay for whoever has the store."""

    def _oldest_first(self) -> Iterator[DeadLetter]:
        return iter(sorted(self._letters.values(), key=position_of))

    def _find(self, letter_id: str) -> DeadLetter:
        if letter_id not in self._letters:
            raise LetterNotFoundError(f"there is no letter {letter_id} in memory; browse() shows what there is")
        return self._letters[letter_id]

    def _held(self, letter_id: str, now: datetime) -> bool:
        claim = self._claims.get(letter_id)
        return claim is not None and claim.taken <= now < claim.until

    def _claim(self, letter: DeadLetter, now: datetime, seconds: float) -> Lease:
        claim = self._claims[letter.id] = _Claim(new_id(), now, now + timedelta(seconds=seconds))
        return Lease(_copy(letter), claim.token, claim.until)

    def _check(self, lease: Lease) -> None:
        claim = self._claims.get(lease.letter.id)
        if claim is None or claim.token != lease.token:
            raise lost(lease)

    def _remove(self, letter_id: str) -> DeadLetter:
        self._claims.pop(letter_id, None)
        return self._letters.pop(letter_id)


def _copy(letter: DeadLetter) -> DeadLetter:
    try:
        return decode_letter(encode_letter(letter))
    except Exception as error:
        raise StoreError(f"letter {letter.id} can't be kept: {error}", transient=False) from error
