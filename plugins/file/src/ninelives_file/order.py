"""The letters of an index in an order, of which some may have gone or changed meanwhile."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Mapping
from heapq import heapify, heappop, heappush

from ninelives.dead_letters.paging import FIRST, Position
from ninelives_file.entries import Entry, Hold

__all__ = ["Expiring", "Free", "Order"]

# So many positions of the list may be of letters that have gone, before it is made anew.
_STALE = 64


class Order:
    """All letters, oldest first. It is made when it is first asked for, and then kept.

    Args:
        letters: Those that are there, by id.
    """

    def __init__(self, letters: Mapping[str, Entry]) -> None:
        self._letters = letters
        self._positions: list[Position] | None = None

    def added(self, entry: Entry) -> None:
        """A letter is there, new or anew."""
        found, position = self._positions, entry.position
        if found is None:
            return
        if not found or found[-1] < position:
            found.append(position)
            return
        place = bisect_left(found, position)
        if found[place] != position:
            found.insert(place, position)

    def after(self, position: Position = FIRST) -> Iterator[Entry]:
        """The letters behind this position."""
        found = self._positions
        if found is None or len(found) > len(self._letters) * 1.1 + _STALE:
            found = self._positions = sorted(entry.position for entry in self._letters.values())
        for place in range(bisect_right(found, position), len(found)):
            created, letter_id = found[place]
            entry = self._letters.get(letter_id)
            if entry is not None and entry.created == created:
                yield entry


class Free:
    """The waiting letters that nobody holds, oldest first, without going past those that are held.

    It is made when it is first asked for, and then kept: a heap of those that may be free, and one of the leases that
    will end. What turns out not to be free when its turn comes is dropped, and comes back with what makes it free.

    Args:
        letters: Those that are there, by id.
        holds: Who holds which.
    """

    def __init__(self, letters: Mapping[str, Entry], holds: Mapping[str, Hold]) -> None:
        self._letters = letters
        self._holds = holds
        self._heap: list[Position] | None = None
        self._ends: list[tuple[float, tuple[str, ...]]] = []
        self._latest = float("-inf")

    def added(self, entry: Entry) -> None:
        """A letter is there, new or anew."""
        if self._heap is not None and entry.state == "waiting":
            heappush(self._heap, entry.position)

    def given_back(self, ids: tuple[str, ...]) -> None:
        """These letters are no longer held."""
        for letter_id in ids:
            if letter_id in self._letters:
                self.added(self._letters[letter_id])

    def taken(self, hold: Hold, ids: tuple[str, ...]) -> None:
        """These letters are held."""
        self._latest = max(self._latest, hold.taken)
        if self._heap is not None:
            heappush(self._ends, (hold.until, ids))

    def oldest(self, limit: int, now: float) -> list[Entry]:
        """At most so many of them."""
        heap = self._at(now)
        found: dict[str, Entry] = {}
        while heap and len(found) < limit:
            position = heappop(heap)
            entry = self._letters.get(position[1])
            if entry is not None and entry.position == position and self._is_free(entry, now):
                found[entry.id] = entry
        for entry in found.values():
            heappush(heap, entry.position)
        return list(found.values())

    def _at(self, now: float) -> list[Position]:
        if self._heap is None or now < self._latest:  # the clock was set back: no lease is known to have begun
            self._heap = [entry.position for entry in self._letters.values() if self._is_free(entry, now)]
            heapify(self._heap)
            self._ends = [(hold.until, (letter_id,)) for letter_id, hold in self._holds.items()]
            heapify(self._ends)
        while self._ends and self._ends[0][0] <= now:
            _, ids = heappop(self._ends)
            self.given_back(ids)
        return self._heap

    def _is_free(self, entry: Entry, now: float) -> bool:
        hold = self._holds.get(entry.id)
        return entry.state == "waiting" and (hold is None or not hold.holds_at(now))


class Expiring:
    """The letters that expire, the first to expire first. It is made when it is first asked for, and then kept.

    Args:
        letters: Those that are there, by id.
        holds: Who holds which.
    """

    def __init__(self, letters: Mapping[str, Entry], holds: Mapping[str, Hold]) -> None:
        self._letters = letters
        self._holds = holds
        self._heap: list[tuple[float, Position]] | None = None

    def added(self, entry: Entry) -> None:
        """A letter is there, new or anew."""
        if self._heap is not None and entry.expires is not None:
            heappush(self._heap, (entry.expires, entry.position))

    def due(self, moment: float, limit: int, now: float) -> list[Entry]:
        """At most so many that expire at or before that moment, and that nobody holds now."""
        if self._heap is None:
            self._heap = [(one.expires, one.position) for one in self._letters.values() if one.expires is not None]
            heapify(self._heap)
        found: dict[str, Entry] = {}
        seen: set[tuple[float, Position]] = set()
        while self._heap and self._heap[0][0] <= moment and len(found) < limit:
            turn = heappop(self._heap)
            entry = self._letters.get(turn[1][1])
            if entry is None or (entry.expires, entry.position) != turn:
                continue
            seen.add(turn)
            hold = self._holds.get(entry.id)
            if hold is None or not hold.holds_at(now):
                found[entry.id] = entry
        for turn in seen:  # until they are really gone
            heappush(self._heap, turn)
        return list(found.values())
