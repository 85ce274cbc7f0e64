"""How far a drain is."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ninelives.dead_letters.tended import Progress

__all__ = ["Tally"]


class Tally:
    """Counts letters that come home, for whoever looks on.

    Args:
        progress: Is told after each; None: nobody looks.

    Attributes:
        came: How many came home.
    """

    def __init__(self, progress: Callable[[Progress], object] | None = None) -> None:
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
            from ninelives.dead_letters.tended import Progress

            self._progress(Progress(self.came + self._refused, None, self._refused))
