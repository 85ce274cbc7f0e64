"""Making the file of a database: private, and with nothing beside it that is of one that is gone."""

from __future__ import annotations

import os
import stat
from contextlib import suppress
from importlib import import_module
from importlib.util import find_spec
from typing import Any

from ninelives.errors import StoreError
from ninelives.ids import new_id

__all__ = ["make"]

fcntl: Any = import_module("fcntl") if find_spec("fcntl") else None  # Windows has none, and deletes no open file


def make(path: str) -> None:
    """Make an empty file where there is none, for its owner only.

    Args:
        path: Of no symbolic link.

    Raises:
        StoreError: What is there is no file.
        OSError: It can't be made.
    """
    if fcntl is not None and not os.path.exists(path):
        _clear(path)
    with suppress(FileExistsError):
        os.close(os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600))
    if not stat.S_ISREG(os.stat(path).st_mode):
        raise StoreError(f"dead letter database {path}: it is no regular file; name another place", transient=False)


def _clear(path: str) -> None:
    """Take away what a database that was deleted has left beside it.

    A process that still has that one open and one with the new one would share the index of the log (``-shm``), each
    with a log of its own. The old log stays, under another name: the database may only have been moved.
    """
    try:
        index = os.open(f"{path}-shm", os.O_RDWR)
    except FileNotFoundError:
        return
    try:
        fcntl.flock(index, fcntl.LOCK_EX)
        if _is_left_over(path, index):  # else another process has cleared the place meanwhile
            with suppress(FileNotFoundError):
                os.rename(f"{path}-wal", f"{path}-wal.{new_id()}")
            os.unlink(f"{path}-shm")  # last: whoever finds none finds the place clear
    finally:
        os.close(index)


def _is_left_over(path: str, index: int) -> bool:
    """Whether an open index still has its name and no database."""
    try:
        return os.path.samestat(os.fstat(index), os.stat(f"{path}-shm")) and not os.path.exists(path)
    except FileNotFoundError:
        return False
