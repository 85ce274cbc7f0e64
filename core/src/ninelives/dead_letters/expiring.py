"""Purging what has expired: an event each, never silently, and never what someone holds."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

from ninelives.clock import Clock
from ninelives.dead_letters.places import Place, said_of
from ninelives.dead_letters.progress import Progress, Stop, Told
from ninelives.dead_letters.store import Expiring
from ninelives.dead_letters.telling import purged_event
from ninelives.errors import StoreError, UnsupportedError
from ninelives.events import Event

__all__ = ["BATCH", "purge", "purge_expired"]

BATCH = 100
"""How many letters a store purges at once: they are in memory together."""


def purge_expired(
    places: Sequence[Place],
    clock: Clock,
    emit: Callable[[Event], None],
    stop: Stop | None = None,
    progress: Told | None = None,
) -> int:
    """Purge all that has expired by now, waiting or parked, but for what someone holds; an event tells of each letter.

    Args:
        places: The stores. Those that can't expire letters are passed by.
        clock: Tells what has expired.
        emit: Told a `LetterPurged` of each.
        stop: Asked after each batch of `BATCH` letters.
        progress: Told after each batch; `total` is None.

    Returns:
        How many letters were purged.

    Raises:
        UnsupportedError: None of the stores can.
        StoreError: A store failed; it says how many letters were purged all the same.
    """
    able = [place for place in places if isinstance(place.store, Expiring)]
    if not able:
        names = ", ".join(place.name for place in places)
        raise UnsupportedError(f"{names}: deletes nothing by its age when told to; a service does so by its own rules")
    purged = 0
    failures: list[tuple[Place, Exception]] = []
    for batch in _purge_each(able, clock, emit, failures):
        purged += batch
        if progress is not None:
            progress(Progress(purged, None, 0))
        if stop is not None and stop.is_set():
            break
    if failures:
        place, error = failures[0]
        said = f"{purged} letters were purged; {said_of(place, error)}"
        raise StoreError(said, transient=getattr(error, "transient", True)) from error
    return purged


def purge(place: Place, clock: Clock, emit: Callable[[Event], None]) -> Iterator[int]:
    """Purge what has expired, a batch at a time, and give the number of letters in each."""
    store, now, more = place.store, clock.now(), True
    while more and isinstance(store, Expiring):
        letters = store.expire(now, limit=BATCH)
        for letter in letters:
            emit(purged_event(letter, clock.now()))
        more = len(letters) >= BATCH
        yield len(letters)


def _purge_each(
    places: Sequence[Place],
    clock: Clock,
    emit: Callable[[Event], None],
    failures: list[tuple[Place, Exception]],
) -> Iterator[int]:
    """The same in each of them; one that fails keeps no other from being purged."""
    for place in places:
        try:
            yield from purge(place, clock, emit)
        except Exception as error:
            failures.append((place, error))
