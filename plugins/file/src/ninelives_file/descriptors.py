"""The descriptors through which the file is reached: one for each action, or one that is kept for the next write."""

from __future__ import annotations

import os
from contextlib import suppress
from weakref import WeakSet

__all__ = ["Kept", "Once"]


class Once:
    """Opens the file for one action.

    Attributes:
        descriptor: What is open; -1: nothing.
    """

    def __init__(self) -> None:
        self.descriptor = -1

    def open(self, path: str, flags: int) -> os.stat_result:
        """Open what the path names, and say what the system knows of it.

        Raises:
            OSError: It can't be opened.
        """
        self.descriptor = os.open(path, flags, 0o600)
        return os.fstat(self.descriptor)

    def done(self) -> None:
        """The action is over."""
        self.close()

    def close(self) -> None:
        """Close what is open."""
        descriptor, self.descriptor = self.descriptor, -1
        if descriptor >= 0:
            os.close(descriptor)


class Kept(Once):
    """Opens the file for the first write, and has it ready for the next; for the thread that has the turn to write.

    A file system sets room aside for a file that grows, and takes it back when nobody has it open for writing any more:
    a write that opens the file anew takes longer to sync (``make bench`` measures it). A forked child closes its copy:
    a lock on that would be its parent's too.
    """

    def __init__(self) -> None:
        super().__init__()
        self._identity = (0, 0)
        _all.add(self)

    def open(self, path: str, flags: int) -> os.stat_result:
        """Have the file that was written to last, whatever the path names by now; with none, open what it names.

        Raises:
            OSError: It can't be opened.
        """
        about = self._known()
        if about is None:
            about = super().open(path, flags)
            self._identity = about.st_ino, about.st_dev
        return about

    def done(self) -> None:
        """The action is over; the file stays open."""

    def _known(self) -> os.stat_result | None:
        """The file that is open; None: there is none, or its descriptor is another's by now.

        A program that becomes a daemon closes every descriptor that it finds, and their numbers go to other files.
        """
        if self.descriptor < 0:
            return None
        try:
            about = os.fstat(self.descriptor)
        except OSError:
            return None
        return about if (about.st_ino, about.st_dev) == self._identity else None

    def __del__(self) -> None:
        if self._known() is not None:
            self.close()


_all: WeakSet[Kept] = WeakSet()


def _close_all() -> None:  # pragma: no cover - runs in forked children, whose tests end without telling coverage
    for kept in tuple(_all):
        with suppress(OSError):
            kept.close()


if hasattr(os, "register_at_fork"):  # pragma: no branch - Windows has no fork
    os.register_at_fork(after_in_child=_close_all)
