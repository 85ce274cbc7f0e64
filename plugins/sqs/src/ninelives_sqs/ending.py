"""What becomes of a claim: the letter is done, goes back, or is held for longer."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import timedelta

from ninelives.clock import Clock
from ninelives.dead_letters.letter import DeadLetter
from ninelives.dead_letters.store import Lease
from ninelives.errors import StoreError
from ninelives_sqs.batches import tens
from ninelives_sqs.leases import Leases, message_id_of, visibility
from ninelives_sqs.queue import Queue, lost
from ninelives_sqs.sending import Sender

__all__ = ["Ending"]

_WHILE_SENT_ANEW = 60
"""Seconds: longer than it takes to send the new record and delete the old one."""


class Ending:
    """Ends and prolongs claims.

    A standard queue takes a receipt also after the time-out has run out, and does not say whether someone else has got
    the message meanwhile; a FIFO queue takes none that has run out. So what is done late is done where it can't hurt.

    Args:
        queue: Where the letters are.
        sender: Puts letters there.
        leases: The claims that this store has handed out.
        clock: Tells when they end.
        fifo: Whether it is a FIFO queue.
    """

    def __init__(self, queue: Queue, sender: Sender, leases: Leases, clock: Clock, *, fifo: bool) -> None:
        self._queue = queue
        self._sender = sender
        self._leases = leases
        self._clock = clock
        self._fifo = fifo

    def ack(self, lease: Lease) -> None:
        """Delete the letter, also late: what it asked for has been done."""
        self._refuse_lost(lease)
        self._queue.delete(lease)
        self._leases.ended(lease)

    def ack_many(self, leases: Iterable[Lease]) -> None:
        """Delete all of them; those that can't be are no hindrance to the others."""
        problems: list[StoreError] = []
        for some in tens(self._not_lost(leases, problems)):
            failed = self._queue.delete_batch(some)
            for place, lease in enumerate(some):
                if (what := failed.get(place)) is None:
                    self._leases.ended(lease)
                elif "ReceiptHandle" in str(what):
                    problems.append(lost(lease, self._queue.name))
                else:
                    said = f"{self._queue.name}: letter {lease.letter.id} is not deleted: {what}"
                    problems.append(StoreError(said, transient=what.transient))
        if problems:
            raise problems[0]

    def release(self, lease: Lease, letter: DeadLetter | None) -> None:
        """Give the letter back, with its new record if it has one."""
        if letter is not None and letter.id != lease.letter.id:
            raise StoreError(f"letter {lease.letter.id} can't become letter {letter.id}", transient=False)
        self._refuse_lost(lease)
        if letter is None or letter == lease.letter:
            self._give_back(lease)
        else:
            self._replace(lease, letter)
        self._leases.given_back(lease)

    def renew(self, lease: Lease, seconds: float) -> Lease:
        """The same claim, for so long from now."""
        hidden = visibility(seconds, self._queue.name)
        now = self._clock.now()
        if now >= lease.until:  # the receipt might still be good for hiding the message from whoever has it now
            raise lost(lease, self._queue.name)
        self._refuse_lost(lease)
        self._queue.hide(lease, hidden)
        renewed = Lease(lease.letter, lease.token, now + timedelta(seconds=seconds))
        self._leases.note([renewed])
        return renewed

    def _give_back(self, lease: Lease) -> None:
        if not self._is_late(lease):  # late, it is back by itself, and may be someone else's
            self._queue.hide(lease, 0)

    def _replace(self, lease: Lease, letter: DeadLetter) -> None:
        message = self._sender.message(letter, instead_of=message_id_of(lease))
        if self._fifo and self._is_late(lease):
            self._queue.hide(lease, _WHILE_SENT_ANEW)  # refused if it has run out, before there are two of it
        # In this order: if only the first gets there, the letter is there twice, never not at all.
        self._queue.send(message)
        self._queue.delete(lease)

    def _is_late(self, lease: Lease) -> bool:
        return self._clock.now() >= lease.until

    def _refuse_lost(self, lease: Lease) -> None:
        if self._leases.is_lost(lease):
            raise lost(lease, self._queue.name)

    def _not_lost(self, leases: Iterable[Lease], problems: list[StoreError]) -> Iterable[Lease]:
        for lease in leases:
            if self._leases.is_lost(lease):
                problems.append(lost(lease, self._queue.name))
            else:
                yield lease
