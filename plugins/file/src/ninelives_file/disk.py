"""The few things that are done to a file, each until it is done: on disk when it returns, or as it was before."""

from __future__ import annotations

import os
from contextlib import suppress
from typing import Any

from ninelives_file.locks import fcntl

__all__ = ["append", "read", "sync", "sync_directory", "write_all"]

# macOS: its fsync leaves the data in the drive's own cache.
_FULL_SYNC: Any = getattr(fcntl, "F_FULLFSYNC", None)


def read(descriptor: int, length: int, offset: int) -> bytes:
    """Read so many bytes, or as many as there are."""
    parts: list[bytes] = []
    while length > 0 and (part := os.pread(descriptor, length, offset)):
        parts.append(part)
        length, offset = length - len(part), offset + len(part)
    return b"".join(parts)


def write_all(descriptor: int, data: bytes) -> None:
    """Write all of it: the system may take less at once, where the disk fills up for one."""
    written = os.write(descriptor, data)
    while written < len(data):
        written += os.write(descriptor, memoryview(data)[written:])


def append(descriptor: int, data: bytes, before: int, *, durable: bool) -> None:
    """Write behind the end; if that fails in the middle, the file is as long as before.

    Args:
        descriptor: The open file, locked.
        data: What to write.
        before: How long the file is.
        durable: Whether to sync.

    Raises:
        OSError: It was not written.
    """
    try:
        write_all(descriptor, data)
        if durable:
            sync(descriptor)
    except BaseException:
        with suppress(OSError):
            os.ftruncate(descriptor, before)
        raise


def sync(descriptor: int) -> None:
    """Return when it is on the disk, not only in the system's memory."""
    if _FULL_SYNC is not None:
        with suppress(OSError):  # not every file system has it
            fcntl.fcntl(descriptor, _FULL_SYNC)
            return
    os.fsync(descriptor)


def sync_directory(path: str) -> None:
    """Make a file's name in its directory as durable as the file: after it was made, replaced or linked."""
    descriptor = os.open(os.path.dirname(path), os.O_RDONLY)
    try:
        sync(descriptor)
    finally:
        os.close(descriptor)
