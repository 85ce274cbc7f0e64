"""Locks that a forked child finds free: one that another thread of the parent held then would never be released."""

from __future__ import annotations

import os
from threading import Lock
from weakref import WeakSet

__all__ = ["new_lock"]

_locks: WeakSet[Lock] = WeakSet()


def new_lock() -> Lock:
    """A lock for what is never held while the user's code runs, so that no thread forks while it holds it itself."""
    lock = Lock()
    _locks.add(lock)
    return lock


def _free_all() -> None:
    for lock in tuple(_locks):
        lock._at_fork_reinit()  # type: ignore[attr-defined]  # noqa: SLF001 - what `threading` itself does in a child


if hasattr(os, "register_at_fork"):  # pragma: no branch - Windows has no fork
    os.register_at_fork(after_in_child=_free_all)
