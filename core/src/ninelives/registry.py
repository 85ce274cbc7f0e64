"""Which function a letter's operation means. A name in a letter never makes anything be imported."""

from __future__ import annotations

import os
import sys
import weakref
from collections.abc import Callable
from functools import partial
from types import MethodType
from typing import Any

from ninelives.decorating import kind_of
from ninelives.describing import clean_text
from ninelives.errors import ConfigurationError
from ninelives.locks import new_lock

__all__ = ["NOT_REGISTERED", "Registry", "main_module", "operation_of"]

Function = Callable[..., Any]

# The second is what a spawned process of `multiprocessing` calls its parent's.
_MAIN = ("__main__", "__mp_main__")

MAX_SEEN = 1_000
"""How many operations that failed without being registered are remembered."""

NOT_REGISTERED = "is not registered here: decorate it with the pipeline, or call pipeline.register"
"""What is said of an operation that no function is known for."""

MAX_ALIKE = 10
"""How many functions are remembered for one of them; two that live are too many to choose from."""


def operation_of(func: Function) -> str:
    """``module:qualname`` of a function, a method, a partial or a callable object; ``__main__`` under its real name."""
    while isinstance(func, partial):
        func = func.func
    try:
        name, module = getattr(func, "__qualname__", None), getattr(func, "__module__", None)
    except Exception:  # an object that answers so to any question
        name = module = None
    if not isinstance(name, str):
        name, module = type(func).__qualname__, type(func).__module__
    if not isinstance(module, str):
        module = "builtins"
    return clean_text(f"{main_module() if module in _MAIN else module}:{name}")


def main_module() -> str:
    """The name by which another process would import what runs here as ``__main__``."""
    main = sys.modules.get("__main__")
    name = getattr(getattr(main, "__spec__", None), "name", None)
    if isinstance(name, str):
        return name.removesuffix(".__main__")
    # A script has its `__file__` only until its last line has run; its threads and exit handlers go on without it.
    path = getattr(main, "__file__", None) or getattr(getattr(main, "__loader__", None), "path", None)
    return os.path.splitext(os.path.basename(path))[0] if path else "__main__"


class Registry:
    """The functions that a pipeline may run for a letter.

    Those that the program registered are held by their name. One that failed without being registered is remembered
    while the program holds it, and runs letters of this very process only: what a closure or a method's object hides
    is not in the letter.
    """

    def __init__(self) -> None:
        self._registered: dict[str, Function] = {}
        self._seen: dict[str, list[weakref.ref[Any]]] = {}
        self._lock = new_lock()

    def __contains__(self, operation: object) -> bool:
        """Whether the program registered a function of this name."""
        return operation in self._registered

    @property
    def functions(self) -> dict[str, Function]:
        """Those that the program registered, by their operations."""
        return dict(self._registered)

    def register(self, func: Function, name: str | None = None) -> str:
        """Make the function replayable under the name, or ``module:qualname``; the newest of one name counts."""
        if not callable(func):
            raise ConfigurationError(f"register({func!r}): expected a function, or another callable")
        try:
            kind_of(func)
        except TypeError as error:  # a generator function: calling it would run nothing
            raise ConfigurationError(f"register({func!r}): {error}") from error
        if name is not None and (not isinstance(name, str) or not name):
            raise ConfigurationError(f"register({func!r}, {name!r}): expected a name, as text that is not empty")
        operation = operation_of(func) if name is None else clean_text(name)
        self._registered[operation] = func
        return operation

    def remember(self, operation: str, func: Function) -> None:
        """Note that this function failed in this process. Never raises an `Exception`."""
        if operation in self._registered:
            return
        reference = _reference(func)
        if reference is None:
            return
        with self._lock:
            alive = [known for known in self._seen.pop(operation, ()) if known() is not None]
            if not any(_same(known(), func) for known in alive) and len(alive) < MAX_ALIKE:
                alive.append(reference)
            self._seen[operation] = alive
            if len(self._seen) > MAX_SEEN:  # names made at run time: the one that failed longest ago goes
                del self._seen[next(iter(self._seen))]

    def find(self, operation: str, *, same_process: bool) -> Function | str:
        """The function that the operation means; or, as text, why there is none and what to do."""
        if operation in self._registered:
            return self._registered[operation]
        with self._lock:
            references = tuple(self._seen.get(operation, ()))
        known = [func for reference in references if (func := reference()) is not None]
        if not same_process or not known:
            return f"{operation} {NOT_REGISTERED}"
        if len(known) > 1:
            return f"{len(known)} different functions go by {operation}: register the right one with pipeline.register"
        return known[0]  # type: ignore[no-any-return]  # a weak reference does not say what it refers to


def _reference(func: Function) -> weakref.ref[Any] | None:
    try:
        return weakref.WeakMethod(func) if isinstance(func, MethodType) else weakref.ref(func)
    except TypeError:  # it can't be referred to weakly
        return None


def _same(known: Any, func: Any) -> bool:
    # Never `==`: that is the user's to define.
    if isinstance(known, MethodType) and isinstance(func, MethodType):
        return known.__self__ is func.__self__ and known.__func__ is func.__func__
    return known is func
