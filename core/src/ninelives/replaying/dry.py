"""A replay that runs nothing: how many letters would be run, and which could not be, and why."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from ninelives.dead_letters.claims import store_errors
from ninelives.dead_letters.letter import DeadLetter, LetterFilter
from ninelives.dead_letters.looking import find_in, pages_of
from ninelives.dead_letters.places import Place, said_of
from ninelives.dead_letters.store import Claimable, is_searchable
from ninelives.errors import StoreError, UnsupportedError
from ninelives.replaying.tally import Tally

if TYPE_CHECKING:
    from ninelives.replaying.choice import Asked, Chosen
    from ninelives.replaying.functions import Functions
    from ninelives.replaying.report import ReplayReport

__all__ = ["look_through"]


def look_through(functions: Functions, chosen: Chosen, asked: Asked) -> ReplayReport:
    """Look at the letters, oldest first; nothing is claimed. Whether someone else holds one is not seen so.

    Raises:
        StoreError: None of the stores can be read.
    """
    tally = Tally(functions.pipeline, asked, functions.clock, lambda _event: None)
    report = tally.report
    report.planned = 0
    places = functions.queue.places
    found = _named(chosen, places, tally) if isinstance(chosen, list) else _searched(chosen, places, asked, tally)
    for letter in found:
        if report.planned == asked.limit:
            break
        if asked.is_to_stop():
            report.stopped = "asked to stop"
            break
        call = functions.call_for(letter, "")
        if isinstance(call, str):
            tally.count("skipped", letter.id, call)
        else:
            tally.count("planned", letter.id)
        tally.tell()
    tally.tell()
    report.total = tally.total
    return report


def _named(ids: list[str], places: tuple[Place, ...], tally: Tally) -> Iterator[DeadLetter]:
    tally.listed = len(ids)
    for letter_id in ids:
        try:
            letter = find_in(places, letter_id)
        except StoreError as error:
            tally.count("skipped", letter_id, str(error))
        else:
            yield letter


def _searched(chosen: LetterFilter, places: tuple[Place, ...], asked: Asked, tally: Tally) -> Iterator[DeadLetter]:
    seen: set[str] = set()  # of a letter that is in two stores, the first counts
    problems: list[StoreError] = []
    for place in places:
        try:
            for letter in _all_in(place, chosen):
                if letter.id in seen or not (asked.wanted is None or asked.wanted(letter)):
                    continue
                if len(places) > 1:
                    seen.add(letter.id)
                yield letter
        except StoreError as error:
            problems.append(error)
            tally.report.problems.append(said_of(place, error))
    if len(problems) == len(places):
        raise problems[0]


def _all_in(place: Place, chosen: LetterFilter) -> Iterator[DeadLetter]:
    store = place.store
    if not (is_searchable(store) and isinstance(store, Claimable)):
        raise UnsupportedError(f"{place.name} can't be searched: what would be run is seen when it is run")
    pages = pages_of(place, chosen)
    while True:
        with store_errors(place):
            letters = next(pages, None)
        if letters is None:
            return
        yield from letters
