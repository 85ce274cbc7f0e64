"""The end of a process: what is done then, in a child of multiprocessing too, which ends without `atexit`."""

from __future__ import annotations

import atexit
import os
import sys
from collections.abc import Callable
from functools import wraps
from typing import Any

__all__ = ["at_end", "at_end_of_child", "breaks_off"]

_known: set[tuple[int, Callable[[], object]]] = set()


def at_end(step: Callable[[], object]) -> Callable[[], None]:
    """Decorate what is done when the process ends; of several, what was decorated last is done first.

    A signal that breaks it off, as Ctrl-C does, ends it without a traceback: whoever presses it wants to be out.
    """

    @wraps(step)
    def quietly() -> None:
        breaks_off(step)

    atexit.register(quietly)
    return quietly


def at_end_of_child(step: Callable[[], object]) -> None:
    """Let it be done at the end of this process too if that is a child of multiprocessing; once, however often said.

    Said when something begins that the end is to wait for: before, nothing tells that a process is such a child.

    Args:
        step: What `at_end` has decorated.
    """
    process = sys.modules.get("multiprocessing.process")
    if process is None or process.parent_process() is None or (os.getpid(), step) in _known:
        return
    from multiprocessing.util import Finalize

    _known.add((os.getpid(), step))
    Finalize(None, step, exitpriority=0)


def breaks_off(step: Callable[..., object], *args: Any) -> bool:
    """Do a step of the end, or a part of it; whether a signal, as Ctrl-C, has broken it off.

    A second signal, while `threading.Condition.wait` deals with the first, keeps it from taking its lock again. The
    lock is free then, and the ``with`` around it complains that it can't release it: that too is what a signal did.
    """
    try:
        step(*args)
    except BaseException as error:
        if not _comes_of_signal(error):
            raise
        return True
    return False


def _comes_of_signal(error: BaseException | None) -> bool:
    while error is not None and not isinstance(error, (KeyboardInterrupt, SystemExit)):
        error = error.__context__
    return error is not None
