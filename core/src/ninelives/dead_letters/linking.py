"""The link ``dead_letter``: a call that failed becomes a letter; on a replay its letter is updated instead."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from typing import TYPE_CHECKING, Any

from ninelives.call import Call, is_misuse
from ninelives.dead_letters.in_hand import hand_now
from ninelives.dead_letters.letter import DeadLetter
from ninelives.dead_letters.put_back import hiding_again
from ninelives.dead_letters.retention import Audience
from ninelives.dead_letters.room import with_room
from ninelives.dead_letters.views import lacking_in
from ninelives.errors import CircuitBreakerOpenError
from ninelives.faults import log_fault
from ninelives.middleware.watching import Watcher

if TYPE_CHECKING:
    from ninelives.dead_letters.keeping import Kept
    from ninelives.dead_letters.parts import QueueParts
    from ninelives.middleware.link import Context

__all__ = ["LetterLink", "is_refusal"]


def is_refusal(call: Call, error: BaseException) -> bool:
    """Whether the call was refused before the function ran even once."""
    return isinstance(error, CircuitBreakerOpenError) and call.attempt == 0


class LetterLink:
    """What the queue does in one pipeline: which failures become letters, and of what."""

    def __init__(self, queue: QueueParts, context: Context) -> None:
        self._queue = queue
        self._maker = queue.maker_for(context.pipeline)
        self._keeper = queue.keeper_for(Audience(context.pipeline, context.emit, context.alerts))
        context.alerts.store = queue.stores.store.name
        context.alerts.reprocesses = queue.options.reprocessor is not None

    def watcher(self) -> Watcher:
        """What the link does on failure. An asynchronous call's letter is made in the loop, written by a thread."""
        # A partial, because it has no frame: the stack may be nearly full.
        failed: Callable[[Call, Any], None] = partial(with_room, self._failed)
        return Watcher(failed, self._failed_async, self._caught())

    def _failed(self, call: Call, error: BaseException) -> None:
        with _hiding_nothing(call):
            if (letter := self._letter(call, error)) is not None:
                self._keep(call, letter)

    async def _failed_async(self, call: Call, error: BaseException) -> None:
        with _hiding_nothing(call):
            if (letter := with_room(self._letter, call, error)) is not None:
                import asyncio

                from ninelives.workers import run_in_worker

                try:
                    await run_in_worker(self._keep, call, letter)
                except asyncio.CancelledError:
                    if call.letter_id is None:  # the store has not answered in time, and the program may be ending
                        why = "cancelled before the store answered: it may have it"
                        _note(call, letter, self._keeper.give_up(letter, why))
                    raise

    def _caught(self) -> tuple[type[BaseException], ...]:
        if not self._queue.options.on_cancel:
            return (Exception,)
        from asyncio import CancelledError

        return (Exception, CancelledError, KeyboardInterrupt, SystemExit)

    def _letter(self, call: Call, error: BaseException) -> DeadLetter | None:
        if is_misuse(call, error):
            return None
        if call.letter is not None:
            call.hiding = hiding_again(call.letter)
            return None  # a replay: whoever claimed the letter gives it back, with this error
        if not self._queue.options.on_open and is_refusal(call, error):
            return None
        if self._is_of_hand(call, error):
            return None
        letter = self._maker.of_call(call, error)
        call.fingerprint, call.letter_lacks = letter.fingerprint, lacking_in(letter)
        return letter

    def _is_of_hand(self, call: Call, error: BaseException) -> bool:
        """Whether the call has a letter, being part of its replay; it has failed then, whatever is done about it."""
        hand = hand_now()
        if hand is None or not hand.covers(call):
            return False
        hand.again = self._maker.failure(call, error)
        call.fingerprint, call.hiding = hand.again.fingerprint, hiding_again(hand.letter)
        if call.hiding is not None:
            call.fingerprint = call.hiding.fingerprint(call.fingerprint, hand.again.fingerprint_version)
        call.letter_id, call.letter_place = hand.letter.id, hand.place
        return True

    def _keep(self, call: Call, letter: DeadLetter) -> None:
        self._keeper.keep(letter, partial(_note, call, letter))


def _note(call: Call, letter: DeadLetter, kept: Kept) -> None:
    """Let the call know where its letter is."""
    call.letter_id, call.letter_place, call.letter_missed = letter.id, kept.place, kept.missed


@contextmanager
def _hiding_nothing(call: Call) -> Iterator[None]:
    """What may go wrong in here must not take the place of the call's own error."""
    try:
        yield
    except Exception as problem:
        log_fault("critical", "call %s failed, and it may have no letter", call.id, fault=problem)
