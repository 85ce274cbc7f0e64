"""The command ``ninelives dlq move``."""

from __future__ import annotations

from functools import partial

import click

from ninelives.dead_letters.letter import LetterFilter
from ninelives_cli.dlq.filters import Chosen, chosen_options
from ninelives_cli.dlq.output import examples, say_what_is_unreadable
from ninelives_cli.dlq.tending import Told, tend, told_options
from ninelives_cli.dlq.where import Where, refuse_memory, something, where_options

__all__ = ["move"]


@click.command(
    "move",
    short_help="Move letters to another store.",
    epilog=examples(
        "ninelives dlq move --all --store sqs:https://sqs.eu-west-1.amazonaws.com/1234/dlq --to sqlite:./dlq.db",
        "ninelives dlq move --pipeline shop --until 7d --to file:./old.json",
    ),
)
@where_options
@chosen_options
@click.option(
    "--to",
    "target",
    type=something,
    metavar="ADDRESS",
    required=True,
    help="The store that they go to: sqlite:./dlq.db.",
)
@told_options
def move(*, where: Where, chosen: Chosen, target: str, told: Told) -> None:
    """Move letters to another store: each is kept there, then removed here.

    Letters are named by their ids or by a filter; all of them only by --all. They keep their ids. Ctrl-C moves those in
    hand and leaves the others; whatever ends it, no letter is lost.
    """
    refuse_memory(target)
    desk = where.desk()
    if isinstance(chosen.what, LetterFilter):
        for place in desk.places:
            say_what_is_unreadable(place)
    tend(partial(desk.move, target=target), desk, chosen, told, ("moving", "moved"))
