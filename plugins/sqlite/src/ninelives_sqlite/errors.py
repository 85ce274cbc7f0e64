"""What SQLite and the operating system say of a database, as a `StoreError` that names the file and the next step."""

from __future__ import annotations

import errno
import os
import sqlite3

from ninelives.errors import LetterTooLargeError, StoreError

__all__ = ["explained"]

_RIGHTS = "give this user the right to read and write it and its directory, or name another place"
_SOUND = "see that the disk and the file are sound, or name another place"
_BROKEN = "move it away with its -wal file and save what `sqlite3 FILE .recover` finds, or name another place"
_NEXT = {
    sqlite3.SQLITE_PERM: _RIGHTS,
    sqlite3.SQLITE_AUTH: _RIGHTS,
    sqlite3.SQLITE_READONLY: _RIGHTS,
    sqlite3.SQLITE_FULL: "make room on the disk, or name another place",
    sqlite3.SQLITE_CORRUPT: _BROKEN,
    sqlite3.SQLITE_NOTADB: "name another place: this file is none of ours and stays as it is",
}
_FOR_GOOD = frozenset({sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB})
_PRIMARY = 0xFF  # what is above says more of the same


def explained(error: sqlite3.Error | OSError, path: str, timeout: float) -> StoreError:
    """What SQLite, or the system, says of this file, as a `StoreError`.

    Args:
        error: What it said.
        path: The database.
        timeout: Seconds that were waited for others.
    """
    if isinstance(error, sqlite3.DataError):
        return LetterTooLargeError(f"dead letter database {path}: {error}; name another place")
    if isinstance(error, OSError):
        return StoreError(f"dead letter database {path}: {error.strerror or error}; {_hint(error, path)}")
    code = getattr(error, "sqlite_errorcode", sqlite3.SQLITE_ERROR) & _PRIMARY
    said = f"dead letter database {path}: {_advice(code, error, path, timeout)}"
    return StoreError(said, transient=code not in _FOR_GOOD)


def _advice(code: int, error: sqlite3.Error, path: str, timeout: float) -> str:
    if code in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED, sqlite3.SQLITE_PROTOCOL):
        return (
            f"another process has had it locked for {timeout:g} s; `fuser {path}` shows which: end it if it hangs, or "
            "try again"
        )
    hint = _place(path) if code == sqlite3.SQLITE_CANTOPEN else _NEXT.get(code, _SOUND)
    return f"{error}; {hint}"


def _hint(error: OSError, path: str) -> str:
    return _NEXT[sqlite3.SQLITE_FULL] if error.errno in (errno.ENOSPC, errno.EDQUOT) else _place(path)


def _place(path: str) -> str:
    """What to do where no database can be opened."""
    folder = os.path.dirname(os.path.realpath(path))
    if os.path.isdir(path):
        return "it is a directory: name a file in it"
    if not os.path.exists(folder):
        return "its directory is missing: make it, or name another place"
    if not os.path.isdir(folder):
        return "a part of the path is no directory: name another place"
    return _RIGHTS
