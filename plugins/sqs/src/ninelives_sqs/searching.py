"""Finding letters in a queue that can't be searched: what is held, what was seen, and a bounded look at the first."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta

from ninelives.clock import Clock
from ninelives.dead_letters.letter import DeadLetter, LetterFilter
from ninelives.dead_letters.store import Lease
from ninelives.errors import LetterBusyError, LetterNotFoundError, StoreError
from ninelives_sqs.batches import tens
from ninelives_sqs.incoming import Received
from ninelives_sqs.leases import Leases, visibility
from ninelives_sqs.looking import LOOK_THROUGH, Found, Seen, looked_through
from ninelives_sqs.queue import Queue

__all__ = ["Search"]


class Search:
    """Finds letters.

    Args:
        queue: Where they are.
        leases: Those that are held through this store.
        seen: Those that were looked at last.
        clock: Tells when leases end.
        wait: Seconds to wait for each answer.
    """

    def __init__(self, queue: Queue, leases: Leases, seen: Seen, clock: Clock, wait: int) -> None:
        self._queue = queue
        self._leases = leases
        self._seen = seen
        self._clock = clock
        self._wait = wait

    def matching(self, wanted: LetterFilter, limit: int) -> list[DeadLetter]:
        """Letters that match, oldest first."""
        letters = {letter.id: letter for letter in self._held().values() if wanted.matches(letter)}

        def enough(found: Found) -> bool:
            return (
                len(letters.keys() | {one.letter.id for one in found.values() if wanted.matches(one.letter)}) >= limit
            )

        with looked_through(self._queue, enough, self._wait) as found:
            self._seen.note(one.letter for one in found.values())
            letters |= {one.letter.id: one.letter for one in found.values() if wanted.matches(one.letter)}
        return sorted(letters.values(), key=lambda letter: (letter.created, letter.id))[:limit]

    def get(self, letter_id: str) -> DeadLetter:
        """The letter with that id."""
        known = self._held().get(letter_id) or self._seen.get(letter_id)
        if known is not None:
            return known
        with looked_through(self._queue, lambda found: not _missing([letter_id], found), self._wait) as found:
            self._seen.note(one.letter for one in found.values())
            self._refuse_missing([letter_id], found)
            return _of(letter_id, found).letter

    def claim(self, letter_ids: Sequence[str], seconds: float) -> list[Lease]:
        """Claim all of these, or none."""
        wanted = list(dict.fromkeys(letter_ids))
        hidden = visibility(seconds, self._queue.name)
        self._refuse_held(wanted)
        with looked_through(self._queue, lambda found: not _missing(wanted, found), self._wait) as found:
            self._refuse_missing(wanted, found)
            chosen = [_of(letter_id, found) for letter_id in wanted]
            until = self._clock.now() + timedelta(seconds=seconds)
            self._hold(chosen, hidden)
            for one in chosen:
                del found[one.message_id]
        return [Lease(one.letter, one.token, until) for one in chosen]

    def _hold(self, chosen: list[Received], hidden: int) -> None:
        for some in tens(chosen):
            for place, what in self._queue.hide_batch(some, hidden).items():
                said = f"{self._queue.name}: letter {some[place].letter.id} can't be claimed: {what}"
                raise StoreError(said, transient=what.transient)

    def _held(self) -> dict[str, DeadLetter]:
        return self._leases.held(self._clock.now())

    def _refuse_held(self, wanted: list[str]) -> None:
        for letter_id in self._held().keys() & set(wanted):
            raise LetterBusyError(
                f"{self._queue.name}: someone else holds letter {letter_id}; try again when their lease ends"
            )

    def _refuse_missing(self, wanted: list[str], found: Found) -> None:
        if missing := _missing(wanted, found):
            raise LetterNotFoundError(
                f"{self._queue.name}: letter {missing[0]} is not among the {len(found)} messages that were looked at. "
                f"SQS can't be searched, and no more than {LOOK_THROUGH} are looked at: it may be behind them, or held "
                "by someone else. pipeline.replay() and receive() go through all there are"
            )


def _missing(wanted: list[str], found: Found) -> list[str]:
    there = {one.letter.id for one in found.values()}
    return [letter_id for letter_id in wanted if letter_id not in there]


def _of(letter_id: str, found: Found) -> Received:
    return next(one for one in found.values() if one.letter.id == letter_id)
