"""Importing late, in whatever thread: a fork waits until it is done.

A module that another thread is in the middle of importing stays half imported in the child for ever: nobody there goes
on with it, and each later import of it fails.

Imports are counted, and do not wait for each other: one that hangs, as on a network's file system that is away, would
hold up every other channel, and a call that fails and is told in its own thread. Two threads that import one module at
once are Python's own to keep apart; it lets one see a module by half only where both are in a circle of imports that
they have entered at different points, and what is imported late here is entered at one point each.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress

__all__ = ["importing", "ready"]

PATIENCE = 1.0
"""Seconds that a fork waits at most: an import may hang, or wait for one that the forking thread has begun itself."""

# One that the same thread can take again: a signal's handler may import, or fork, while it is held.
_lock = threading.RLock()
_changed = threading.Condition(_lock)
_importing: list[int] = []  # threads, once for each import that they are in
_is_ready = False
_is_before_logging = False


@contextmanager
def importing() -> Iterator[None]:
    """Around an import that is made at a first use, and so maybe in a thread while another one forks.

    Example:
        >>> with importing():
        ...     from email.message import EmailMessage
    """
    thread = threading.get_ident()
    with _lock:
        _importing.append(thread)
    try:
        _wait_before_logging()
        yield
    finally:
        with _lock:
            if thread in _importing:  # not where the import has forked: the child has no imports
                _importing.remove(thread)
            _changed.notify_all()


def ready() -> None:
    """Import what it takes to say that a call has failed, before that is said; never raises an `Exception`.

    In a process that has never failed it is not there: the patterns of masking take a while to compile.
    """
    global _is_ready  # noqa: PLW0603 - it holds for the process
    if _is_ready:
        return
    with suppress(Exception), importing():  # while the interpreter ends, nothing can be imported any more
        import ninelives.missing
        import ninelives.redaction
        import ninelives.transient  # noqa: F401 - needed later

        _is_ready = True


def _wait_before_logging() -> None:
    """Let forks wait before logging's own hook takes its lock, which what is imported may want (`getLogger`).

    The hook that is registered last is called first.
    """
    global _is_before_logging  # noqa: PLW0603 - it holds for the process
    if not _is_before_logging:
        import logging  # noqa: F401 - registers its hook

        _is_before_logging = True
        _register()


def _before() -> None:
    _lock.acquire()  # until it is done, so that no import begins meanwhile
    _changed.wait_for(_is_nobody_else, PATIENCE)


def _is_nobody_else() -> bool:
    return set(_importing) <= {threading.get_ident()}


def _after_in_parent() -> None:
    _lock.release()


def _after_in_child() -> None:
    _importing.clear()
    _lock._at_fork_reinit()  # type: ignore[attr-defined]  # noqa: SLF001 - what `threading` itself does in a child


def _register() -> None:
    if hasattr(os, "register_at_fork"):  # pragma: no branch - Windows has no fork
        os.register_at_fork(before=_before, after_in_parent=_after_in_parent, after_in_child=_after_in_child)


_register()
