"""The ways of running code through a gate: calling a function, decorating one, a block of code, and step by step."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from contextvars import ContextVar
from types import CoroutineType, TracebackType
from typing import Any, ParamSpec, TypeVar, overload

from ninelives.circuit import Ticket
from ninelives.decorating import decorate, refuse_coroutine, require_awaitable
from ninelives.middleware.gate import Gate, Permit
from ninelives.middleware.guards import around, around_async

__all__ = ["Entrances"]

P = ParamSpec("P")
R = TypeVar("R")
T = TypeVar("T")

# The `with breaker:` blocks that this thread or task is in, innermost last. One for all breakers: a context variable of
# its own for each would never be freed.
_entered: ContextVar[tuple[tuple[Entrances, Permit], ...]] = ContextVar("ninelives_entered", default=())


class Entrances:
    """What a `CircuitBreaker` offers to code that is not in a pipeline."""

    def _use(self, gate: Gate) -> None:
        self._gate = gate
        self._circuit = gate.circuit

    def execute(self, func: Callable[..., R], /, *args: Any, **kwargs: Any) -> R:
        """Call ``func(*args, **kwargs)`` if the circuit lets it, and count how it ends.

        Raises:
            CircuitBreakerOpenError: The circuit refused the call.
            TypeError: `func` is a coroutine function; nothing is counted.
            Exception: What `func` raised, as it is.
        """
        circuit = self._circuit
        generation = circuit.closed_generation
        if not generation:
            with self._gate.admit(func):
                value = func(*args, **kwargs)
                refuse_coroutine(value, instead="aexecute")
                return value
        try:
            value = func(*args, **kwargs)
        except Exception as error:
            self._gate.failed(func, error, Ticket(generation))
            raise
        if type(value) is CoroutineType:
            refuse_coroutine(value, instead="aexecute")
        if circuit.failures:
            self._gate.succeeded(func, Ticket(generation))
        return value

    async def aexecute(self, func: Callable[..., Awaitable[R]], /, *args: Any, **kwargs: Any) -> R:
        """Await ``func(*args, **kwargs)`` if the circuit lets it, and count how it ends.

        Raises:
            CircuitBreakerOpenError: The circuit refused the call.
            TypeError: What `func` returned can't be awaited; nothing is counted.
            Exception: What `func` raised, as it is.
        """
        circuit = self._circuit
        generation = circuit.closed_generation
        if not generation:
            with self._gate.admit(func):
                return await require_awaitable(func(*args, **kwargs), func, instead="execute")
        try:
            awaitable = func(*args, **kwargs)
            if type(awaitable) is not CoroutineType:
                require_awaitable(awaitable, func, instead="execute")
            value = await awaitable
        except Exception as error:
            self._gate.failed(func, error, Ticket(generation))
            raise
        if circuit.failures:
            self._gate.succeeded(func, Ticket(generation))
        return value

    @overload
    def __call__(self, func: classmethod[T, P, R], /) -> classmethod[T, P, R]: ...
    @overload
    def __call__(self, func: staticmethod[P, R], /) -> staticmethod[P, R]: ...
    @overload
    def __call__(self, func: Callable[P, R], /) -> Callable[P, R]: ...
    def __call__(self, func: Any, /) -> Any:
        """Decorate a function or coroutine function: it keeps its name, signature, type and kind; methods too.

        Raises:
            TypeError: It is a generator function, or can't be decorated.
        """
        return decorate(
            func,
            lambda plain: around(self._gate, plain),
            lambda asynchronous: around_async(self._gate, asynchronous),
        )

    def acquire(self) -> Permit:
        """Ask for one call by hand; whoever asks gives the permit back with how it ended.

        Raises:
            CircuitBreakerOpenError: The circuit refuses it.

        Example:
            >>> from ninelives.middleware.breaker import CircuitBreaker
            >>> permit = CircuitBreaker().acquire()
            >>> permit.success()
        """
        return self._gate.admit(None)

    def __enter__(self) -> Permit:
        permit = self.acquire()
        _entered.set((*_entered.get(), (self, permit)))
        return permit

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        blocks = _entered.get()
        for index in reversed(range(len(blocks))):
            owner, permit = blocks[index]
            if owner is self:
                _entered.set(blocks[:index] + blocks[index + 1 :])
                permit.__exit__(kind, error, traceback)
                return
        # Left in another thread or task than it was entered in. Raising would hide the block's own error; the permit
        # says nothing, and its slot comes free when its lease ends.

    async def __aenter__(self) -> Permit:
        return self.__enter__()

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.__exit__(kind, error, traceback)
