"""Which function a letter's operation means. A name in a letter never makes anything be imported."""

from __future__ import annotations

import os
import sys
import weakref
from collections.abc import Callable
from functools import partial
from threading import Lock
from typing import Any

from ninelives.errors import ConfigurationError

__all__ = ["Registry", "operation_of"]

Function = Callable[..., Any]


def operation_of(func: Function) -> str:
    """``module:qualname`` of a function, a method, a partial or a callable object; ``__main__`` under its real name."""
    while isinstance(func, partial):
        func = func.func
    owner = func if hasattr(func, "__qualname__") else type(func)
    module = getattr(owner, "__module__", None) or "builtins"
    return f"{_main_module() if module == '__main__' else module}:{owner.__qualname__}"


def _main_module() -> str:
    main = sys.modules.get("__main__")
    spec = getattr(main, "__spec__", None)
    if spec is not None:
        name: str = spec.name
        return name.removesuffix(".__main__")
    path = getattr(main, "__file__", None)
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
        self._lock = Lock()

    def register(self, func: Function, name: str | None = None) -> str:
        """Make the function replayable under the name, or ``module:qualname``; the newest of one name counts."""
        if not callable(func):
            raise ConfigurationError(f"register({func!r}): expected a function, or another callable")
        operation = name or operation_of(func)
        self._registered[operation] = func
        return operation

    def remember(self, operation: str, func: Function) -> None:
        """Note that this function failed in this process."""
        if operation in self._registered:
            return
        reference = _reference(func)
        if reference is None:
            return
        with self._lock:
            alive = [known for known in self._seen.get(operation, ()) if known() is not None]
            if not any(known() == func for known in alive):
                alive.append(reference)
            self._seen[operation] = alive

    def find(self, operation: str, *, same_process: bool) -> Function | str:
        """The function that the operation means; or, as text, why there is none and what to do."""
        if operation in self._registered:
            return self._registered[operation]
        known = [func for reference in self._seen.get(operation, ()) if (func := reference()) is not None]
        if not same_process or not known:
            return f"{operation} is not registered here: decorate it with the pipeline, or call pipeline.register"
        if len(known) > 1:
            return f"{len(known)} different functions go by {operation}: register the right one with pipeline.register"
        return known[0]  # type: ignore[no-any-return]  # a weak reference does not say what it refers to


def _reference(func: Function) -> weakref.ref[Any] | None:
    try:
        return (
            weakref.WeakMethod(func) if hasattr(func, "__self__") and hasattr(func, "__func__") else weakref.ref(func)
        )
    except TypeError:
        return None
