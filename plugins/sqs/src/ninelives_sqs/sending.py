"""Putting letters into a queue: none that is too large, several at a time, and knowing which have arrived."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from ninelives.dead_letters.letter import DeadLetter
from ninelives.errors import LetterTooLargeError, StoreError, UnsupportedError
from ninelives_sqs.batches import batches
from ninelives_sqs.outgoing import MAX_SIZE, Message, message_of
from ninelives_sqs.queue import Queue

__all__ = ["Sender"]


class Sender:
    """Puts letters into a queue.

    Args:
        queue: Where they go.
        fifo: Whether it is a FIFO queue.
    """

    def __init__(self, queue: Queue, *, fifo: bool) -> None:
        self._queue = queue
        self._fifo = fifo
        self._limit: int | None = None

    def message(self, letter: DeadLetter, *, instead_of: str = "") -> Message:
        """The message that holds the letter, and that the queue takes.

        Args:
            letter: A letter.
            instead_of: The id of the message that it takes the place of.

        Raises:
            LetterTooLargeError: It is too large for the queue.
            UnsupportedError: The letter is parked.
            StoreError: It holds what JSON can't, or the queue can't be asked how much it takes.
        """
        if letter.state == "parked":
            raise UnsupportedError(
                f"{self._queue.name}: letter {letter.id} can't be kept parked, since SQS hands out whatever it has; "
                "name a place for parked letters with dead_letter={'park': ADDRESS}"
            )
        message = message_of(letter, fifo=self._fifo, instead_of=instead_of)
        limit = self._most()
        if message.size > limit:
            raise LetterTooLargeError(
                f"{self._queue.name}: letter {letter.id} is a message of {message.size:,} bytes, and the queue takes "
                f"{limit:,}; a fallback store keeps it whole"
            )
        return message

    def put(self, letter: DeadLetter) -> None:
        """Send one letter.

        Raises:
            StoreError: It was not sent, or it is not known whether it was.
        """
        self._queue.send(self.message(letter))

    def put_many(self, letters: Iterable[DeadLetter]) -> None:
        """Send all of them; those that can't be are no hindrance to the others.

        Raises:
            StoreError: Not all were sent; `stored` says which were.
        """
        stored: set[str] = set()
        problems: list[StoreError] = []
        try:
            for batch in batches(self._messages(letters, problems)):
                failed = self._queue.send_batch(batch)
                stored.update(message.letter_id for place, message in enumerate(batch) if place not in failed)
                problems += (
                    StoreError(f"{self._queue.name}: letter {batch[place].letter_id}: {what}", transient=what.transient)
                    for place, what in failed.items()
                )
        except StoreError as error:  # the service as a whole: the rest would fare no better
            problems.append(error)
        if problems:
            raise _together(problems, stored)

    def _messages(self, letters: Iterable[DeadLetter], problems: list[StoreError]) -> Iterator[Message]:
        for letter in letters:
            try:
                yield self.message(letter)
            except StoreError as error:
                if error.transient:
                    raise
                problems.append(error)

    def _most(self) -> int:
        # Without a lock: who asks at the same time asks once more, where a lock would make all wait for a silent one.
        if self._limit is None:
            self._limit = self._read_limit()
        return self._limit

    def _read_limit(self) -> int:
        try:
            said = self._queue.attributes().get("MaximumMessageSize", "")
        except StoreError as error:
            if error.transient:
                raise
            return MAX_SIZE  # who may not ask finds out by sending
        return min(int(said), MAX_SIZE) if said.isdecimal() else MAX_SIZE


def _together(problems: list[StoreError], stored: set[str]) -> StoreError:
    """One error that says all; the kind is that of all problems, if they are of one kind."""
    first, *others = problems
    kind = type(first) if all(type(problem) is type(first) for problem in others) else StoreError
    more = f" (and {len(others)} more)" if others else ""
    error = kind(f"{first}{more}", transient=any(problem.transient for problem in problems))
    error.stored = frozenset(stored)
    error.__cause__ = first
    return error
