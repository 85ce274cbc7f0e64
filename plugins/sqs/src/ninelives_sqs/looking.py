"""Looking through a queue that can't be searched: receive the first messages, and give them back at once."""

from __future__ import annotations

import logging
from collections import OrderedDict
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager

from ninelives.clock import Clock
from ninelives.dead_letters.letter import DeadLetter
from ninelives.errors import StoreError
from ninelives.locks import new_lock
from ninelives_sqs.batches import MOST_ENTRIES, tens
from ninelives_sqs.incoming import Received
from ninelives_sqs.queue import Queue

__all__ = ["LOOK_THROUGH", "Found", "Seen", "give_back", "looked_through"]

LOOK_THROUGH = 100
"""Messages that are looked at, at most."""

HIDDEN = 60
"""Seconds that they are hidden from others meanwhile: so long if the program ends before it gives them back."""

SEEN_FOR = 60.0

Found = dict[str, Received]
"""Messages by their ids; the order is that in which they came."""


@contextmanager
def looked_through(queue: Queue, enough: Callable[[Found], bool], wait: int) -> Iterator[Found]:
    """The first messages, each once; what is still in there at the end is given back.

    Args:
        queue: Where to look.
        enough: Whether no more are needed.
        wait: Seconds to wait for each answer.
    """
    found: Found = {}
    try:
        while len(found) < LOOK_THROUGH and not enough(found):
            count = min(MOST_ENTRIES, LOOK_THROUGH - len(found))
            came = {one.message_id: one for one in queue.receive(count, hidden=HIDDEN, wait=wait)}
            known = came.keys() <= found.keys()
            found.update(came)  # one that came once more has a new receipt
            if known:
                break
        yield found
    finally:
        give_back(queue, found.values())


def give_back(queue: Queue, messages: Iterable[Received]) -> None:
    """Let others have these again. Where that fails they come back by themselves, when their time is over."""
    for some in tens(messages):
        try:
            failed = queue.hide_batch(some, 0)
        except StoreError as error:
            _warn(queue, len(some), str(error))
        else:
            for which in set(map(str, failed.values())):
                _warn(queue, len(failed), which)


def _warn(queue: Queue, count: int, why: str) -> None:
    from ninelives.redaction import redact_text

    said = redact_text(f"{queue.name}: {count} messages that were looked at come back a little later: {why}")
    logging.getLogger("ninelives").warning("%s", said)


class Seen:
    """The letters that were looked at last, for a minute: whoever asks for one of them need not look again."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._lock = new_lock()
        self._letters: OrderedDict[str, tuple[float, DeadLetter]] = OrderedDict()

    def note(self, letters: Iterable[DeadLetter]) -> None:
        """These were there just now."""
        now = self._clock.monotonic()
        with self._lock:
            for letter in letters:
                self._letters[letter.id] = (now, letter)
                self._letters.move_to_end(letter.id)
            while len(self._letters) > LOOK_THROUGH:
                self._letters.popitem(last=False)

    def get(self, letter_id: str) -> DeadLetter | None:
        """The letter as it was seen."""
        with self._lock:
            when, letter = self._letters.get(letter_id, (0.0, None))
        return letter if self._clock.monotonic() - when < SEEN_FOR else None

    def forget(self, letter_id: str) -> None:
        """It is gone, or no longer what it was."""
        with self._lock:
            self._letters.pop(letter_id, None)

    def clear(self) -> None:
        """Forget all."""
        with self._lock:
            self._letters.clear()
