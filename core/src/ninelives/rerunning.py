"""What a pipeline has for its letters: to run them again. The engine is imported when that is asked for."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any, cast

from ninelives.chain import replays_by_itself

if TYPE_CHECKING:
    from ninelives.dead_letters.who import Who
    from ninelives.pipeline import Pipeline
    from ninelives.recovery import Recovery
    from ninelives.replaying.choice import Stop, What
    from ninelives.replaying.report import ReplayProgress, ReplayReport

__all__ = ["Reruns"]


class Reruns:
    """The methods of a pipeline that run letters again."""

    def _recovering(self, parts: Iterable[Any]) -> Recovery | None:
        """What replays letters by itself, where ``dead_letter`` has the option ``replay``."""
        for part in filter(replays_by_itself, parts):
            from ninelives.recovery import Recovery

            return Recovery(cast("Pipeline", self), getattr(part.options, "rate", None))
        return None

    def replay(
        self,
        what: What = None,
        *,
        rate: float | None = None,
        canary: int | None = None,
        limit: int | None = None,
        concurrency: int = 1,
        dry_run: bool = False,
        stop: Stop | None = None,
        progress: Callable[[ReplayProgress], object] | None = None,
        by: Who | None = None,
    ) -> ReplayReport:
        """Run letters of this pipeline again: claim, run through the chain, confirm.

        What waits when it begins is run once, oldest first; what arrives or fails again meanwhile is not. An open
        circuit ends the run. A crash at any point leaves the letter, or the work done once more: what is done waits at
        most some 50 ms for being recorded. While a call runs its letter's lease is renewed, where the store can.

        Args:
            what: Ids (parked letters too), a filter, or None for all that wait.
            rate: Letters a second that may begin; None: as they come.
            canary: So many are run first; if one of them fails, the others are left.
            limit: At most so many letters are run.
            concurrency: How many run at once: threads; for `areplay` tasks.
            dry_run: Claim and run nothing: tell how many would be run, and which could not be, and why.
            stop: Has ``is_set()``, like `threading.Event`. Once that is true, those in hand are finished and the others
                given back.
            progress: Told how far it is, after each letter; what it raises stops nothing.
            by: Who asks for it: each letter's event says so, and the note of one that fails again. None: nobody by
                hand.

        Returns:
            How many succeeded, failed again, were refused, busy or skipped, and why; why it stopped, if it did.

        Raises:
            ConfigurationError: An option is wrong, or the chain has no ``dead_letter``.
            TypeError: `what` is neither ids nor a filter.
            ValueError: The filter is empty, is of another pipeline, or means parked letters and names none.
            StoreError: The store can't be read.

        Example:
            ``pipeline.replay(LetterFilter(error_type="TimeoutError"), rate=5, canary=1)``
        """
        from ninelives.replaying.begin import replay_of
        from ninelives.replaying.choice import Asked

        asked = Asked(
            rate=rate,
            canary=canary,
            limit=limit,
            concurrency=concurrency,
            dry_run=dry_run,
            stop=stop,
            progress=progress,
            by=by,
        )
        return replay_of(cast("Pipeline", self), what, asked)

    async def areplay(
        self,
        what: What = None,
        *,
        rate: float | None = None,
        canary: int | None = None,
        limit: int | None = None,
        concurrency: int = 1,
        dry_run: bool = False,
        stop: Stop | None = None,
        progress: Callable[[ReplayProgress], object] | None = None,
        by: Who | None = None,
    ) -> ReplayReport:
        """`replay` for asynchronous code and asynchronous functions; synchronous ones run on a thread of ours."""
        from ninelives.replaying.begin import areplay_of
        from ninelives.replaying.choice import Asked

        asked = Asked(
            rate=rate,
            canary=canary,
            limit=limit,
            concurrency=concurrency,
            dry_run=dry_run,
            stop=stop,
            progress=progress,
            by=by,
        )
        return await areplay_of(cast("Pipeline", self), what, asked)
