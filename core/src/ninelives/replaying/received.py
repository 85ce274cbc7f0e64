"""Going through a store that can't be searched: what it gives is ours or is held until the end, so that more comes."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import datetime
from typing import TYPE_CHECKING

from ninelives.dead_letters.claims import store_errors
from ninelives.dead_letters.letter import DeadLetter
from ninelives.dead_letters.places import Place
from ninelives.dead_letters.store import Lease
from ninelives.replaying.seen import Seen

if TYPE_CHECKING:
    from ninelives.clock import Clock
    from ninelives.dead_letters.queue import DeadLetterQueue

__all__ = ["Received"]


class Received:
    """One way through a store, from one letter to the next.

    Args:
        queue: Whose store it is.
        place: The store.
        seen: Which letters were run: what comes twice is not run twice.
        clock: Tells when leases end.
    """

    def __init__(self, queue: DeadLetterQueue, place: Place, seen: Seen, clock: Clock) -> None:
        self._queue = queue
        self._place = place
        self._seen = seen
        self._clock = clock
        self._others: list[Lease] = []
        self._aside: dict[str, datetime] = {}  # since the last one that was run, and until when

    def leases(self, ours: Callable[[DeadLetter], bool], size: Callable[[], int]) -> Iterator[list[Lease]]:
        """The letters that are `ours`, `size` at a time or less."""
        while leases := self._receive(size()):
            found = [lease for lease in leases if self._is_ours(lease, ours)]
            if found:
                self._aside.clear()
                yield found
            elif self._seen_all(leases):
                return

    def finish(self) -> None:
        """Give back what was only looked at; of letters that are done, drop the other copies."""
        for lease in self._others:
            claimed = self._queue.claimed(lease, self._place)
            if self._seen.is_done(lease.letter.id):
                claimed.drop()
            else:
                claimed.give_back()

    def _receive(self, size: int) -> list[Lease]:
        with store_errors(self._place):
            return self._place.store.receive(size, lease=self._queue.options.lease)

    def _is_ours(self, lease: Lease, ours: Callable[[DeadLetter], bool]) -> bool:
        letter = lease.letter
        if self._seen.is_done(letter.id):  # another copy, that is to be dropped
            return True
        if not self._seen.has_begun(letter.id) and ours(letter):
            self._seen.begin(letter.id)  # another copy may be the next one
            return True
        self._others.append(lease)
        return False

    def _seen_all(self, leases: list[Lease]) -> bool:
        """Whether the leases end before all are seen: then there is nothing but others."""
        now = self._clock.now()
        return any(self._aside.setdefault(lease.letter.id, lease.until) <= now for lease in leases)
