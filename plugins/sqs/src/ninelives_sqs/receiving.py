"""Claiming whatever letters come first."""

from __future__ import annotations

from datetime import timedelta

from ninelives.clock import Clock
from ninelives.dead_letters.store import Lease
from ninelives.errors import StoreError
from ninelives_sqs.batches import MOST_ENTRIES
from ninelives_sqs.leases import visibility
from ninelives_sqs.looking import LOOK_THROUGH, Found, give_back
from ninelives_sqs.queue import Queue

__all__ = ["receive"]


def receive(queue: Queue, clock: Clock, max_letters: int, seconds: float, wait: int) -> list[Lease]:
    """Claim up to so many letters; only the first request waits for one.

    Parked letters and records that can't be read, which others have put there, are given back; of these it meets no
    more than it may look at.

    Raises:
        StoreError: Nothing could be received.
    """
    hidden = visibility(seconds, queue.name)
    leases: dict[str, Lease] = {}
    others: Found = {}
    try:
        while len(leases) < max_letters and len(others) < LOOK_THROUGH:
            until = clock.now() + timedelta(seconds=seconds)  # before SQS begins to count
            count = min(MOST_ENTRIES, max_letters - len(leases))
            came = queue.receive(count, hidden=hidden, wait=0 if leases or others else wait)
            if all(one.message_id in leases or one.message_id in others for one in came):
                break  # nothing, or what a lease of next to no time has let go again
            others.update((one.message_id, one) for one in came if not one.to_be_run)
            leases.update((one.message_id, Lease(one.letter, one.token, until)) for one in came if one.to_be_run)
    except StoreError:
        if not leases:
            raise  # else these are claimed, and nobody would know
    finally:
        give_back(queue, others.values())
    return list(leases.values())
