"""Trying again: what one call's retries remember, and the loops, synchronous and asynchronous, that go by it."""

from __future__ import annotations

import math
from collections.abc import Callable
from random import Random
from types import TracebackType
from typing import TYPE_CHECKING, Any, NoReturn

from msgspec import Struct

from ninelives.deadline import AsyncDeadline, Deadline
from ninelives.delays import delays
from ninelives.describing import safe_message, type_name
from ninelives.errors import CircuitBreakerOpenError, RetryExhaustedError
from ninelives.middleware.retry_events import tell_retry
from ninelives.transient import classify

if TYPE_CHECKING:
    from datetime import datetime

    from ninelives.call import Call
    from ninelives.clock import Clock
    from ninelives.events import Event
    from ninelives.matching import Matches
    from ninelives.middleware.backoff_options import BackoffOptions
    from ninelives.middleware.link import AsyncNext, Next

__all__ = ["Rules", "retrying", "retrying_async"]

_MOST_ATTEMPTS = 10  # in a letter


class Rules(Struct, frozen=True, eq=False):
    """By what calls are tried again; the same for all calls of a step.

    Attributes:
        options: Delays, retries and limits.
        matches: Which errors are worth trying again.
        clock, random: Where time and chance come from.
        emit: Tells the listeners an event.
        alone: Whether this is no link of a pipeline: when the retries are spent, that is the error.
    """

    options: BackoffOptions
    matches: Matches
    clock: Clock
    random: Random
    emit: Callable[[Event], None]
    alone: bool


def retrying(call_next: Next, rules: Rules) -> Next:
    """The step that tries `call_next` again by the rules. A success costs a ``try``, and the limit if there is one."""

    def attempt(call: Call) -> Any:
        try:
            return call_next(call)
        except Exception as error:
            tries = _Tries(rules, call)
            delay = tries.after(error)
            if delay is None:
                raise
        return _again(call_next, call, tries, delay)

    def attempt_within(limit: float) -> Next:
        return lambda call: _again(call_next, call, _Tries(rules, call, Deadline(rules.clock, limit)))

    limit = rules.options.max_elapsed
    return attempt if limit is None else attempt_within(limit)


def retrying_async(call_next: AsyncNext, rules: Rules) -> AsyncNext:
    """The same for asynchronous calls; the limit, if there is one, cuts off the attempt in hand."""

    async def attempt(call: Call) -> Any:
        try:
            return await call_next(call)
        except Exception as error:
            tries = _Tries(rules, call)
            delay = tries.after(error)
            if delay is None:
                raise
        return await _again_async(call_next, call, tries, delay)

    def attempt_within(limit: float) -> AsyncNext:
        async def attempt(call: Call) -> Any:
            deadline = AsyncDeadline(rules.clock, limit)

            async def cut_off(call: Call) -> Any:
                with deadline:
                    return await call_next(call)

            return await _again_async(cut_off, call, _Tries(rules, call, deadline))

        return attempt

    limit = rules.options.max_elapsed
    return attempt if limit is None else attempt_within(limit)


# Both loops wait outside of the handler: an error raised inside it would have the one before as its context.


def _again(call_next: Next, call: Call, tries: _Tries, delay: float | None = None) -> Any:
    try:
        while True:
            if delay is not None:
                tries.clock.sleep(delay)
                tries.woken()
            try:
                return call_next(call)
            except Exception as error:
                delay = tries.after(error)
                if delay is None:
                    raise
    finally:
        tries.forget()


async def _again_async(call_next: AsyncNext, call: Call, tries: _Tries, delay: float | None = None) -> Any:
    try:
        while True:
            if delay is not None:
                await tries.clock.asleep(delay)
                tries.woken()
            try:
                return await call_next(call)
            except Exception as error:
                delay = tries.after(error)
                if delay is None:
                    raise
    finally:
        tries.forget()


class _Tries:
    """What one call's retries remember; made at its first failure, so that a success pays nothing for it."""

    def __init__(self, rules: Rules, call: Call, deadline: Deadline | None = None) -> None:
        self.clock = rules.clock
        self._rules = rules
        self._call = call
        self._deadline = deadline
        self._options = options = rules.options
        self._delays = delays(options.base_delay, options.max_delay, options.jitter, rules.random)
        self._failures = 0
        self._last: Exception | None = None
        self._last_traceback: TracebackType | None = None

    def after(self, error: Exception) -> float | None:
        """Seconds to wait before the next attempt; None if the error is to come out.

        Raises:
            RetryExhaustedError: From the error: the retries are spent, outside of a pipeline.
        """
        self._failures += 1
        self._without_earlier_raises(error)
        # The function did not run: that is no attempt, and waiting here would only hold up what the circuit protects.
        if isinstance(error, CircuitBreakerOpenError):
            return None
        now = self.clock.now()
        self._note(error, now)
        # What was cut off is not asked: the time is spent, whatever is to be tried again.
        if not (self._was_cut_off() or self._rules.matches(error)):
            return None
        delay = self._next_delay(error, now)
        if delay is None:
            if self._rules.alone:
                raise self._exhausted() from error
            return None
        tell_retry(self._rules.emit, self._call, error, now, delay, alone=self._rules.alone)
        self._last, self._last_traceback = error, error.__traceback__
        return delay

    def woken(self) -> None:
        """Let the last error out if the wait took so long that the time is up."""
        if self._last is None or self._remaining() > 0:
            return
        if self._rules.alone:
            raise self._exhausted() from self._last
        _raise_again(self._last)

    def forget(self) -> None:
        """Let go of the last error, which holds the frames that hold this."""
        self._last = self._last_traceback = None

    def _next_delay(self, error: Exception, now: datetime) -> float | None:
        if self._failures > self._options.max_retries:
            return None
        delay = next(self._delays)
        told = classify(error, now=now).retry_after
        if told is not None:
            delay = min(max(delay, told), self._options.max_delay)
        return delay if delay < self._remaining() else None

    def _remaining(self) -> float:
        return math.inf if self._deadline is None else self._deadline.remaining

    def _was_cut_off(self) -> bool:
        return self._deadline is not None and self._deadline.cut

    def _exhausted(self) -> RetryExhaustedError:
        return RetryExhaustedError(self._call.attempt, self.clock.monotonic() - self._call.started)

    def _note(self, error: Exception, now: datetime) -> None:
        """Write the failed attempt down in the call, for the letter that it may become."""
        if self._call.attempts is None:
            self._call.attempts = []
        self._call.attempts.append((now, type_name(error), safe_message(error)))
        del self._call.attempts[:-_MOST_ATTEMPTS]

    def _without_earlier_raises(self, error: Exception) -> None:
        """Cut the traceback of an error that the function keeps and raises each time: Python lets it grow each time."""
        if error is not self._last:
            return
        entry = error.__traceback__
        while entry is not None and entry.tb_next is not self._last_traceback:
            entry = entry.tb_next
        if entry is not None:
            entry.tb_next = None


def _raise_again(error: Exception) -> NoReturn:
    """Raise an error whose handler has been left, as if it had not: its context as it was, our frame in it once."""
    context = error.__context__
    try:
        raise error.with_traceback(error.__traceback__ and error.__traceback__.tb_next)
    finally:
        error.__context__ = context
        del error
