"""What is kept in memory of each line of the file."""

from __future__ import annotations

import sys

from msgspec import Struct

from ninelives.dead_letters.letter import DeadLetter, LetterFilter
from ninelives.dead_letters.paging import Position

__all__ = ["Bad", "Entry", "Hold"]


class Entry(Struct, gc=False):
    """A letter: where its line is, and what filters, groups and retention ask for most."""

    id: str
    offset: int
    length: int
    created: float
    first_failed: float
    last_failed: float
    expires: float | None
    state: str
    pipeline: str | None
    operation: str | None
    fingerprint: str | None
    fingerprint_version: int
    error_type: str

    @classmethod
    def of(cls, letter: DeadLetter, offset: int, length: int) -> Entry:
        """The entry of a letter whose line is there."""
        created = letter.created.timestamp()
        return cls(
            id=letter.id,
            offset=offset,
            length=length,
            created=created,
            first_failed=created if letter.first_failed == letter.created else letter.first_failed.timestamp(),
            last_failed=created if letter.last_failed == letter.created else letter.last_failed.timestamp(),
            expires=None if letter.expires is None else letter.expires.timestamp(),
            state=sys.intern(letter.state),
            pipeline=_shared(letter.pipeline),
            operation=_shared(letter.operation),
            fingerprint=_shared(letter.fingerprint),
            fingerprint_version=letter.fingerprint_version,
            error_type=sys.intern(letter.error.type if letter.error is not None else ""),
        )

    @property
    def position(self) -> Position:
        """Where it stands among the letters, oldest first."""
        return self.created, self.id

    def fits(self, wanted: LetterFilter) -> bool:
        """Whether it is what the filter means, as far as can be said without tags and text."""
        return (
            (wanted.ids is None or self.id in wanted.ids)
            and wanted.pipeline in (None, self.pipeline)
            and wanted.operation in (None, self.operation)
            and wanted.fingerprint in (None, self.fingerprint)
            and wanted.state in (None, self.state)
            and wanted.error_type in (None, self.error_type, self.error_type.rpartition(".")[2])
            and (wanted.since is None or self.last_failed >= wanted.since.timestamp())
            and (wanted.until is None or self.last_failed < wanted.until.timestamp())
        )


class Hold(Struct, gc=False, frozen=True):
    """Who holds a letter, and from when to when, in seconds since 1970."""

    token: str
    taken: float
    until: float

    def holds_at(self, now: float) -> bool:
        """Whether the claim holds at that moment."""
        return self.taken <= now < self.until


class Bad(Struct, gc=False):
    """A line that can't be read."""

    offset: int
    length: int
    why: str


def _shared(text: str | None) -> str | None:
    return None if text is None else sys.intern(text)
