"""The ends of a process, and the beginning of a forked one: what its centers do then."""

from __future__ import annotations

import os
import time
from typing import Protocol
from weakref import WeakSet

from ninelives.ends import at_end, at_end_of_child, breaks_off
from ninelives.workers import FLUSH_SECONDS

__all__ = ["leave_at_end_of_child", "register"]


class _Leaves(Protocol):
    def leave(self, timeout: float) -> None: ...
    def reset(self) -> None: ...


_all: WeakSet[_Leaves] = WeakSet()


def register(center: _Leaves) -> None:
    """Let it `leave` when the process ends, and `reset` in a child made by a fork."""
    _all.add(center)


def leave_at_end_of_child() -> None:
    """Let all of them `leave` at the end of a child of multiprocessing too."""
    at_end_of_child(_leave)


@at_end
def _leave() -> None:
    end = time.monotonic() + FLUSH_SECONDS
    for center in list(_all):
        if breaks_off(center.leave, max(end - time.monotonic(), 0.0)):
            end = 0.0  # whoever waits wants to be out: what is not sent goes to the log
            breaks_off(center.leave, 0.0)


def _after_fork() -> None:
    for center in list(_all):
        center.reset()


if hasattr(os, "register_at_fork"):  # pragma: no branch - Windows has no fork
    os.register_at_fork(after_in_child=_after_fork)
