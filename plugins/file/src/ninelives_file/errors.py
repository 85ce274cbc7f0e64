"""What the operating system says of a file, as a `StoreError` that names the file and the next step."""

from __future__ import annotations

import errno

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


class told:  # noqa: N801 - it reads as the verb that it is: with told(path)
    """Raises what the operating system says of this file as a `StoreError`."""

    def __init__(self, path: str) -> None:
        self._path = path

    def __enter__(self) -> None:
        return

    def __exit__(self, _kind: object, error: BaseException | None, _traceback: object) -> None:
        if isinstance(error, OSError):
            hint = _NEXT.get(error.errno or 0, "see that the disk and the file are sound, or name another place")
            raise StoreError(f"dead letter file {self._path}: {error.strerror or error}; {hint}") from error
