"""The link ``dead_letter``: a call that failed becomes a letter; on a replay its letter is updated instead."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from ninelives.call import Call, is_misuse
from ninelives.dead_letters.letter import DeadLetter
from ninelives.errors import CircuitBreakerOpenError
from ninelives.middleware.watching import Watcher

if TYPE_CHECKING:
    from ninelives.dead_letters.queue import DeadLetterQueue
    from ninelives.middleware.link import Context

__all__ = ["LetterLink", "is_refusal"]


def is_refusal(call: Call, error: BaseException) -> bool:
    """Whether the call was refused before the function ran even once."""
    return isinstance(error, CircuitBreakerOpenError) and call.attempt == 0


class LetterLink:
    """What the queue does in one pipeline: which failures become letters, and of what."""

    def __init__(self, queue: DeadLetterQueue, context: Context) -> None:
        self._queue = queue
        self._maker = queue.maker_for(context.pipeline)
        self._keeper = queue.keeper_for(context.emit)

    def watcher(self) -> Watcher:
        """What the link does on failure. An asynchronous call's letter is made in the loop, written by a thread."""
        return Watcher(self._failed, self._failed_async, self._caught())

    def _failed(self, call: Call, error: BaseException) -> None:
        if (letter := self._letter(call, error)) is not None:
            self._keep(call, letter)

    async def _failed_async(self, call: Call, error: BaseException) -> None:
        if (letter := self._letter(call, error)) is not None:
            from ninelives.workers import run_in_worker

            await run_in_worker(self._keep, call, letter)

    def _caught(self) -> tuple[type[BaseException], ...]:
        if not self._queue.options.on_cancel:
            return (Exception,)
        from asyncio import CancelledError

        return (Exception, CancelledError, KeyboardInterrupt, SystemExit)

    def _letter(self, call: Call, error: BaseException) -> DeadLetter | None:
        if is_misuse(call, error):
            return None
        if call.letter is not None:
            return None  # a replay: whoever claimed the letter gives it back, with this error
        if not self._queue.options.on_open and is_refusal(call, error):
            return None
        return self._safely(lambda: self._maker.of_call(call, error)) or self._maker.of_wreck(call, error)

    def _keep(self, call: Call, letter: DeadLetter) -> None:
        kept = self._keeper.keep(letter)
        call.letter_id, call.letter_place = letter.id, kept.place

    @staticmethod
    def _safely(make: Callable[[], DeadLetter]) -> DeadLetter | None:
        try:
            return make()
        except Exception:
            return None
