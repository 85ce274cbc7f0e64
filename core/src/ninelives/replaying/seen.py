"""Which letters a replay has met, where it may meet one twice: two stores may have it, or one delivers it twice."""

from __future__ import annotations

from ninelives.dead_letters.places import Place

__all__ = ["Seen"]


class Seen:
    """Remembers letters, where that is needed: one store that can be searched has each once, however many there are.

    Attributes:
        needed: Whether a letter may be met twice.
        copies: Letters that were met again, and where: what becomes of them is decided at the end.
    """

    def __init__(self) -> None:
        self.needed = False
        self.copies: list[tuple[str, tuple[Place, ...]]] = []
        self._done: dict[str, bool] = {}

    def begin(self, letter_id: str) -> None:
        """It is run."""
        if self.needed:
            self._done[letter_id] = False

    def done(self, letter_id: str) -> None:
        """It was run, and is gone."""
        if self.needed:
            self._done[letter_id] = True

    def has_begun(self, letter_id: str) -> bool:
        """Whether it was begun before, whatever came of it."""
        return letter_id in self._done

    def is_done(self, letter_id: str) -> bool:
        """Whether it is done."""
        return self._done.get(letter_id, False)
