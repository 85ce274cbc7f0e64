"""Finding out whether letters could be written, without writing one, and what is in the database."""

from __future__ import annotations

import os
import sqlite3
import stat
import tempfile
from collections.abc import Iterator

from msgspec.structs import replace

from ninelives.dead_letters.letter import SCHEMA
from ninelives_sqlite.database import Database
from ninelives_sqlite.errors import explained
from ninelives_sqlite.opening import Where

__all__ = ["has_reset_fault", "try_out"]

# What a file system hands out at once: a disk that has no room for it is full.
_BLOCK = b"\n" * 4096
_OTHERS = 0o077  # what the group and all others may do

_FIRST_WITH_FAULT, _FIRST_WITHOUT = (3, 7, 0), (3, 51, 3)
_MENDED_BRANCHES = {(3, 44): 6, (3, 50): 7}


def try_out(where: Where, timeout: float) -> str:
    """Write a file beside it and remove it; if the database is there, take the right to write, and count.

    Args:
        where: The database, which stays as it is.
        timeout: Seconds to wait at most for a process that has it locked.

    Returns:
        What works, how many letters there are and how many rows that can't be read, and who else may read them.

    Raises:
        StoreError: What does not, and what to do.
    """
    where = replace(where, timeout=min(timeout, where.timeout))
    try:
        _write_beside(where)
    except OSError as error:
        raise explained(error, where.path, where.timeout) from error
    beside = "a file beside it was written and removed"
    if os.path.exists(where.path):
        works = f"{beside}; the database can be opened and written"
        return "; ".join((works, *_content(where), *_openness(where.path), *_fault()))
    return "; ".join((f"{beside}; there are no letters yet", *_fault()))


def has_reset_fault(version: tuple[int, int, int]) -> bool:
    """Whether this SQLite has the WAL-reset fault.

    Where one connection writes the log back while another begins it anew, the database may be damaged, in a rare case:
    https://sqlite.org/wal.html#walresetbug.
    """
    mended = _MENDED_BRANCHES.get(version[:2])
    return _FIRST_WITH_FAULT <= version < _FIRST_WITHOUT and (mended is None or version[2] < mended)


def _content(where: Where) -> Iterator[str]:
    database = Database(where)
    try:
        with database.writing() as connection:
            statement = "SELECT total(count * (schema <= ?)), total(count * (schema > ?)) FROM kinds"
            letters, bad = map(int, connection.execute(statement, (SCHEMA, SCHEMA)).fetchone())
    finally:
        database.close()
    yield "1 letter is in it" if letters == 1 else f"{letters} letters are in it"
    if bad:
        rows = "1 row" if bad == 1 else f"{bad} rows"
        yield f"{rows} can't be read and stay as they are: SqliteStore.problems() shows them"


def _openness(path: str) -> Iterator[str]:
    mode = stat.S_IMODE(os.stat(path).st_mode)
    if os.name == "posix" and mode & _OTHERS:
        yield f"it is not its owner's alone (mode {mode:04o}): chmod 600 {path}"


def _fault() -> Iterator[str]:
    if has_reset_fault(sqlite3.sqlite_version_info):
        yield (
            f"SQLite {sqlite3.sqlite_version} has the WAL-reset fault, which ninelives keeps clear of: let no other "
            "program write to this file, or upgrade SQLite to 3.51.3, 3.50.7 or 3.44.6"
        )


def _write_beside(where: Where) -> None:
    # For its owner only, under a name that was not taken.
    descriptor, path = tempfile.mkstemp(prefix=".ninelives-check-", dir=os.path.dirname(os.path.realpath(where.path)))
    with open(descriptor, "wb", buffering=0) as file:
        os.unlink(path)  # first, so that nothing is left whenever the program ends
        file.write(_BLOCK)
        if where.durable:
            os.fsync(file.fileno())
