"""What a replay is asked for; what means no letters, or more than was said, is refused before anything is claimed."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, Protocol

from msgspec import Struct, structs

from ninelives.checks import Checks
from ninelives.dead_letters.letter import DeadLetter, LetterFilter
from ninelives.dead_letters.who import Who
from ninelives.describing import safe_repr
from ninelives.replaying.report import ReplayProgress

__all__ = ["Asked", "Chosen", "Stop", "What", "chosen_of"]

What = LetterFilter | Iterable[str] | None
"""Ids, a filter, or all that wait."""

Chosen = LetterFilter | list[str]
"""The same, as it is looked for: which of a pipeline's letters, or ids."""


class Stop(Protocol):
    """What can say that a replay is to end: an event of `threading` or `asyncio`, for example."""

    def is_set(self) -> bool:
        """Whether it is to end."""
        ...


class Asked(Struct, frozen=True, kw_only=True):
    """How a replay is to go; `Pipeline.replay` describes each.

    Attributes:
        rate, canary, limit, concurrency, dry_run, stop, progress, by: As there.
        wanted: Which of the chosen letters, where a filter can't say it; None: all of them.
    """

    rate: float | None = None
    canary: int | None = None
    limit: int | None = None
    concurrency: int = 1
    dry_run: bool = False
    stop: Stop | None = None
    progress: Callable[[ReplayProgress], object] | None = None
    by: Who | None = None
    wanted: Callable[[DeadLetter], bool] | None = None

    def is_to_stop(self) -> bool:
        """Whether it is to end now, with letters left."""
        return self.stop is not None and self.stop.is_set()

    def check(self) -> None:
        """Look at every value.

        Raises:
            ConfigurationError: Some are wrong; it names them all.
        """
        checks = Checks("Pipeline.replay")
        if self.rate is not None:
            checks.number("rate", self.rate, above=0)
        for option, least in (("canary", 1), ("limit", 0)):
            if (value := getattr(self, option)) is not None:
                checks.number(option, value, at_least=least, whole=True)
        checks.number("concurrency", self.concurrency, at_least=1, whole=True)
        checks.that(isinstance(self.dry_run, bool), "dry_run", self.dry_run, "True or False")
        stops = self.stop is None or callable(getattr(self.stop, "is_set", None))
        checks.that(stops, "stop", self.stop, "something with is_set(), as threading.Event has it")
        checks.that(self.progress is None or callable(self.progress), "progress", self.progress, "a function")
        checks.that(self.by is None or isinstance(self.by, Who), "by", self.by, "a Who, as Who.here() makes it")
        checks.done()


def chosen_of(what: Any, pipeline: str) -> Chosen:
    """What is to be looked for.

    Raises:
        TypeError: It is neither ids nor a filter.
        ValueError: The filter is empty, is about another pipeline, or means parked letters without naming them.
    """
    if isinstance(what, str):
        return [what]
    if isinstance(what, LetterFilter):
        what.refuse_empty("call replay() without one to say so")
        if what.pipeline not in (None, pipeline):
            raise ValueError(f"letters of pipeline {what.pipeline!r} are run by that pipeline, not by {pipeline!r}")
        if what.state == "parked" and what.ids is None:
            raise ValueError("parked letters are replayed by their ids: pass these, or a filter with ids=")
    elif isinstance(what, Iterable):
        ids = list(what)
        if all(isinstance(one, str) for one in ids):
            return list(dict.fromkeys(ids))
        raise _no_choice(ids)
    elif what is not None:
        raise _no_choice(what)
    chosen = structs.replace(what or LetterFilter(), pipeline=pipeline)
    # Only naming a parked letter replays it.
    return chosen if chosen.ids is not None else structs.replace(chosen, state="waiting")


def _no_choice(what: object) -> TypeError:
    return TypeError(f"replay({safe_repr(what, 80)}): expected ids of letters, a LetterFilter, or nothing for all")
