"""One writer at a time, among threads and processes: a kernel lock on an open descriptor of the file itself.

``flock``, not ``lockf``: that one is dropped as soon as any descriptor of the file is closed anywhere in the process.
The kernel frees a lock when its holder dies, however it dies.
"""

from __future__ import annotations

import time

from ninelives.errors import StoreError

__all__ = ["lock", "unlock"]

_FIRST_PAUSE, _LONGEST_PAUSE = 0.0002, 0.01


def lock(descriptor: int, path: str, *, exclusive: bool, timeout: float) -> None:
    """Lock an open file; closing the descriptor frees it.

    Args:
        descriptor: The open file.
        path: Its name, for the error.
        exclusive: For writing; else others may read at the same time.
        timeout: How many seconds to wait for those who have it: a stopped process may have it for ever.

    Raises:
        StoreError: Others had it all the while, or this system has no such locks.
        OSError: The file system has no locks.
    """
    try:
        import fcntl
    except ImportError:
        raise StoreError(
            f"dead letter file {path}: this system has no flock, which keeps processes apart; name another store",
            transient=False,
        ) from None
    kind = fcntl.LOCK_EX if exclusive else fcntl.LOCK_SH
    # Real time whatever clock the store has: a fake one would not hasten the process that has the lock.
    end, pause = time.monotonic() + timeout, _FIRST_PAUSE
    while True:
        try:
            return fcntl.flock(descriptor, kind | fcntl.LOCK_NB)
        except BlockingIOError:
            if time.monotonic() >= end:
                raise _taken(path, timeout) from None
        time.sleep(pause)
        pause = min(pause * 2, _LONGEST_PAUSE)


def unlock(descriptor: int) -> None:
    """Free the lock and keep the file open."""
    import fcntl

    fcntl.flock(descriptor, fcntl.LOCK_UN)


def _taken(path: str, timeout: float) -> StoreError:
    return StoreError(
        f"dead letter file {path}: another process has had it locked for {timeout:g} s; `fuser {path}` shows which: "
        "end it if it hangs, or try again"
    )
