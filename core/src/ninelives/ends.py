"""The end of a process: what is done then, in a child of multiprocessing too, which ends without `atexit`."""

from __future__ import annotations

import atexit
import os
import sys
from collections.abc import Callable
from contextlib import suppress
from functools import wraps

__all__ = ["at_end", "at_end_of_child"]

_known: set[tuple[int, Callable[[], object]]] = set()


def at_end(step: Callable[[], object]) -> Callable[[], None]:
    """Decorate what is done when the process ends; of several, what was decorated last is done first.

    A signal that breaks it off, as Ctrl-C does, ends it without a traceback: whoever presses it wants to be out.
    """

    @wraps(step)
    def quietly() -> None:
        with suppress(KeyboardInterrupt, SystemExit):
            step()

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
