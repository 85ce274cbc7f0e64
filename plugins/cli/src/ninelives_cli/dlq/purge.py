"""The command ``ninelives dlq purge``."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from ninelives_cli.dlq.filters import Chosen, chosen_options
from ninelives_cli.dlq.output import ask, can_search, counted, examples, yes_option
from ninelives_cli.dlq.tending import Told, tend, told_options
from ninelives_cli.dlq.where import Where, where_options

if TYPE_CHECKING:
    from ninelives.dead_letters.desk import Desk

__all__ = ["purge"]


@click.command("purge", epilog=examples("ninelives dlq purge --pipeline shop --until 30d"))
@where_options
@chosen_options
@yes_option
@told_options
def purge(*, where: Where, chosen: Chosen, told: Told, yes: bool) -> None:
    """Delete letters for good.

    Letters are named by their ids or by a filter; all of them only by --all. It asks first, unless --yes is given. What
    was asked about is what is deleted: letters that come meanwhile stay. Each is told of as an event. 'ninelives dlq
    export' makes a copy first.
    """
    desk = where.desk()
    chosen = chosen if yes else _agreed(desk, chosen)
    tend(desk.purge, desk, chosen, told, ("purging", "purged"))


def _agreed(desk: Desk, chosen: Chosen) -> Chosen:
    """The letters that someone at the terminal wants to be deleted, by their ids; what is none is left as it was."""
    names = ", ".join(place.name for place in desk.places)
    if chosen.all_letters and not can_search(desk):  # nobody can say how many there are
        ask(f"Delete all letters from {names} for good?")
        return chosen
    ids = tuple(desk.select(chosen.what, all_letters=chosen.all_letters))
    if not ids:
        return chosen
    ask(f"Delete {counted(len(ids))} from {names} for good?")
    return Chosen(ids)
