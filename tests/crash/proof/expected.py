"""What has to be in a store, by what was written down of it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from ninelives.dead_letters.letter import DeadLetter, encode_letter
from proof.ledger import Note

__all__ = ["Expected", "Record", "record_of"]

Record = bytes | None
"""A letter as it is written; None: it is not there."""


def record_of(letter: DeadLetter | None) -> Record:
    return None if letter is None else encode_letter(letter)


class Expected:
    """What one store has to hold; what an operation that never returned would have changed may be so or so.

    Attributes:
        pending: Operations that had begun and not returned.
        held: Until when each letter is held for certain.
    """

    def __init__(self, letters: Iterable[DeadLetter] = ()) -> None:
        self.pending: dict[int, Note] = {}
        self.held: dict[str, float] = {}
        self._records: dict[str, set[Record]] = {one.id: {record_of(one)} for one in letters}
        self._last: dict[str, int] = {}  # the operation that began last to change a letter, or to hold it
        self._open: set[str] = set()  # letters of which two operations were about at once: held, or not

    def read(self, notes: Iterable[Note]) -> None:
        """Take in what was written of this store."""
        for note in notes:
            self._end(note) if note.done else self._begin(note)

    def __iter__(self) -> Iterator[str]:
        """Every letter of which something was written."""
        begun = (letter_id for note in self.pending.values() for letter_id in note.letters)
        return iter(dict.fromkeys([*self._records, *begun]))

    def allows(self, letter_id: str) -> set[Record]:
        """What the letter may be."""
        known = self._records.get(letter_id, {None})
        begun = (note.letters[letter_id] for note in self.pending.values() if letter_id in note.letters)
        return known | {record_of(letter) for letter in begun}

    def is_free(self, letter_id: str) -> bool:
        """Whether nobody can hold the letter."""
        return letter_id not in self.held and not self._is_open(letter_id)

    def is_held(self, letter_id: str) -> bool:
        """Whether somebody must hold the letter."""
        return letter_id in self.held and not self._is_open(letter_id)

    def _is_open(self, letter_id: str) -> bool:
        return letter_id in self._open or any(
            note.touches is None or letter_id in note.touches for note in self.pending.values()
        )

    def _begin(self, note: Note) -> None:
        self.pending[note.number] = note
        for letter_id in (*note.letters, *(note.touches or ())):
            self._last[letter_id] = note.number

    def _end(self, note: Note) -> None:
        del self.pending[note.number]
        if note.refused:
            return
        for letter_id, letter in note.letters.items():
            before = set() if self._last.get(letter_id) == note.number else self._records.get(letter_id, {None})
            self._records[letter_id] = before | {record_of(letter)}
        for letter_id in note.held if note.touches is None else note.touches:
            self._settle(note, letter_id)

    def _settle(self, note: Note, letter_id: str) -> None:
        """Whether it is held, where no later operation has said so already."""
        alone = note.touches is None or self._last.get(letter_id) == note.number
        self._last[letter_id] = note.number
        (self._open.discard if alone else self._open.add)(letter_id)
        self.held.pop(letter_id, None)
        if letter_id in note.held:
            self.held[letter_id] = note.held[letter_id]
