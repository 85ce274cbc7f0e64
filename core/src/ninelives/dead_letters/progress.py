"""How far something is that is done to many letters, and what says that it is to end."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

from msgspec import Struct

__all__ = ["DrainTally", "Progress", "Stop", "Told"]


class Progress(Struct, frozen=True):
    """How far it is.

    Attributes:
        done: How many letters it is through with, whatever came of them.
        total: How many there are in all; None where that is not known.
        failed: How many of them were not done.
    """

    done: int
    total: int | None
    failed: int


Told = Callable[[Progress], object]
"""Whoever is told how far it is."""


class Stop(Protocol):
    """What says that no more is to be begun, as a `threading.Event` does."""

    def is_set(self) -> bool:
        """Whether it says so."""
        ...


class DrainTally:
    """Counts letters that come home from the fallback, for whoever looks on.

    Args:
        progress: Is told after each; None: nobody looks.

    Attributes:
        came: How many came home.
    """

    def __init__(self, progress: Told | None = None) -> None:
        self.came = 0
        self._refused = 0
        self._progress = progress

    def arrived(self) -> None:
        """One came home."""
        self.came += 1
        self._tell()

    def refused(self) -> None:
        """The store refused one for good: it stays."""
        self._refused += 1
        self._tell()

    def _tell(self) -> None:
        if self._progress is not None:
            self._progress(Progress(self.came + self._refused, None, self._refused))
