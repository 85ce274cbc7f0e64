"""Who holds a letter, as the file says it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from ninelives.dead_letters.leases import lost
from ninelives.dead_letters.moments import moment_of
from ninelives.dead_letters.store import Lease
from ninelives.errors import LetterBusyError
from ninelives.ids import new_id
from ninelives_file.entries import Entry
from ninelives_file.lines import Claim, write
from ninelives_file.view import View

__all__ = ["claim", "refuse_held", "refuse_lost"]


def claim(view: View, entries: Sequence[Entry], now: datetime, seconds: float) -> list[Lease]:
    """Claim these letters, all with one line.

    Raises:
        StoreError: One of them can't be read.
        OSError: The claim can't be written.
    """
    letters = [view.load(entry) for entry in entries]
    if not letters:
        return []
    token, until = new_id(), now + timedelta(seconds=seconds)
    view.write(write(Claim(token, tuple(letter.id for letter in letters), now, until)))
    return [Lease(letter, token, until) for letter in letters]


def refuse_held(view: View, entry: Entry, now: datetime) -> None:
    """Raise a `LetterBusyError` if someone holds the letter."""
    hold = view.index.holds.get(entry.id)
    if hold is not None and hold.holds_at(now.timestamp()):
        end = moment_of(hold.until).isoformat(timespec="seconds")
        raise LetterBusyError(f"{view.file.where}: someone else holds letter {entry.id} until {end}; try again then")


def refuse_lost(view: View, lease: Lease) -> None:
    """Raise a `LeaseLostError` unless this is the letter's last claim."""
    hold = view.index.holds.get(lease.letter.id)
    if hold is None or hold.token != lease.token:
        raise lost(lease, view.file.where)
