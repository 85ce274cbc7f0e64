"""The one note of ours on an error that comes out of a pipeline."""

from __future__ import annotations

from contextlib import suppress

__all__ = ["PREFIX", "note"]

PREFIX = "ninelives: "


def note(error: BaseException, attempts: int, elapsed: float, letter_id: str | None, place: str | None) -> None:
    """Say on the error how often it was tried and where its letter is, in place of what we said of it before.

    An error that takes no notes is left alone.
    """
    times = "attempt" if attempts == 1 else "attempts"
    text = f"{PREFIX}{attempts} {times} in {elapsed:.3g} s"
    if letter_id is not None:
        text += f"; dead letter {letter_id} in {place}"
    with suppress(Exception):
        notes = getattr(error, "__notes__", None)
        if isinstance(notes, list):
            notes[:] = [known for known in notes if not (isinstance(known, str) and known.startswith(PREFIX))]
        error.add_note(text)
