"""How many letters there are, of which kinds, and how old: counted by their groups, not by reading them all."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from datetime import datetime

from msgspec import Struct

from ninelives.dead_letters.groups import groups_of
from ninelives.dead_letters.letter import LetterFilter
from ninelives.dead_letters.looking import MAX_GROUPS
from ninelives.dead_letters.places import Place, said_of
from ninelives.dead_letters.store import Browsable, LetterGroup
from ninelives.errors import StoreError, UnsupportedError

__all__ = ["PlaceStats", "Stats", "stats_of"]


class PlaceStats(Struct, frozen=True, kw_only=True):
    """What one store says.

    Attributes:
        name: Its address, secrets masked.
        letters: How many it has; None if that can't be had.
        problem: Why the letters are not among those that are counted by kind; None: they are.
    """

    name: str
    letters: int | None = None
    problem: str | None = None


class Stats(Struct, frozen=True, kw_only=True):
    """How many letters there are. One that is in two stores counts twice.

    Attributes:
        total: In all stores that say so.
        by_state: By ``waiting`` and ``parked``.
        by_pipeline: By pipeline, the largest first; None: those of no pipeline.
        by_error: By the error's class, the largest first; empty: those without an error.
        oldest: When the first of them failed first; None: there is none, or it is not known.
        newest: When the last of them failed last.
        places: What each store says.
    """

    total: int
    by_state: dict[str, int]
    by_pipeline: dict[str | None, int]
    by_error: dict[str, int]
    oldest: datetime | None
    newest: datetime | None
    places: tuple[PlaceStats, ...]


def stats_of(places: Sequence[Place], chosen: LetterFilter) -> Stats:
    """Count the letters that match.

    Raises:
        StoreError: None of the stores can be counted.
    """
    told: list[PlaceStats] = []
    groups: list[LetterGroup] = []
    problems: list[StoreError] = []
    for place in places:
        try:
            found, said = _counted(place, chosen)
        except StoreError as error:
            problems.append(error)
            found, said = [], PlaceStats(name=place.name, problem=said_of(place, error))
        groups += found
        told.append(said)
    if len(problems) == len(places):
        raise problems[0]
    return _stats(groups, tuple(told))


def _counted(place: Place, chosen: LetterFilter) -> tuple[list[LetterGroup], PlaceStats]:
    try:
        groups = groups_of(place.store, chosen, limit=MAX_GROUPS)
    except UnsupportedError as error:
        if not isinstance(place.store, Browsable):
            raise
        letters = place.store.count(None if chosen.empty else chosen)
        return [], PlaceStats(name=place.name, letters=letters, problem=said_of(place, error))
    return groups, PlaceStats(name=place.name, letters=sum(group.count for group in groups))


def _stats(groups: Sequence[LetterGroup], places: tuple[PlaceStats, ...]) -> Stats:
    parked = sum(group.parked for group in groups)
    pipelines: Counter[str | None] = Counter()
    errors: Counter[str] = Counter()
    for group in groups:
        pipelines[group.pipeline] += group.count
        errors[group.error_type] += group.count
    return Stats(
        total=sum(place.letters or 0 for place in places),
        by_state={"waiting": sum(group.count for group in groups) - parked, "parked": parked},
        by_pipeline=dict(pipelines.most_common()),
        by_error=dict(errors.most_common()),
        oldest=min((group.first for group in groups), default=None),
        newest=max((group.last for group in groups), default=None),
        places=places,
    )
