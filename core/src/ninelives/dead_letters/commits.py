"""Group commit: what several threads want to have written is written together, for the price of one."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from threading import Lock
from typing import Any, Generic, TypeVar
from weakref import WeakSet

from ninelives.locks import new_lock

__all__ = ["GroupCommit"]

T = TypeVar("T")


class _Waiting(Generic[T]):
    """An item, and what became of it; one that was withdrawn is not to be committed."""

    __slots__ = ("done", "error", "item", "withdrawn")

    def __init__(self, item: T) -> None:
        self.item = item
        self.done = self.withdrawn = False
        self.error: Exception | None = None


class _Batch(Generic[T]):
    """Items that are committed together, by the first of their threads that comes through the gate.

    The gate is a lock because nothing that interrupts a thread keeps it from freeing one: so nobody waits for ever.
    """

    __slots__ = ("gate", "waiting")

    def __init__(self) -> None:
        self.gate = Lock()  # a forked child forgets it
        self.waiting: list[_Waiting[T]] = []

    @property
    def left(self) -> list[_Waiting[T]]:
        """Those that are still to be committed."""
        # Not where the lock is held: from a jump back in a comprehension there, Python 3.13 frees no lock when it is
        # interrupted, as the jump is in no exception table.
        return [one for one in self.waiting if not (one.done or one.withdrawn)]


class GroupCommit(Generic[T]):
    """Brings together what several threads add while one of them is committing.

    It has no thread of its own: the first that comes while another commits waits for its turn, and then commits for all
    that have come meanwhile. Alone, an item is committed at once.

    Args:
        commit: Makes all of these durable, or raises and leaves none of them. It is never run by two threads at once.
        common: What it raises when the cause is no single item, such as a lock that is not to be had: then all of the
            batch get this error, and none is tried alone.

    Example:
        >>> written = []
        >>> GroupCommit(written.extend).add("a letter")
        >>> written
        ['a letter']
    """

    def __init__(
        self,
        commit: Callable[[Sequence[T]], None],
        *,
        common: type[Exception] | tuple[type[Exception], ...] = (),
    ) -> None:
        self._commit = commit
        self._common = common
        self._turn = new_lock()
        self._lock = new_lock()
        self._next: _Batch[T] | None = None
        _all.add(self)

    def add(self, item: T) -> None:
        """Return when the item is committed.

        Raises:
            Exception: What `commit` raised for this item. Where it raises for several, each of them is tried alone,
                unless the error is `common` to them.
            BaseException: This thread was interrupted: whether the item was committed is not known. Where it was
                committing for others, another of these does it, for some perhaps once more.
        """
        if self._next is None and not self._turn.locked():  # nobody to wait for, and nobody waits
            with self._turn:
                self._commit((item,))
            return
        mine = _Waiting(item)
        try:
            with self._lock:
                batch = self._next = self._next or _Batch()
                batch.waiting.append(mine)
            with batch.gate:
                if not mine.done:
                    self._lead(batch)
        except BaseException:
            mine.withdrawn = True
            raise
        if mine.error is not None:
            try:
                raise mine.error
            finally:
                mine.error = None  # which leads here: neither is to keep the other alive

    def _lead(self, batch: _Batch[T]) -> None:
        """Commit what is left of a batch."""
        with self._turn:
            with self._lock:
                if self._next is batch:
                    self._next = None  # who comes from now on is in the next one
            self._commit_all(batch.left)

    def _commit_all(self, batch: Sequence[_Waiting[T]]) -> None:
        try:
            self._commit([one.item for one in batch])
        except Exception as error:
            if len(batch) > 1 and not isinstance(error, self._common):
                for one in batch:
                    self._commit_all([one])
                return
            for one in batch:
                one.error = error
        for one in batch:
            one.done = True


_all: WeakSet[GroupCommit[Any]] = WeakSet()


def _forget_waiting() -> None:  # pragma: no cover - runs in forked children, whose tests end without telling coverage
    """What other threads of the parent wait for is theirs to commit."""
    for commits in tuple(_all):
        commits._next = None  # noqa: SLF001 - a part of it


if hasattr(os, "register_at_fork"):  # pragma: no branch - Windows has no fork
    os.register_at_fork(after_in_child=_forget_waiting)
