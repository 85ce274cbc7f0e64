"""What is done to letters that are kept: by hand at a desk, and by age."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from ninelives.dead_letters.expiring import purge_expired
from ninelives.dead_letters.parts import QueueParts
from ninelives.dead_letters.progress import Stop, Told

if TYPE_CHECKING:
    from ninelives.dead_letters.desk import Desk
    from ninelives.dead_letters.who import Who

__all__ = ["Upkeep"]


class Upkeep(QueueParts):
    """The part of `DeadLetterQueue` that looks after what is kept: by hand, and by age."""

    def desk(self, by: Who | None = None) -> Desk:
        """Where something is done to the letters by hand: in the store, its fallback and where parked ones go.

        Args:
            by: Who does it. None: whoever runs this process.

        Example:
            >>> from ninelives import DeadLetterQueue
            >>> queue = DeadLetterQueue(store="memory:")
            >>> letter_id = queue.send_to_dlq("to Tom")
            >>> queue.desk().park(letter_id, "until Tom is back").ok
            True
        """
        from ninelives.dead_letters.desk import Desk
        from ninelives.dead_letters.who import Who

        return Desk(self.stores, by=by or Who.here(), emit=self._emit, clock=self._clock)

    def purge_expired(self, *, stop: Stop | None = None, progress: Told | None = None) -> int:
        """Purge every letter that has expired, waiting or parked, in all the queue's stores; for a job that runs daily.

        What someone holds stays. A letter expires `keep` after it was made, or after its last failed replay; one that
        was made without `keep` never does. Letters of other pipelines are purged too: each says when it expires. With
        `keep` a queue does this by itself, a bounded number at a time, when it has kept a letter; where calls seldom
        fail, call this.

        Args:
            stop: When it is set, the hundred in hand are purged and no others.
            progress: Told how far it is, after each hundred; `total` is None.

        Returns:
            How many letters were purged; an event `letter_purged` tells of each.

        Raises:
            UnsupportedError: None of the stores deletes letters by their age when told to; SQS does it by itself.
            StoreError: A store failed; it says how many letters were purged all the same.
        """
        return purge_expired(self.places, self._clock, self._emit, stop, progress)

    async def apurge_expired(self, *, stop: Stop | None = None, progress: Told | None = None) -> int:
        """`purge_expired` for asynchronous code; `progress` is told by a thread of ours."""
        from ninelives.workers import run_in_worker

        return await run_in_worker(partial(self.purge_expired, stop=stop, progress=progress))
