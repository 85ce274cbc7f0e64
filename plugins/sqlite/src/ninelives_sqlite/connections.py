"""Connections to one database, shared by threads, and never by a parent and its child."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from threading import Condition, get_ident
from weakref import WeakSet

from msgspec import Struct

from ninelives.errors import StoreError
from ninelives.locks import new_lock
from ninelives_sqlite.errors import explained
from ninelives_sqlite.opening import Where, identity, open_database
from ninelives_sqlite.schema import empty

__all__ = ["Connections", "Handle"]

_IDLE = 4
"""So many connections stay open for the next use."""

_FORK_WAIT = 5.0
"""Seconds that a fork waits for threads to be done with a database."""

_all: WeakSet[Connections] = WeakSet()


class Handle(Struct, eq=False):
    """A connection, and what is known of it.

    Attributes:
        connection: It.
        file: Which file it is to; None: to none.
        log: The path of its write-ahead log.
        synchronous: How it syncs, as was said last.
        seen: How many rows it had changed when the log's length was looked at; None: that was never.
    """

    connection: sqlite3.Connection
    file: tuple[int, int] | None
    log: str
    synchronous: str = ""
    seen: int | None = None


class Connections:
    """Lends connections to whoever reads or writes, and opens them when there is need.

    SQLite's own account of its locks is copied into a forked child, where it is wrong. So no connection is open while
    the process forks: a fork waits until no thread has one in use, and those that are idle are closed.

    Args:
        where: The database.
    """

    def __init__(self, where: Where) -> None:
        self.where = where
        self._lock = new_lock()
        self._changed = Condition(self._lock)
        self._users: set[int] = set()  # threads: one that was interrupted on its way out is no second one later
        self._idle: list[Handle] = []
        self._forks = 0
        self._unsafe = False
        _all.add(self)

    @contextmanager
    def lent(self, *, create: bool) -> Iterator[Handle]:
        """A connection, for this block only; where there is no database and none is to be made, to an empty one.

        Raises:
            StoreError: It can't be opened, or what is done in the block fails.
        """
        try:
            self._enter()
            handle = self._take(create=create)
            try:
                yield handle
            except sqlite3.Error:
                _close(handle)
                raise
            except BaseException:
                self._give(handle)
                raise
            self._give(handle)
        except (sqlite3.Error, OSError) as error:
            raise explained(error, self.where.path, self.where.timeout) from error
        finally:
            self._leave()

    @contextmanager
    def another(self) -> Iterator[sqlite3.Connection]:
        """One more for who has one already.

        Raises:
            StoreError, OSError, sqlite3.Error: It can't be opened.
        """
        handle = self._take(create=True)
        try:
            yield handle.connection
        finally:
            self._give(handle)

    def close(self) -> None:
        """Close what is idle."""
        with self._lock:
            idle, self._idle = self._idle, []
        for held in idle:
            _close(held)

    def _enter(self) -> None:
        with self._lock:
            if self._forks:
                self._changed.wait_for(lambda: not self._forks)
            if self._unsafe:
                raise StoreError(
                    f"{self.where}: this process was forked while another thread had it in use, and can't use it; "
                    "fork earlier, or start processes with spawn"
                )
            self._users.add(get_ident())

    def _leave(self) -> None:
        with self._lock:
            self._users.discard(get_ident())
            if self._forks:
                self._changed.notify_all()

    def _take(self, *, create: bool) -> Handle:
        file = identity(self.where.path)
        if not create and (file is None or _is_blank(self.where.path)):
            return Handle(empty(), None, "")
        with self._lock:
            fitting = self._idle.pop() if self._idle else None
        if fitting is not None and fitting.file == file:
            return fitting
        if fitting is not None:
            # The file was replaced or deleted: what was open is no longer what goes by this name.
            _close(fitting)
            self.close()
        connection, file = open_database(self.where)
        return Handle(connection, file, f"{os.path.realpath(self.where.path)}-wal")

    def _give(self, held: Handle) -> None:
        with self._lock:
            usable = held.file is not None and not held.connection.in_transaction
            keep = usable and len(self._idle) < _IDLE
            if keep:
                self._idle.append(held)
        if not keep:
            _close(held)

    def before_fork(self) -> None:
        """Wait until nobody uses a connection, and close them all; new users wait until the fork is done."""
        with self._changed:
            self._forks += 1
            self._users.discard(get_ident())  # it is here, not there
            self._unsafe = not self._changed.wait_for(lambda: not self._users, _FORK_WAIT)
        self.close()

    def after_fork(self, *, child: bool) -> None:
        """Let users in again."""
        if child:
            # Of the parent's threads only this one is here.
            self._lock, self._users, self._forks = new_lock(), set(), 1
            self._changed = Condition(self._lock)
        with self._changed:
            self._forks -= 1
            self._unsafe = self._unsafe and child
            self._changed.notify_all()


def _before_fork() -> None:
    for connections in tuple(_all):
        connections.before_fork()


def _after_fork(*, child: bool) -> None:
    for connections in tuple(_all):
        connections.after_fork(child=child)


if hasattr(os, "register_at_fork"):  # pragma: no branch - Windows has no fork
    os.register_at_fork(
        before=_before_fork,
        after_in_parent=lambda: _after_fork(child=False),
        after_in_child=lambda: _after_fork(child=True),
    )


def _is_blank(path: str) -> bool:
    """Whether the file is empty, as `touch` makes it: whoever only looks makes no database of it."""
    return os.path.getsize(path) == 0 and not os.path.exists(f"{os.path.realpath(path)}-wal")


def _close(held: Handle) -> None:
    with suppress(sqlite3.Error):
        held.connection.close()
