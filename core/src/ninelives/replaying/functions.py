"""Which call runs a letter again, or why none can here."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from msgspec import Struct

from ninelives.call import Call
from ninelives.dead_letters.letter import DeadLetter
from ninelives.dead_letters.put_back import undecodable
from ninelives.dead_letters.views import lack_of, payload_of
from ninelives.decorating import Kind, kind_of

if TYPE_CHECKING:
    from ninelives.clock import Clock
    from ninelives.dead_letters.queue import DeadLetterQueue
    from ninelives.registry import Registry

__all__ = ["Functions"]


class Functions(Struct, frozen=True):
    """The functions that may run a pipeline's letters.

    Attributes:
        pipeline: Whose letters.
        queue: What knows its reprocessor, and how payloads are decoded.
        registry: What the program has registered.
        clock: Tells when a call begins.
        asynchronous: Whether coroutine functions can be awaited.
    """

    pipeline: str
    queue: DeadLetterQueue
    registry: Registry
    clock: Clock
    asynchronous: bool

    def call_for(self, letter: DeadLetter, place: str) -> Call | str:
        """The call that runs the letter, which is in that place; or, as text, why it can't be run here."""
        func = self._function(letter)
        if isinstance(func, str):
            return func
        try:
            args, kwargs = payload_of(letter, self.queue.options.decode)
        except Exception as error:
            return f"its payload {undecodable(letter, error)}"
        call = Call(
            func,
            args,
            kwargs,
            self.clock.monotonic(),
            self.pipeline,
            letter=letter,
            letter_id=letter.id,
            letter_place=place,
            tags=letter.tags,
            given_operation=letter.operation,
        )
        if not self.asynchronous and kind_of(func) is Kind.ASYNC:
            return f"{call.operation} is a coroutine function: use areplay"
        return call

    def _function(self, letter: DeadLetter) -> Callable[..., Any] | str:
        if (lack := lack_of(letter)) is not None:
            return f"its payload {lack}"
        reprocessor = self.queue.options.reprocessor
        if letter.operation is None:
            return reprocessor or "it was sent by hand, and the queue has no reprocessor"
        found = self.registry.find(letter.operation, same_process=self.queue.maker.made_here(letter))
        if isinstance(found, str) and reprocessor is not None:
            return reprocessor
        return found
