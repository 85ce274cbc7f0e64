"""Running letters through the pipeline of a program, whichever kinds of functions it has."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

import click

from ninelives.dead_letters.letter import LetterFilter
from ninelives.dead_letters.who import Who
from ninelives.decorating import Kind, kind_of
from ninelives.inspecting import functions_of
from ninelives_cli.dlq.apps import import_modules, load
from ninelives_cli.dlq.aside import aside
from ninelives_cli.dlq.filters import Chosen
from ninelives_cli.dlq.signals import Interrupted
from ninelives_cli.dlq.where import Where

if TYPE_CHECKING:
    from ninelives.pipeline import Pipeline
    from ninelives.replaying.choice import What
    from ninelives.replaying.report import ReplayReport

__all__ = ["letters_of", "pipeline_of", "run"]


def letters_of(chosen: Chosen) -> What:
    """The letters that are meant, as a replay is told.

    Raises:
        click.UsageError: They are parked, and not named by their ids.
    """
    if isinstance(chosen.what, LetterFilter) and chosen.what.state == "parked":
        raise click.UsageError("parked letters are run by their ids only: name them, or 'ninelives dlq unpark' them")
    return None if chosen.all_letters else chosen.what


def pipeline_of(where: Where, modules: Iterable[str]) -> Pipeline:
    """The pipeline of the program, once these modules are imported too.

    Raises:
        ConfigurationError: There is no such module or pipeline.
        click.UsageError: No program is named, or another pipeline than its own.
    """
    if where.app is None:
        raise click.UsageError(
            "replaying runs functions of your program, which no configuration has: "
            "say --app MODULE:PIPELINE, as in --app shop.tasks:pipeline"
        )
    pipeline = load(where.app)
    import_modules(modules)
    if where.pipeline not in (None, pipeline.name):
        raise click.UsageError(
            f"the pipeline of --app is {pipeline.name!r}: it runs its own letters, not those of {where.pipeline!r}"
        )
    return pipeline


def run(pipeline: Pipeline, store: str | None, what: What, **how: Any) -> ReplayReport:
    """Replay letters. What functions print goes to stderr: stdout is for what came of it.

    Args:
        pipeline: Whose functions run them.
        store: The address of the store where they are; None: in the pipeline's own.
        what: Which letters.
        how: What else `Pipeline.replay` takes.

    Raises:
        ConfigurationError: The pipeline keeps no letters, or the store's address is wrong.
        StoreError: The store can't be read.
        click.ClickException: A function has ended the program, as by ``sys.exit``.
    """
    how["by"] = Who.here(click.get_current_context().command_path)
    try:
        return _run(pipeline, store, what, how)
    except Interrupted:
        raise
    except SystemExit as error:  # whatever its status: not all was done
        said = (
            f"a function has ended the program (SystemExit: {error.code}): its letter is back, and the rest as it was"
        )
        raise click.ClickException(said) from error


def _run(pipeline: Pipeline, store: str | None, what: What, how: dict[str, Any]) -> ReplayReport:
    from ninelives.replaying.begin import areplay_from, replay_from

    with aside():
        if not _is_asynchronous(pipeline):
            return pipeline.replay(what, **how) if store is None else replay_from(pipeline, store, what, **how)
        # It runs functions of both kinds.
        again = pipeline.areplay(what, **how) if store is None else areplay_from(pipeline, store, what, **how)
        return asyncio.run(again)


def _is_asynchronous(pipeline: Pipeline) -> bool:
    return any(kind_of(func) is Kind.ASYNC for func in functions_of(pipeline).values())
