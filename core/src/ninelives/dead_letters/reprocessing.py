"""One letter and the queue's reprocessor: what comes before and after, whichever way the reprocessor is called."""

from __future__ import annotations

from collections.abc import Callable
from types import CoroutineType
from typing import Any

from msgspec import Struct

from ninelives.call import Call
from ninelives.dead_letters.claims import Claimed
from ninelives.dead_letters.in_hand import Hand, held
from ninelives.dead_letters.put_back import undecodable
from ninelives.dead_letters.views import lack_of, payload_of
from ninelives.decorating import Kind, KindError, kind_of, refuse_coroutine
from ninelives.errors import CircuitBreakerOpenError

__all__ = ["Reprocessing", "Reprocessor"]


class Reprocessing:
    """A letter that is about to be run.

    Args:
        claimed: The letter.
        func: The reprocessor.
        decode: The inverse of what encoded the payload.

    Attributes:
        args, kwargs: What the reprocessor is given.
        hand: The letter, known while it runs.
    """

    def __init__(self, claimed: Claimed, func: Callable[..., Any], decode: Callable[[Any], Any] | None) -> None:
        self._claimed = claimed
        self._func = func
        self.args, self.kwargs = payload_of(claimed.letter, decode)
        self.hand: Hand = claimed.hand(*self.args, *self.kwargs.values())

    def returned(self) -> bool:
        """The reprocessor returned: done, unless the letter came to a queue again meanwhile."""
        if self.hand.again is None:
            self._claimed.confirm()
            return True
        self._claimed.fail(self.hand.again)
        return False

    def raised(self, error: Exception) -> bool:
        """The reprocessor raised: back with the error and the count; uncounted where a circuit refused the work."""
        if isinstance(error, CircuitBreakerOpenError):
            self._claimed.give_back()
        else:
            call = Call(self._func, self.args, {}, 0.0, "", attempt=1)
            self._claimed.fail(self._claimed.maker.failure(call, error))
        return False

    def interrupted(self) -> None:
        """It is not known what came of it: back as it was."""
        self._claimed.give_back()


class Reprocessor(Struct, frozen=True):
    """The function that runs a queue's letters again, and what it takes to run it.

    Attributes:
        func: Synchronous or asynchronous.
        claim: Claims the letter of an id.
        decode: The inverse of what encoded the payload.
    """

    func: Callable[..., Any]
    claim: Callable[[str], Claimed]
    decode: Callable[[Any], Any] | None

    def run(self, letter_id: str, instead: str = "areprocess_message") -> bool:
        """Run it on one letter; whether the letter is done. `instead` is what works where this does not."""
        if kind_of(self.func) is Kind.ASYNC:
            raise KindError(f"the reprocessor is a coroutine function: use {instead}")
        run = self._begin(letter_id)
        if run is None:
            return False
        try:
            with held(run.hand):
                result = self.func(*run.args, **run.kwargs)
        except Exception as error:
            return run.raised(error)
        except BaseException:
            run.interrupted()
            raise
        if isinstance(result, CoroutineType):
            run.interrupted()
            refuse_coroutine(result, instead=instead)
        return run.returned()

    async def arun(self, letter_id: str) -> bool:
        """The same for asynchronous code: what blocks is done on a thread of ours."""
        from ninelives.workers import run_in_worker, submit

        if kind_of(self.func) is Kind.SYNC:
            return await run_in_worker(self.run, letter_id, "a reprocessor made with async def")
        run = await run_in_worker(self._begin, letter_id, undo=_give_back)
        if run is None:
            return False
        try:
            with held(run.hand):
                await self.func(*run.args, **run.kwargs)
        except Exception as error:
            return await run_in_worker(run.raised, error)
        except GeneratorExit:  # the coroutine is being closed, and may await nothing more
            submit(run.interrupted)
            raise
        except BaseException:
            await run_in_worker(run.interrupted)
            raise
        return await run_in_worker(run.returned)

    def _begin(self, letter_id: str) -> Reprocessing | None:
        """The letter, ready to be run; None if its payload is not whole, and then it is back as it was."""
        claimed = self.claim(letter_id)
        letter = claimed.letter
        if (why := lack_of(letter)) is None:
            try:
                return Reprocessing(claimed, self.func, self.decode)
            except Exception as error:
                why = undecodable(letter, error)
        claimed.give_back()
        _warn("letter %s was not run again: its payload %s", letter.id, why)
        return None


def _warn(text: str, letter_id: str, why: str) -> None:
    import logging

    from ninelives.redaction import redact_text

    logging.getLogger("ninelives").warning(text, letter_id, redact_text(why))


def _give_back(run: Reprocessing | None) -> None:
    if run is not None:
        run.interrupted()
