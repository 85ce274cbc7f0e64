"""What a breaker puts around a call: a link's step and a decorator's wrapper, each synchronous and asynchronous.

Four forms that say the same, because every call goes through one: while the circuit is closed and nothing has failed
there is no lock, no object and no clock, but one number read before the call and one after. A bare ``raise`` lets the
error go with its traceback as it is.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from types import CoroutineType
from typing import TYPE_CHECKING, Any

from ninelives.circuit import Ticket
from ninelives.decorating import refuse_coroutine
from ninelives.middleware.gate import Gate

if TYPE_CHECKING:
    from ninelives.call import Call
    from ninelives.middleware.link import AsyncNext, Next

__all__ = ["around", "around_async", "step", "step_async"]

_INSTEAD = "aexecute, or decorate the coroutine function itself"


def step(gate: Gate, call_next: Next) -> Next:
    """The step of a chain."""
    circuit = gate.circuit

    def breaker(call: Call) -> Any:
        generation = circuit.closed_generation
        if not generation:
            with gate.admit(call):
                return call_next(call)
        try:
            value = call_next(call)
        except Exception as error:
            gate.failed(call, error, Ticket(generation))
            raise
        if circuit.failures:
            gate.succeeded(call, Ticket(generation))
        return value

    return breaker


def step_async(gate: Gate, call_next: AsyncNext) -> AsyncNext:
    """The step of an asynchronous chain."""
    circuit = gate.circuit

    async def breaker(call: Call) -> Any:
        generation = circuit.closed_generation
        if not generation:
            with gate.admit(call):
                return await call_next(call)
        try:
            value = await call_next(call)
        except Exception as error:
            gate.failed(call, error, Ticket(generation))
            raise
        if circuit.failures:
            gate.succeeded(call, Ticket(generation))
        return value

    return breaker


def around(gate: Gate, func: Callable[..., Any]) -> Callable[..., Any]:
    """A function that calls `func` if the circuit lets it."""
    circuit = gate.circuit

    def breaker(*args: Any, **kwargs: Any) -> Any:
        generation = circuit.closed_generation
        if not generation:
            with gate.admit(func):
                return _plain(func(*args, **kwargs))
        try:
            value = func(*args, **kwargs)
        except Exception as error:
            gate.failed(func, error, Ticket(generation))
            raise
        if type(value) is CoroutineType:
            _plain(value)
        if circuit.failures:
            gate.succeeded(func, Ticket(generation))
        return value

    return breaker


def around_async(gate: Gate, func: Callable[..., Awaitable[Any]]) -> Callable[..., Awaitable[Any]]:
    """A coroutine function that calls the coroutine function `func` if the circuit lets it."""
    circuit = gate.circuit

    async def breaker(*args: Any, **kwargs: Any) -> Any:
        generation = circuit.closed_generation
        if not generation:
            with gate.admit(func):
                return await func(*args, **kwargs)
        try:
            value = await func(*args, **kwargs)
        except Exception as error:
            gate.failed(func, error, Ticket(generation))
            raise
        if circuit.failures:
            gate.succeeded(func, Ticket(generation))
        return value

    return breaker


def _plain(value: Any) -> Any:
    refuse_coroutine(value, instead=_INSTEAD)
    return value
