"""The link ``backoff``, which is also the strategy that works alone: trying again, with growing delays."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable
from random import Random, SystemRandom
from types import CoroutineType
from typing import TYPE_CHECKING, Any, TypeVar

from msgspec.structs import asdict

from ninelives.call import Call
from ninelives.checks import Checks
from ninelives.clock import SYSTEM_CLOCK, Clock, clock_of
from ninelives.decorating import Decorator, decorate, refuse_coroutine
from ninelives.delays import Jitter
from ninelives.emitter import Emitter, listeners_of
from ninelives.given import check_random
from ninelives.matching import AUTO, matcher
from ninelives.middleware.alone import ainnermost, innermost, installed_listeners
from ninelives.middleware.backoff_options import OWNER, BackoffOptions, options_alone
from ninelives.middleware.retrying import Rules, retrying, retrying_async

if TYPE_CHECKING:
    from ninelives.events import Event, Listener
    from ninelives.middleware.link import AsyncNext, Context, Next

__all__ = ["BackoffOptions", "BackoffStrategy", "with_backoff"]

R = TypeVar("R")

# The system's, as a generator of our own would go on alike in all the workers that a server forks.
_RANDOM = SystemRandom()


class BackoffStrategy:
    """Tries a call again while it fails, waiting longer each time.

    A link of a pipeline, and a part that works alone. In a pipeline the last error itself comes out; alone the last
    retry's failure raises `RetryExhaustedError` from it. An error that is not to be tried again comes out itself, as
    does `CircuitBreakerOpenError`: an open circuit inside of the loop ends it at once.

    A service that says ``Retry-After`` is not asked sooner, within `max_delay`. After `max_elapsed` no attempt starts
    and no delay ends; an asynchronous attempt under way is cancelled then, and counts as a `TimeoutError`.

    Args:
        base_delay: Seconds before the first retry, before jitter; doubles with each. None: the environment's
            ``BACKOFF_BASE_DELAY``, then 1.0.
        max_delay: Seconds; no delay is longer. None: ``BACKOFF_MAX_DELAY``, then 60.0.
        max_retries: Attempts after the first: 5 is up to six calls. None: ``BACKOFF_MAX_RETRIES``, then 5.
        retry_exceptions: What is tried again: an exception type, a list of them, a function of the error, or
            ``"auto"``; see `ninelives.matching.matcher`. None: in a pipeline ``"auto"``, alone every `Exception`.
        jitter: How delays spread: ``full``, ``equal``, ``decorrelated`` or ``none``; see `ninelives.delays.delays`.
        max_elapsed: Seconds for all attempts and delays of a call; None: no limit.
        listeners: Are told `RetryScheduled`, beside those of the pipeline or of the installed plugins.
        clock: Where time comes from; None: the pipeline's, alone the system's.
        random: Where chance comes from; None: the pipeline's, alone the system's.

    Raises:
        ConfigurationError: All that is wrong with these and with the environment's variables.

    Example:
        >>> strategy = BackoffStrategy(base_delay=0.5, max_delay=30, max_retries=3)
        >>> strategy.execute(int, "9", retry_exceptions=(OSError,))
        9
    """

    repeats = True
    """A link that calls the next one again: what acts once per call must stand outside of it."""

    def __init__(
        self,
        base_delay: float | None = None,
        max_delay: float | None = None,
        max_retries: int | None = None,
        *,
        retry_exceptions: Any = None,
        jitter: Jitter = "full",
        max_elapsed: float | None = None,
        listeners: Iterable[Listener] = (),
        clock: Clock | None = None,
        random: Random | None = None,
    ) -> None:
        checks = Checks(OWNER)
        clock_of(checks, clock)
        check_random(checks, random)
        self._listeners, self._clock = listeners_of(checks, listeners), clock
        self.options = options_alone(
            {
                "base_delay": base_delay,
                "max_delay": max_delay,
                "max_retries": max_retries,
                "retry_exceptions": retry_exceptions,
                "jitter": jitter,
                "max_elapsed": max_elapsed,
            },
            checks.problems,
        )
        self._random = random
        rules = self._rules_alone(retry_exceptions)
        self._step, self._step_async = retrying(innermost, rules), retrying_async(ainnermost, rules)

    @classmethod
    def as_link(cls, **options: Any) -> BackoffStrategy:
        """The link ``backoff`` of a pipeline, from its options, those of `BackoffOptions`.

        The environment is among them already: what is missing or None has its built-in default.

        Raises:
            ConfigurationError: All that is wrong with the options.
        """
        given = {name: value for name, value in options.items() if value is not None}
        return cls(**asdict(BackoffOptions(**given)))

    def execute(self, func: Callable[..., R], /, *args: Any, retry_exceptions: Any = None, **kwargs: Any) -> R:
        """Call ``func(*args, **kwargs)``, and again while it fails.

        Args:
            func: A plain function; for a coroutine function there is `aexecute`.
            args: Its positional arguments.
            retry_exceptions: What is tried again in this call, in place of the strategy's own. It is not passed on.
            kwargs: Its keyword arguments.

        Raises:
            RetryExhaustedError: From the last error: the retries are spent, or the time.
            Exception: An error that is not to be tried again.
            TypeError: `func` is a coroutine function.
        """
        step = self._step
        if retry_exceptions is not None:
            step = retrying(innermost, self._rules_alone(retry_exceptions, f"{OWNER}.execute(retry_exceptions=)"))
        return self._called(step, func, args, kwargs)  # type: ignore[no-any-return]  # a step returns what func does

    async def aexecute(
        self, func: Callable[..., Awaitable[R]], /, *args: Any, retry_exceptions: Any = None, **kwargs: Any
    ) -> R:
        """Await ``func(*args, **kwargs)``, and again while it fails; otherwise like `execute`.

        Raises:
            RetryExhaustedError: From the last error: the retries are spent, or the time.
            Exception: An error that is not to be tried again.
            TypeError: `func` returned nothing to await.
        """
        step = self._step_async
        if retry_exceptions is not None:
            step = retrying_async(
                ainnermost, self._rules_alone(retry_exceptions, f"{OWNER}.aexecute(retry_exceptions=)")
            )
        return await step(self._call(func, args, kwargs))  # type: ignore[no-any-return]  # likewise

    def wrap(self, call_next: Next, context: Context) -> Next:
        """The synchronous step of a pipeline."""
        return retrying(call_next, self._rules_in(context))

    def wrap_async(self, call_next: AsyncNext, context: Context) -> AsyncNext:
        """The asynchronous step of a pipeline."""
        return retrying_async(call_next, self._rules_in(context))

    def describe(self) -> dict[str, Any]:
        """The options; what is tried again as text."""
        return self.options.described()

    def __repr__(self) -> str:
        return f"{OWNER}({', '.join(f'{name}={value!r}' for name, value in self.describe().items())})"

    def decorate(self, func: Any) -> Any:
        """What `with_backoff` makes of a function."""

        def sync(func: Callable[..., Any]) -> Callable[..., Any]:
            return lambda *args, **kwargs: self._called(self._step, func, args, kwargs)

        def asynchronous(func: Callable[..., Awaitable[Any]]) -> Callable[..., Awaitable[Any]]:
            async def retried(*args: Any, **kwargs: Any) -> Any:
                return await self._step_async(self._call(func, args, kwargs))

            return retried

        return decorate(func, sync, asynchronous)

    def _called(self, step: Next, func: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        value = step(self._call(func, args, kwargs))
        if type(value) is CoroutineType:
            refuse_coroutine(value, instead="aexecute")
        return value

    def _call(self, func: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any]) -> Call:
        return Call(func, args, kwargs, (self._clock or SYSTEM_CLOCK).monotonic(), "")

    def _rules_alone(self, retry_exceptions: Any, place: str = f"{OWNER}(retry_exceptions=)") -> Rules:
        return Rules(
            options=self.options,
            matches=matcher((Exception,) if retry_exceptions is None else retry_exceptions, place=place),
            clock=self._clock or SYSTEM_CLOCK,
            random=self._random or _RANDOM,
            emit=Emitter(self._listeners, installed_listeners).emit,
            alone=True,
        )

    def _rules_in(self, context: Context) -> Rules:
        tried = self.options.retry_exceptions
        own = Emitter(self._listeners)

        def emit(event: Event) -> None:
            context.emit(event)
            own.emit(event)

        return Rules(
            options=self.options,
            matches=matcher(AUTO if tried is None else tried, place=f"{OWNER}(retry_exceptions=)"),
            clock=self._clock or context.clock,
            random=self._random or context.random,
            emit=emit,
            alone=False,
        )


def with_backoff(
    base_delay: float | None = None,
    max_delay: float | None = None,
    max_retries: int | None = None,
    retry_exceptions: Any = None,
    *,
    jitter: Jitter = "full",
    max_elapsed: float | None = None,
    listeners: Iterable[Listener] = (),
    clock: Clock | None = None,
    random: Random | None = None,
) -> Decorator:
    """A decorator that tries the function's calls again: functions, methods and coroutine functions alike.

    Args:
        base_delay: As of `BackoffStrategy`, like all that follow.
        max_delay: Seconds; no delay is longer.
        max_retries: Attempts after the first.
        retry_exceptions: What is tried again; None: every `Exception`.
        jitter: How delays spread.
        max_elapsed: Seconds for all attempts and delays of a call; None: no limit.
        listeners: Are told `RetryScheduled`.
        clock: Where time comes from.
        random: Where chance comes from.

    Raises:
        ConfigurationError: All that is wrong with these and with the environment's variables.

    Example:
        >>> @with_backoff(base_delay=0.5, max_retries=3, retry_exceptions=[OSError])
        ... def fetch(number):
        ...     return number * 2
        >>> fetch(21)
        42
    """
    strategy = BackoffStrategy(
        base_delay,
        max_delay,
        max_retries,
        retry_exceptions=retry_exceptions,
        jitter=jitter,
        max_elapsed=max_elapsed,
        listeners=listeners,
        clock=clock,
        random=random,
    )
    return strategy.decorate
