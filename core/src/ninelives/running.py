"""Running one call through a folded chain, and what has to be done around it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from inspect import isawaitable
from types import CoroutineType
from typing import TYPE_CHECKING, Any

from ninelives.call import Call, _current, is_doubled, is_misuse
from ninelives.decorating import KindError, refuse_coroutine, require_awaitable, require_callable
from ninelives.describing import type_name
from ninelives.errors import ConfigurationError
from ninelives.faults import never_raises
from ninelives.late_imports import ready
from ninelives.middleware.watching import tell, tell_async
from ninelives.notes import note

if TYPE_CHECKING:
    from ninelives.clock import Clock
    from ninelives.emitter import Emitter
    from ninelives.folding import Folded
    from ninelives.middleware.link import AsyncNext, Next
    from ninelives.registry import Registry

__all__ = ["Finish", "calling", "calling_async", "innermost", "innermost_async", "refusing", "runner", "runner_async"]


def innermost(call: Call) -> Any:
    """The last step of a synchronous chain: the function itself."""
    call.attempt += 1
    try:
        value = call.func(*call.args, **call.kwargs)
    except TypeError:
        _require_function(call)
        raise
    if type(value) is CoroutineType:
        try:
            refuse_coroutine(value, instead="arun")
        except KindError as error:
            error.call = call
            raise
    return value


async def innermost_async(call: Call) -> Any:
    """The last step of an asynchronous chain: the function itself."""
    call.attempt += 1
    try:
        value = call.func(*call.args, **call.kwargs)
    except TypeError:
        _require_function(call)
        raise
    if type(value) is not CoroutineType and not isawaitable(value):
        try:
            require_awaitable(value, call.func, instead="run")
        except KindError as error:
            error.call = call
            raise
    return await value


def _require_function(call: Call) -> None:
    try:
        require_callable(call.func)
    except KindError as error:
        error.call = call
        raise


class Finish:
    """What is done when a call has ended: its note, its event, and what replay and nested pipelines need to know.

    Args:
        pipeline: The pipeline's name.
        clock: Tells the time.
        emitter: Tells the listeners.
        registry: Remembers which function failed.
    """

    def __init__(self, pipeline: str, clock: Clock, emitter: Emitter, registry: Registry) -> None:
        self._pipeline = pipeline
        self._clock = clock
        self._emitter = emitter
        self._registry = registry
        # The same function that a call's begin was read from, whatever a test does to the clock meanwhile.
        self.monotonic = clock.monotonic
        from ninelives.events import CallSucceeded

        self.tells_success = emitter.wants(CallSucceeded)

    def succeeded(self, call: Call) -> None:
        """The call returned a fallback's value; or its own, and a listener asks for successes."""
        if call.error is not None:
            self._tell_failure(call, call.error)
            if not call.for_outcome:
                call.error = None  # its traceback holds the frames that hold the call: a ring that would linger
        else:
            from ninelives.events import CallSucceeded

            self._emitter.emit(
                CallSucceeded(
                    at=self._clock.now(),
                    pipeline=self._pipeline,
                    call_id=call.id,
                    operation=call.operation,
                    attempts=call.attempt,
                    elapsed=self.elapsed(call),
                )
            )

    def failed(self, call: Call, error: BaseException, outer: Any) -> None:
        """The call raised `error`; `outer` is the call of another pipeline that it was made in, if there is one."""
        if not isinstance(error, Exception) or is_misuse(call, error):
            return
        call.nested = None  # likewise
        if isinstance(outer, Call) and call.letter_id is not None:
            outer.nested = (error, call.letter_id)
        note(error, call.attempt, self.elapsed(call), call.letter_id, call.letter_place)
        self._tell_failure(call, error)

    def elapsed(self, call: Call) -> float:
        """Seconds from the call's begin to its failure, or until now."""
        return (self.monotonic() if call.ended is None else call.ended) - call.started

    @never_raises("that a call has failed could not be told of")
    def _tell_failure(self, call: Call, error: BaseException) -> None:
        ready()
        from ninelives.redaction import redact_text  # late: its patterns take a while to compile

        self._registry.remember(call.operation, call.func)
        from ninelives.events import CallFailed

        self._emitter.emit(
            CallFailed(
                at=self._clock.now(),
                pipeline=self._pipeline,
                call_id=call.id,
                operation=call.operation,
                attempts=call.attempt,
                elapsed=self.elapsed(call),
                error_type=type_name(error),
                error_message=redact_text(call.said_by(error)),
                letter_id=call.letter_id,
            )
        )


def runner(chain: Folded[Next], finish: Finish) -> Callable[[Call], Any]:
    """What runs a call through the chain, with `current_call` set."""
    # Locals of a closure: looked up faster than attributes, on a path that every call takes.
    step, watchers, monotonic = chain.step, chain.watchers, finish.monotonic
    enter, leave, tells_success = _current.set, _current.reset, finish.tells_success

    def run(call: Call) -> Any:
        token = enter(call)
        try:
            value = step(call)
        except BaseException as error:
            call.ended = monotonic()  # before what is done about it takes time of its own
            tell(watchers, call, error)
            finish.failed(call, error, token.old_value)
            raise
        finally:
            leave(token)
        if tells_success or call.error is not None:
            finish.succeeded(call)
        return value

    return run


def runner_async(chain: Folded[AsyncNext], finish: Finish) -> Callable[[Call], Awaitable[Any]]:
    """The same for asynchronous calls."""
    step, watchers, monotonic = chain.step, chain.watchers, finish.monotonic
    enter, leave, tells_success = _current.set, _current.reset, finish.tells_success

    async def run(call: Call) -> Any:
        token = enter(call)
        try:
            value = await step(call)
        except BaseException as error:
            call.ended = monotonic()
            try:
                await tell_async(watchers, call, error)
            finally:  # cancelled meanwhile: it has failed all the same
                finish.failed(call, error, token.old_value)
            raise
        finally:
            try:  # noqa: SIM105 - a `with` takes time in every call
                leave(token)
            except ValueError:  # closed in another context than it ran in; what was set there has ended with it
                pass
        if tells_success or call.error is not None:
            finish.succeeded(call)
        return value

    return run


def calling(
    enter: Callable[[Call], Any], monotonic: Callable[[], float], pipeline: str, func: Callable[..., Any]
) -> Callable[..., Any]:
    """What stands in for a decorated function: each of its calls is one of the pipeline."""
    current = _current.get

    def run(*args: Any, **kwargs: Any) -> Any:
        outer = current()
        if outer is not None and is_doubled(outer, pipeline, func):
            return func(*args, **kwargs)
        return enter(Call(func, args, kwargs, monotonic(), pipeline))

    return run


def calling_async(
    enter: Callable[[Call], Awaitable[Any]], monotonic: Callable[[], float], pipeline: str, func: Callable[..., Any]
) -> Callable[..., Awaitable[Any]]:
    """What stands in for a decorated coroutine function."""
    current = _current.get

    async def run(*args: Any, **kwargs: Any) -> Any:
        outer = current()
        if outer is not None and is_doubled(outer, pipeline, func):
            return await func(*args, **kwargs)
        return await enter(Call(func, args, kwargs, monotonic(), pipeline))

    return run


def refusing(error: ConfigurationError) -> Callable[[Call], Awaitable[Any]]:
    """What stands in for a chain that could not be folded: each call is told why."""

    async def refuse(_call: Call) -> Any:
        raise ConfigurationError(*error.args)

    return refuse
