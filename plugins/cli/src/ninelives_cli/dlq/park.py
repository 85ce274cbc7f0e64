"""The commands ``ninelives dlq park`` and ``ninelives dlq unpark``."""

from __future__ import annotations

import click

from ninelives_cli.dlq.filters import Chosen, chosen_options
from ninelives_cli.dlq.output import examples
from ninelives_cli.dlq.tending import Told, tend, told_options
from ninelives_cli.dlq.where import Where, where_options

__all__ = ["park", "unpark"]


@click.command(
    "park",
    epilog=examples('ninelives dlq park --pipeline shop --fingerprint 4f1c2a9be0d37712 --reason "waits for the fix"'),
)
@where_options
@chosen_options
@told_options
def park(*, where: Where, chosen: Chosen, told: Told) -> None:
    """Park letters: only naming one by its id replays it then.

    Letters are named by their ids or by a filter; all of them only by --all. What is parked already stays so.
    """
    desk = where.desk()
    tend(desk.park, desk, chosen.in_state("waiting", desk), told, ("parking", "parked"))


@click.command(
    "unpark",
    short_help="Let parked letters wait again.",
    epilog=examples("ninelives dlq unpark --pipeline shop --error TimeoutError"),
)
@where_options
@chosen_options
@told_options
def unpark(*, where: Where, chosen: Chosen, told: Told) -> None:
    """Let parked letters wait again: they are replayed with the others then.

    Letters are named by their ids or by a filter; all of them only by --all. Failed replays stay counted: after the
    last that its pipeline allows, the next failure parks a letter again.
    """
    desk = where.desk()
    tend(desk.unpark, desk, chosen.in_state("parked", desk), told, ("unparking", "unparked"))
