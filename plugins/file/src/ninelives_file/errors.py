"""What the operating system says of a file, as a `StoreError` that names the file and the next step."""

from __future__ import annotations

import errno
from collections.abc import Iterator
from contextlib import contextmanager

from ninelives.errors import StoreError

__all__ = ["told"]

_NEXT = {
    errno.ENOENT: "its directory is missing: make it, or name another place",
    errno.ENOTDIR: "a part of the path is no directory: name another place",
    errno.EISDIR: "it is a directory: name a file in it",
    errno.EACCES: "give this user the right to read and write it and its directory, or name another place",
    errno.EPERM: "give this user the right to read and write it and its directory, or name another place",
    errno.EROFS: "name a place that can be written",
    errno.ENOSPC: "make room on the disk, or name another place",
    errno.EDQUOT: "make room within the quota, or name another place",
    errno.EFBIG: "the file may not grow further: raise the limit (ulimit -f), or name another place",
    errno.ENOLCK: "its file system has no locks: name a place on a local disk",
}


@contextmanager
def told(path: str) -> Iterator[None]:
    """Raise what the operating system says of this file as a `StoreError`."""
    try:
        yield
    except OSError as error:
        hint = _NEXT.get(error.errno or 0, "see that the disk and the file are sound, or name another place")
        raise StoreError(f"dead letter file {path}: {error.strerror or error}; {hint}") from error
