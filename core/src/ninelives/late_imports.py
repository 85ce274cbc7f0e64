"""Importing late, in whatever thread: a fork waits until it is done.

A module that another thread is in the middle of importing stays half imported in the child for ever: nobody there goes
on with it, and each later import of it fails.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager

__all__ = ["importing"]

PATIENCE = 1.0
"""Seconds that a fork waits at most: the import may wait for one that the forking thread has begun itself."""

_lock = threading.RLock()
_forking = threading.local()


@contextmanager
def importing() -> Iterator[None]:
    """Around an import that is made at a first use, and so maybe in a thread while another one forks.

    Example:
        >>> with importing():
        ...     from email.message import EmailMessage
    """
    with _lock:
        yield


def _before() -> None:
    _forking.has_waited = _lock.acquire(timeout=PATIENCE)


def _after_in_parent() -> None:
    if _forking.has_waited:
        _lock.release()


def _after_in_child() -> None:
    if _forking.has_waited:
        _lock.release()
    else:
        _lock._at_fork_reinit()  # type: ignore[attr-defined]  # noqa: SLF001 - what `threading` itself does in a child


if hasattr(os, "register_at_fork"):  # pragma: no branch - Windows has no fork
    os.register_at_fork(before=_before, after_in_parent=_after_in_parent, after_in_child=_after_in_child)
