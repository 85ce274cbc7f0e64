"""One writer at a time, among threads and processes: a kernel lock on an open descriptor of the file itself.

``flock``, not ``lockf``: that one is dropped as soon as any descriptor of the file is closed anywhere in the process.
The kernel frees a lock when its holder dies, however it dies.
"""

from __future__ import annotations

import time
from importlib import import_module
from importlib.util import find_spec
from typing import Any

from ninelives.errors import StoreError

__all__ = ["LockedError", "lock", "unlock"]

fcntl: Any = import_module("fcntl") if find_spec("fcntl") else None  # Windows has none
_FIRST_PAUSE, _LONGEST_PAUSE = 0.0002, 0.01


class LockedError(StoreError):
    """Others had the file locked all the while."""


def lock(descriptor: int, path: str, *, exclusive: bool, timeout: float, since: float) -> None:
    """Lock an open file; closing the descriptor frees it.

    Args:
        descriptor: The open file.
        path: Its name, for the error.
        exclusive: For writing; else others may read at the same time.
        timeout: How many seconds to wait for those who have it: a stopped process may have it for ever.
        since: When the waiting began, by `time.monotonic`.

    Raises:
        LockedError: Others had it all the while.
        StoreError: This system has no such locks.
        OSError: The file system has no locks.
    """
    if fcntl is None:
        raise StoreError(
            f"dead letter file {path}: this system has no flock, which keeps processes apart; name another store",
            transient=False,
        )
    kind = fcntl.LOCK_EX if exclusive else fcntl.LOCK_SH
    # Real time whatever clock the store has: a fake one would not hasten the process that has the lock.
    end, pause = since + timeout, _FIRST_PAUSE
    while True:
        try:
            fcntl.flock(descriptor, kind | fcntl.LOCK_NB)
        except BlockingIOError:
            if time.monotonic() >= end:
                raise _taken(path, timeout) from None
        else:
            return
        time.sleep(pause)
        pause = min(pause * 2, _LONGEST_PAUSE)


def unlock(descriptor: int) -> None:
    """Free the lock and keep the file open."""
    fcntl.flock(descriptor, fcntl.LOCK_UN)


def _taken(path: str, timeout: float) -> LockedError:
    return LockedError(
        f"dead letter file {path}: others have had it locked for {timeout:g} s; `fuser {path}` shows which "
        "process: end it if it hangs, or try again"
    )
