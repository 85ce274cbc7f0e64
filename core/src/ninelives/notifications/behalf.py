"""Knowing that code runs on behalf of a delivery: what fails there must not become a notification."""

from __future__ import annotations

from collections.abc import Callable
from contextvars import ContextVar
from functools import wraps
from threading import current_thread, main_thread
from typing import ParamSpec, TypeVar

__all__ = ["ends_program", "is_delivering", "on_behalf"]

P = ParamSpec("P")
R = TypeVar("R")

_delivering: ContextVar[bool] = ContextVar("ninelives_delivering", default=False)


def is_delivering() -> bool:
    """Whether this code runs on behalf of a delivery: what fails here must not become a notification."""
    return _delivering.get()


def on_behalf(func: Callable[P, R]) -> Callable[P, R]:
    """Let `is_delivering` be true while the function runs."""

    @wraps(func)
    def guarded(*args: P.args, **kwargs: P.kwargs) -> R:
        before = _delivering.get()
        try:  # before it is set: a signal handler may raise just after that
            _delivering.set(True)
            return func(*args, **kwargs)
        finally:
            _delivering.set(before)

    return guarded


def ends_program(error: BaseException) -> bool:
    """Whether what a channel or a listener has raised is to end the program, and so is none of its own errors.

    What does that, as Ctrl-C, comes to the main thread only: elsewhere it is an error like any other.
    """
    return not isinstance(error, Exception) and current_thread() is main_thread()
