"""Finding out whether letters could be written, without writing one, and what is in the file."""

from __future__ import annotations

import os
import stat
import tempfile
from collections.abc import Iterator

from msgspec.structs import replace

from ninelives_file import disk
from ninelives_file.access import locking
from ninelives_file.errors import told
from ninelives_file.journal import Journal
from ninelives_file.opened import Where

__all__ = ["try_out"]

# What a file system hands out at once: a disk that has no room for it is full.
_BLOCK = b"\n" * 4096
_OTHERS = 0o077  # what the group and all others may do


def try_out(where: Where, timeout: float) -> str:
    """Write a file beside it and remove it; if the file is there, open and lock it as a writer does, and read it.

    Args:
        where: The file, which stays as it is.
        timeout: Seconds to wait at most for a process that has the file locked.

    Returns:
        What works, how many letters there are and how many lines that can't be read, and who else may read them.

    Raises:
        StoreError: What does not, and what to do.
    """
    where = replace(where, lock_timeout=min(timeout, where.lock_timeout))
    with told(where.path):
        _write_beside(where)
        if not os.path.exists(where.path):
            return "a file beside it was written and removed; there are no letters yet"
        with locking(where):
            pass
        found = (*_content(where), *_openness(where.path))
    return "; ".join(("a file beside it was written and removed; the file can be opened and locked", *found))


def _content(where: Where) -> Iterator[str]:
    with Journal(where).reading() as view:
        letters, bad = len(view.index.letters), len(view.index.bad)
    yield "1 letter is in it" if letters == 1 else f"{letters} letters are in it"
    if bad:
        lines = "1 line" if bad == 1 else f"{bad} lines"
        yield f"{lines} can't be read and stay as they are: FileStore.problems() shows them"


def _openness(path: str) -> Iterator[str]:
    mode = stat.S_IMODE(os.stat(path).st_mode)
    if os.name == "posix" and mode & _OTHERS:
        yield f"it is not its owner's alone (mode {mode:04o}): chmod 600 {path}"


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
