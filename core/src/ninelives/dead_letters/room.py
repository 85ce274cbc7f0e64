"""Room on the stack for the failure path: a call may fail where its stack is nearly full, often because it is."""

from __future__ import annotations

import sys
from _thread import allocate_lock, start_new_thread
from collections.abc import Callable
from contextvars import ContextVar, copy_context
from typing import Any, TypeVar

__all__ = ["NEEDED", "with_room"]

R = TypeVar("R")

NEEDED = 600
"""How many frames must be free: arguments may be nested a hundred deep, and stores and listeners have stacks too."""

_made: ContextVar[bool] = ContextVar("ninelives_room_made", default=False)


def with_room(func: Callable[..., R], *args: Any) -> R:
    """Call the function; where the stack is nearly full, on a thread of its own, and wait for it.

    It needs two frames itself, fewer than the call that failed had. Within such a thread there is no other: what fills
    its stack too, such as a listener that fails at its own event, does so without end.
    """
    if _made.get():
        return func(*args)
    frame: Any = sys._getframe()  # noqa: SLF001 - the only way, and a documented one
    for _ in range(sys.getrecursionlimit() - NEEDED):
        frame = frame.f_back
        if frame is None:
            return func(*args)
    # The raw primitives: a `Thread` would need half a dozen frames to start.
    done = allocate_lock()
    done.acquire()
    outcome: list[Any] = []
    context = copy_context()
    context.run(_made.set, True)

    def run() -> None:  # pragma: no cover - a raw thread, which coverage is not told of
        try:
            outcome.extend((context.run(func, *args), None))
        except BaseException as error:
            outcome[:] = [None, error]
        finally:
            done.release()

    try:
        start_new_thread(run, ())
    except RuntimeError:  # there can be no more threads
        return func(*args)
    done.acquire()
    result, error = outcome
    if error is not None:
        raise error
    return result  # type: ignore[no-any-return]  # it is what func returned
