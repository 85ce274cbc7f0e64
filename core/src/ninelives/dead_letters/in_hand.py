"""The letter that is being run again, known to whatever runs inside: so that it does not become a second letter."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from contextvars import ContextVar
from typing import Any

import msgspec

from ninelives.call import Call
from ninelives.dead_letters.failures import Failure
from ninelives.dead_letters.leaves import TAG
from ninelives.dead_letters.letter import DeadLetter
from ninelives.dead_letters.payload import encode

__all__ = ["Hand", "hand_now", "held"]

_canonical = msgspec.json.Encoder(order="deterministic")


class Hand:
    """A letter in hand.

    Args:
        letter: As it was claimed.
        place: Where it is: the store's name.
        custom: What encodes its payload.
        given: The very objects that the reprocessor is given: known again whatever is done to them.

    Attributes:
        again: How the letter failed, if it came to a dead letter queue again: then its replay is no success, whatever
            the function returns.
    """

    def __init__(
        self,
        letter: DeadLetter,
        place: str = "",
        custom: Callable[[Any], Any] | None = None,
        given: tuple[Any, ...] = (),
    ) -> None:
        self.letter = letter
        self.place = place
        self.again: Failure | None = None
        self.over = False
        self._custom = custom
        self._given = given

    def holds(self, message: object) -> bool:
        """Whether this message is the one in hand: the letter's message, or one of its call's arguments.

        Of several arguments, a number, a bool or None is not taken for the message: too many messages are equal to it.
        """
        if self.over:
            return False
        parts = self._parts()
        body = self._encoded(message)
        if len(parts) > 1 and (body is None or isinstance(body, (bool, int, float))):
            return False
        return any(message is one for one in self._given) or _bytes(body) in map(_bytes, parts)

    def covers(self, call: Call) -> bool:
        """Whether this call is the one in hand, or one that is given the message in hand."""
        if self.over:
            return False
        if self.letter.args is None:
            return any(self.holds(one) for one in (*call.args, *call.kwargs.values()))
        mine = [self.letter.args, self.letter.kwargs or {}]
        return self.letter.operation == call.operation and _bytes(mine) == _bytes(
            [self._encoded(list(call.args)), self._encoded(call.kwargs)]
        )

    def _parts(self) -> list[Any]:
        if self.letter.args is None:
            return [self.letter.message]
        kwargs = self.letter.kwargs or {}
        # Tagged, it has keys of an odd kind, and stands as pairs.
        named = [item for _, item in kwargs["value"]] if kwargs.get(TAG) == "dict" else [*kwargs.values()]
        return [*self.letter.args, *named]

    def _encoded(self, value: object) -> Any:
        return encode(value, "message", self._custom)[0]


_hand: ContextVar[Hand | None] = ContextVar("ninelives_letter_in_hand", default=None)


def hand_now() -> Hand | None:
    """The letter that this code is run for; None outside of a replay."""
    return _hand.get()


@contextmanager
def held(hand: Hand) -> Iterator[Hand]:
    """The letter is in hand within, also in the threads and tasks that are begun within, but no longer than that."""
    try:
        token = _hand.set(hand)
        try:
            yield hand
        finally:
            with suppress(ValueError):  # closed in another context than it ran in; what was set there has ended with it
                _hand.reset(token)
    finally:
        # Also where the program was interrupted before it could be set back: nothing else must be taken for it.
        hand.over = True


def _bytes(encoded: Any) -> bytes:
    # As JSON, not by `==`: 1 is not True, and no 1.0.
    return _canonical.encode(encoded)
