"""Finding out whether letters could be written, without writing one."""

from __future__ import annotations

import os
import tempfile

from msgspec.structs import replace

from ninelives_file import disk
from ninelives_file.errors import told
from ninelives_file.opened import Where, locking

__all__ = ["try_out"]

# What a file system hands out at once: a disk that has no room for it is full.
_BLOCK = b"\n" * 4096


def try_out(where: Where, timeout: float) -> str:
    """Write a file beside it and remove it; if the file is there, open and lock it as a writer does.

    Args:
        where: The file, which stays as it is.
        timeout: Seconds to wait at most for a process that has it locked.

    Returns:
        What works, in a few words.

    Raises:
        StoreError: What does not, and what to do.
    """
    with told(where.path):
        _write_beside(where)
        if not os.path.exists(where.path):
            return "a file beside it was written and removed; there are no letters yet"
        with locking(replace(where, lock_timeout=min(timeout, where.lock_timeout))):
            return "a file beside it was written and removed; the file can be opened and locked"


def _write_beside(where: Where) -> None:
    # For its owner only, under a name that was not taken.
    descriptor, path = tempfile.mkstemp(prefix=".ninelives-check-", dir=os.path.dirname(os.path.realpath(where.path)))
    try:
        os.unlink(path)  # first, so that nothing is left whenever the program ends
        disk.write_all(descriptor, _BLOCK)
        if where.durable:
            disk.sync(descriptor)
    finally:
        os.close(descriptor)
