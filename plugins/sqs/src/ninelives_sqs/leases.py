"""Leases as SQS has them: visibility time-outs in whole seconds, and receipts of which only the newest counts."""

from __future__ import annotations

import math
from collections import OrderedDict
from collections.abc import Iterable
from datetime import datetime

from ninelives.dead_letters.letter import DeadLetter
from ninelives.dead_letters.store import Lease
from ninelives.errors import StoreError
from ninelives.locks import new_lock

__all__ = ["MAX_VISIBILITY", "Leases", "message_id_of", "receipt_of", "visibility"]

MAX_VISIBILITY = 43_200
"""Seconds: 12 hours, prolonged or not. Source: the API's reference, ChangeMessageVisibility."""

_REMEMBERED = 1_000


def visibility(seconds: float, place: str) -> int:
    """The visibility time-out of a lease: whole seconds, rounded up.

    Raises:
        StoreError: It is not between 0 and 43,200 seconds.
    """
    if not 0 <= seconds <= MAX_VISIBILITY:
        raise StoreError(
            f"{place}: a lease of {seconds} s can't be had: SQS hides a message for 0 to 43,200 s (12 hours)",
            transient=False,
        )
    return math.ceil(seconds)


def message_id_of(lease: Lease) -> str:
    """The message that is claimed."""
    return lease.token.rpartition(" ")[0]


def receipt_of(lease: Lease) -> str:
    """What SQS knows the claim by."""
    return lease.token.rpartition(" ")[2]


class Leases:
    """The newest claims that this store has handed out, one for each message.

    SQS does not always say that a receipt is no longer the newest. Of claims made through this very store it is known;
    of those made by others, in other processes, it is not.
    """

    def __init__(self) -> None:
        self._lock = new_lock()
        # None: it was given back.
        self._newest: OrderedDict[str, Lease | None] = OrderedDict()

    def note(self, leases: Iterable[Lease]) -> None:
        """These have been handed out."""
        with self._lock:
            for lease in leases:
                self._set(lease, lease)

    def given_back(self, lease: Lease) -> None:
        """Its holder has given it back, and can end nothing any more."""
        with self._lock:
            self._set(lease, None)

    def ended(self, lease: Lease) -> None:
        """The letter is gone; ending it once more does no harm."""
        with self._lock:
            self._newest.pop(message_id_of(lease), None)

    def is_lost(self, lease: Lease) -> bool:
        """Whether it is known that the letter was given back, or has gone to someone else."""
        with self._lock:
            newest = self._newest.get(message_id_of(lease), lease)
        return newest is None or newest.token != lease.token

    def held(self, now: datetime) -> dict[str, DeadLetter]:
        """The letters that are held now, by their ids."""
        with self._lock:
            return {one.letter.id: one.letter for one in self._newest.values() if one is not None and now < one.until}

    def clear(self) -> None:
        """Forget all."""
        with self._lock:
            self._newest.clear()

    def _set(self, lease: Lease, newest: Lease | None) -> None:
        message_id = message_id_of(lease)
        self._newest[message_id] = newest
        self._newest.move_to_end(message_id)
        if len(self._newest) > _REMEMBERED:
            self._newest.popitem(last=False)
