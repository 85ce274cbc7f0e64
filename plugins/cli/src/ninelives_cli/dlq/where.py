"""Which store a command works on: the options ``--store``, ``--pipeline`` and ``--app``."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import TYPE_CHECKING, Any

import click
from msgspec import Struct

from ninelives_cli.completion import pipelines

if TYPE_CHECKING:
    from ninelives.dead_letters.desk import Desk
    from ninelives.dead_letters.queue import DeadLetterQueue

__all__ = ["Where", "refuse_memory", "something", "where_options"]

Command = Callable[..., Any]


def something(text: str) -> str:
    """The type of an option that must say something: nothing is what is left of a shell's variable that is not set.

    Raises:
        click.BadParameter: It is empty.
    """
    if not text.strip():
        raise click.BadParameter("it is empty")
    return text


def refuse_memory(name: str) -> None:
    """See that the store of this name or address, where letters are to go, lasts longer than this very process.

    Raises:
        click.UsageError: It is its memory.
    """
    if name.partition(":")[0].strip().lower() == "memory":
        raise click.UsageError(
            f"{name} ends with this command, and letters that go there would too: name a store that lasts"
        )


class Where(Struct, frozen=True):
    """Where the letters are that a command is about.

    Attributes:
        store: The store's address; None: as the others say.
        pipeline: The pipeline whose letters are meant; without `store` also the one whose store is used.
        app: ``module:pipeline``, a program's own pipeline, whose store is used where there is no `store`.
    """

    store: str | None = None
    pipeline: str | None = None
    app: str | None = None

    def queue(self) -> DeadLetterQueue:
        """The queue that is meant, with its fallback and park where a pipeline has them; closed in the end.

        Where nobody said which store is meant, stderr says which it is.

        Raises:
            ConfigurationError: The address or the configuration is wrong, or there is no such app.
            click.UsageError: Nothing says which of several stores is meant.
        """
        if self.store is not None:
            from ninelives.dead_letters.queue import DeadLetterQueue

            queue, why = DeadLetterQueue(store=self.store), None
        else:
            from ninelives_cli.dlq.finding import find_queue

            queue, why = find_queue(self.pipeline, self.app)
        if why is not None:
            click.echo(f"Looking into {', '.join(place.name for place in queue.places)}: {why}.", err=True)
        click.get_current_context().call_on_close(queue.close)
        return queue

    def desk(self) -> Desk:
        """The desk where something can be done to these letters, by whoever runs this command.

        Raises:
            ConfigurationError, click.UsageError: As `queue` raises them.
        """
        from ninelives.dead_letters.desk import Desk
        from ninelives.dead_letters.who import Who

        context = click.get_current_context()
        by = Who.here(context.command_path)
        if self.store is None:
            return self.queue().desk(by=by)
        desk = Desk.at(self.store, by=by)  # which imports less
        context.call_on_close(desk.close)
        return desk


def where_options(command: Command) -> Command:
    """The options that say where the letters are; the command gets them as ``where``, a `Where`."""

    @click.option(
        "--store",
        type=something,
        metavar="ADDRESS",
        help="Where the letters are: file:./dlq.json, sqlite:./dlq.db, sqs:URL.",
    )
    @click.option(
        "--pipeline",
        type=something,
        metavar="NAME",
        shell_complete=pipelines,
        help="Letters of this pipeline only. Without --store it chooses the store too: that of its configuration.",
    )
    @click.option(
        "--app",
        type=something,
        metavar="MODULE:PIPELINE",
        help="A program's own pipeline, whose store is used: shop.tasks:pipeline.",
    )
    @wraps(command)
    def run(*args: Any, store: str | None, pipeline: str | None, app: str | None, **options: Any) -> Any:
        return command(*args, where=Where(store, pipeline, app), **options)

    return run
