"""The command ``ninelives dlq drain``."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from ninelives_cli.dlq.output import counted, examples, json_option, write_json
from ninelives_cli.dlq.progress import HowFar, Show, quiet_option
from ninelives_cli.dlq.where import Where, refuse_memory, something, where_options

if TYPE_CHECKING:
    from ninelives.dead_letters.places import Place
    from ninelives.dead_letters.queue import DeadLetterQueue

__all__ = ["drain"]


@click.command(
    "drain",
    short_help="Bring home what a fallback took.",
    epilog=examples(
        "ninelives dlq drain --pipeline shop",
        "ninelives dlq drain --store sqs:https://sqs.eu-west-1.amazonaws.com/1234/dlq --fallback file:./dlq.json",
    ),
)
@where_options
@click.option(
    "--fallback", type=something, metavar="ADDRESS", help="With --store: where letters went that it did not take."
)
@json_option
@quiet_option
@click.pass_context
def drain(ctx: click.Context, *, where: Where, fallback: str | None, as_json: bool, quiet: bool) -> None:
    """Move letters from a fallback to the store that did not take them.

    Pipelines do it by themselves while they run. With --pipeline or --app it moves the letters of that pipeline, else
    all. Parked letters stay, and so do those that someone holds. What the store refuses for good stays too, and the
    exit status is 1 then.
    """
    from ninelives_cli.dlq.progress import showing
    from ninelives_cli.dlq.signals import stopping

    queue = _of_store(where, fallback) if where.store is not None or fallback is not None else _of_pipeline(where)
    home, *_, refuge = queue.stores.keeping
    refuse_memory(home.name)
    with stopping() as stop, showing("draining", hidden=as_json or quiet) as show:
        watcher = _Watcher(show)
        came = queue.drain(stop=stop, progress=watcher)
    left = _left(refuge)
    if as_json:
        write_json({"moved": came, "refused": watcher.refused, "left": left, "stopped": stop.is_set()})
    else:
        click.echo(f"{counted(came)} came home to {home.name}")
        if watcher.refused:
            click.echo(f"{counted(watcher.refused)} refused by {home.name}", err=True)
        if left:
            click.echo(f"{counted(left)} still in {refuge.name}")
    ctx.exit(stop.exit_status(ok=not watcher.refused, stopped=stop.is_set()))


class _Watcher:
    """Shows how far it is, and keeps how many letters the store refused."""

    def __init__(self, show: Show) -> None:
        self.refused = 0
        self._show = show

    def __call__(self, progress: HowFar) -> None:
        self.refused = progress.failed
        self._show(progress)


def _of_store(where: Where, fallback: str | None) -> DeadLetterQueue:
    from ninelives.dead_letters.queue import DeadLetterQueue

    if where.store is None or fallback is None:
        raise click.UsageError("--store and --fallback go together: the one is where letters go, the other where from")
    if where.pipeline is not None or where.app is not None:
        raise click.UsageError("--pipeline and --app say which stores are meant: give them without --store")
    return _closed_in_the_end(DeadLetterQueue(store=where.store, fallback=fallback))


def _of_pipeline(where: Where) -> DeadLetterQueue:
    from ninelives.dead_letters.queue import DeadLetterQueue

    queue = where.queue()
    home, refuge = queue.stores.store, queue.stores.fallback
    if refuge is None:
        raise click.UsageError(f"{home.name} has no fallback: there is no place from which letters could come home")
    if where.pipeline is not None or where.app is not None:
        return queue
    # That of a pipeline moves only its own letters.
    return _closed_in_the_end(DeadLetterQueue(store=home.own, fallback=refuge.own))


def _closed_in_the_end(queue: DeadLetterQueue) -> DeadLetterQueue:
    click.get_current_context().call_on_close(queue.close)
    return queue


def _left(refuge: Place) -> int | None:
    """How many letters are still there; None if that can't be said."""
    from ninelives.dead_letters.store import is_searchable
    from ninelives.errors import StoreError

    try:
        return refuge.store.count() if is_searchable(refuge.store) else None
    except StoreError:  # what came home came home all the same
        return None
