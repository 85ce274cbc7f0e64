"""From what was asked to a replay: of a pipeline's own letters, or of those in another store."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from msgspec import structs

from ninelives.errors import ConfigurationError
from ninelives.replaying.choice import Asked, What, chosen_of
from ninelives.replaying.functions import Functions

if TYPE_CHECKING:
    from ninelives.address import Address
    from ninelives.dead_letters.queue import DeadLetterQueue
    from ninelives.dead_letters.store import DeadLetterStore
    from ninelives.pipeline import Pipeline
    from ninelives.replaying.report import ReplayReport

__all__ = ["areplay_from", "areplay_of", "replay_from", "replay_of"]


def replay_of(pipeline: Pipeline, what: What, asked: Asked, queue: DeadLetterQueue | None = None) -> ReplayReport:
    """Run letters again through a pipeline; `Pipeline.replay` describes what is asked.

    Args:
        pipeline: Whose chain and functions.
        what: Ids, a filter, or None for all that wait.
        asked: How.
        queue: Where the letters are; None: in the pipeline's own.

    Raises:
        ConfigurationError: An option is wrong, or the chain has no ``dead_letter``.
        TypeError: `what` is neither ids nor a filter.
        ValueError: The filter is empty, is of another pipeline, or means parked letters and names none.
        StoreError: No store can be read.
    """
    asked.check()
    chosen = chosen_of(what, pipeline.name)
    functions = _functions(pipeline, queue, asynchronous=False)
    if asked.dry_run:
        from ninelives.replaying.dry import look_through

        return look_through(functions, chosen, asked)
    from ninelives.replaying.run import Run
    from ninelives.replaying.threads import replay

    return replay(Run(functions, chosen, asked, pipeline._emitter.emit), pipeline._enter)  # noqa: SLF001 - one of us


async def areplay_of(
    pipeline: Pipeline, what: What, asked: Asked, queue: DeadLetterQueue | None = None
) -> ReplayReport:
    """`replay_of` for asynchronous code."""
    asked.check()
    chosen = chosen_of(what, pipeline.name)
    functions = _functions(pipeline, queue, asynchronous=True)
    if asked.dry_run:
        from ninelives.replaying.dry import look_through
        from ninelives.workers import run_in_worker

        return await run_in_worker(look_through, functions, chosen, asked)
    from ninelives.replaying.run import Run
    from ninelives.replaying.tasks import areplay

    run = Run(functions, chosen, asked, pipeline._emitter.emit)  # noqa: SLF001 - it is one of us
    return await areplay(run, pipeline._enter, pipeline._enter_async)  # noqa: SLF001 - it is one of us


def replay_from(
    pipeline: Pipeline, store: str | Address | DeadLetterStore, what: What = None, **options: Any
) -> ReplayReport:
    """Run letters of another store through a pipeline: `Pipeline.replay`, which describes the options.

    How letters are run, decoded and parked is said by the pipeline's own ``dead_letter``, if it has one.

    Args:
        pipeline: Whose chain and functions.
        store: Where the letters are: an address, or a store.
        what: Ids, a filter, or None for all of the pipeline's letters that wait there.
        options: As `Pipeline.replay` takes them.

    Raises:
        ConfigurationError: The address or an option is wrong.
    """
    queue = _queue_at(pipeline, store)
    try:
        return replay_of(pipeline, what, Asked(**options), queue)
    finally:
        queue.close()


async def areplay_from(
    pipeline: Pipeline, store: str | Address | DeadLetterStore, what: What = None, **options: Any
) -> ReplayReport:
    """`replay_from` for asynchronous code."""
    queue = _queue_at(pipeline, store)
    try:
        return await areplay_of(pipeline, what, Asked(**options), queue)
    finally:
        await queue.aclose()


def _functions(pipeline: Pipeline, queue: DeadLetterQueue | None, *, asynchronous: bool) -> Functions:
    found = queue or _queue_of(pipeline)
    if found is None:
        raise ConfigurationError(f"pipeline {pipeline.name!r} keeps no letters: its chain has no dead_letter")
    return Functions(pipeline.name, found, pipeline._registry, pipeline._clock, asynchronous)  # noqa: SLF001 - it is one of us


def _queue_of(pipeline: Pipeline) -> DeadLetterQueue | None:
    from ninelives.dead_letters.queue import DeadLetterQueue

    parts = pipeline._parts.values()  # noqa: SLF001 - it is one of us
    return next((part for part in parts if isinstance(part, DeadLetterQueue)), None)


def _queue_at(pipeline: Pipeline, store: Any) -> DeadLetterQueue:
    from ninelives.dead_letters.queue import DeadLetterQueue

    own = _queue_of(pipeline)
    options = {} if own is None else structs.asdict(own.options)
    for of_links_only in ("replay", "rate"):
        options.pop(of_links_only, None)
    queue = DeadLetterQueue(store=store, clock=pipeline._clock, **options)  # noqa: SLF001 - it is one of us
    queue._emit = pipeline._emitter.emit  # noqa: SLF001 - likewise
    return queue
