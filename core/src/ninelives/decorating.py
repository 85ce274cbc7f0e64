"""What kind of function a callable is, and wrapping it so that it keeps its kind, name, signature and type.

Every decorator of ninelives goes through `decorate`, and every step that runs a function of the user's tells a wrong
kind with `KindError`: that is a mistake in the program, so nothing counts it, retries it or stores it.
"""

from __future__ import annotations

import inspect
from collections.abc import Awaitable, Callable, Iterator
from enum import Enum
from functools import partial, update_wrapper
from types import CoroutineType
from typing import Any, ParamSpec, Protocol, TypeVar, overload

from ninelives.checks import shown

__all__ = [
    "Decorator",
    "Kind",
    "KindError",
    "decorate",
    "kind_of",
    "refuse_coroutine",
    "require_awaitable",
    "require_callable",
]

P = ParamSpec("P")
R = TypeVar("R")
T = TypeVar("T")

_NAMES = ("__module__", "__name__", "__qualname__", "__doc__")


class Kind(Enum):
    """How a callable is called."""

    SYNC = "sync"
    ASYNC = "async"


class KindError(TypeError):
    """A function of one kind was given where only the other works: the program's mistake, never counted or retried.

    Attributes:
        call: The pipeline's call that it was given to; None outside of one.
    """

    call: Any = None

    def __reduce__(self) -> tuple[Any, ...]:
        # Without the call: what it holds may be anything, and may not be fit to leave the process.
        return (type(self), self.args)


class Decorator(Protocol):
    """The type of a decorator that gives back what it was given: the same parameters, result and kind."""

    @overload
    def __call__(self, func: classmethod[T, P, R], /) -> classmethod[T, P, R]: ...
    @overload
    def __call__(self, func: staticmethod[P, R], /) -> staticmethod[P, R]: ...
    @overload
    def __call__(self, func: Callable[P, R], /) -> Callable[P, R]: ...


def kind_of(func: Any) -> Kind:
    """Whether calling `func` gives a result or something to await.

    Functions, methods, partials, callable objects and classes are understood, and what ``classmethod`` and
    ``staticmethod`` wrap. A plain function that happens to return a coroutine is SYNC: only calling it would tell.

    Raises:
        TypeError: It is a generator or async generator function, or can't be called at all.

    Example:
        >>> kind_of(len)
        <Kind.SYNC: 'sync'>
    """
    found = Kind.SYNC
    for layer in _layers(func):
        if inspect.isgeneratorfunction(layer) or inspect.isasyncgenfunction(layer):
            raise TypeError(
                f"{_name_of(func)} is a generator function: what it yields comes after the call has returned, where "
                "nothing protects it; protect a function that returns the whole result, or the one that makes each item"
            )
        if inspect.iscoroutinefunction(layer):
            found = Kind.ASYNC
    return found


def decorate(
    func: Any,
    sync: Callable[[Callable[..., Any]], Callable[..., Any]],
    asynchronous: Callable[[Callable[..., Any]], Callable[..., Awaitable[Any]]],
) -> Any:
    """Wrap `func` in what the factory of its kind makes, keeping its name, signature, docs and kind.

    Args:
        func: A function, method, partial or callable object; or the object that ``classmethod`` or ``staticmethod``
            made, whose function is wrapped and which is made anew around it.
        sync: Is given a plain function, and gives a plain one.
        asynchronous: Is given a coroutine function, and gives a coroutine function.

    Raises:
        TypeError: A generator function, a class, or something that can't be called.
    """
    if isinstance(func, (classmethod, staticmethod)):
        return type(func)(decorate(func.__func__, sync, asynchronous))
    if isinstance(func, type):
        raise TypeError(f"{_name_of(func)} is a class, and would be one no longer: decorate its methods instead")
    make = asynchronous if kind_of(func) is Kind.ASYNC else sync
    named = _named(func)
    if named is func:
        return update_wrapper(make(func), func)
    # A partial or an object: the name is another's, and the attributes are its state, of which a copy would go stale.
    wrapper = update_wrapper(make(func), named, assigned=_NAMES, updated=())
    wrapper.__wrapped__ = func
    return wrapper


def require_callable(func: Any) -> None:
    """Say what to pass in place of what is no function, such as a coroutine that was made already.

    Raises:
        KindError: It can't be called.
    """
    if isinstance(func, CoroutineType):
        func.close()
        name = func.__qualname__
        raise KindError(f"{name}(...) was called already: pass the function and its arguments, {name}, ...") from None
    if not callable(func):
        raise KindError(f"{shown(func)} can't be called: pass a function, and its arguments after it") from None


def refuse_coroutine(value: Any, *, instead: str) -> None:
    """Close the coroutine that a synchronous call returned, and say what to use.

    Args:
        value: What the call returned. For speed, callers ask ``type(value) is CoroutineType`` first.
        instead: What to use: ``aexecute``.

    Raises:
        KindError: It is a coroutine.
    """
    if isinstance(value, CoroutineType):
        name = value.__qualname__
        value.close()
        raise KindError(f"{name} is a coroutine function, and nothing awaits it here: use {instead}")


def require_awaitable(value: T, func: Any, *, instead: str) -> T:
    """Give back `value` if it can be awaited.

    Args:
        value: What calling `func` returned.
        func: Named in the error.
        instead: What to use: ``execute``.

    Raises:
        KindError: It can't be awaited.
    """
    if not inspect.isawaitable(value):
        raise KindError(f"{_name_of(func)} returned no awaitable, but {type(value).__name__}: use {instead}")
    return value


def _layers(func: Any) -> Iterator[Any]:
    """The callable, then what it calls: the function in a partial or a method, an object's ``__call__``."""
    if not callable(func) and not isinstance(func, classmethod):
        raise TypeError(f"{func!r} can't be called: decorate the function itself, below @property and the like")
    while True:
        yield func
        if isinstance(func, partial):
            func = func.func
        elif isinstance(func, (classmethod, staticmethod)) or inspect.ismethod(func):
            func = func.__func__
        elif inspect.isroutine(func) or isinstance(func, type):
            return
        else:
            func = type(func).__call__


def _named(func: Any) -> Any:
    """What has the name by which people know this callable: itself, a partial's function, or an object's class."""
    while isinstance(func, partial):
        func = func.func
    return func if hasattr(func, "__name__") else type(func)


def _name_of(func: Any) -> str:
    if isinstance(func, (classmethod, staticmethod)):
        func = func.__func__
    named = _named(func)
    return str(getattr(named, "__qualname__", named.__name__))
