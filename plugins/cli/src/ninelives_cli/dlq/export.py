"""The command ``ninelives dlq export``."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import click

from ninelives.dead_letters.letter import LetterFilter
from ninelives.dead_letters.progress import Progress
from ninelives_cli.completion import files
from ninelives_cli.dlq.filters import Chosen, chosen_options
from ninelives_cli.dlq.output import counted, examples, say_none_found, say_what_is_unreadable
from ninelives_cli.dlq.progress import Show, quiet_option, showing
from ninelives_cli.dlq.where import Where, something, where_options

if TYPE_CHECKING:
    from ninelives.dead_letters.desk import Desk

__all__ = ["export"]


@click.command(
    "export",
    short_help="Write letters out as JSON Lines.",
    epilog=examples(
        "ninelives dlq export --all -o letters.jsonl",
        "ninelives dlq export --error TimeoutError | ninelives dlq import --store sqlite:./dlq.db",
    ),
)
@where_options
@chosen_options
@click.option(
    "-o",
    "--output",
    "path",
    metavar="FILE",
    type=something,
    default="-",
    shell_complete=files,
    help="Where to write them; else to stdout.",
)
@quiet_option
@click.pass_context
def export(ctx: click.Context, *, where: Where, chosen: Chosen, path: str, quiet: bool) -> None:
    """Write letters out as JSON Lines, whole and with their secrets; they stay where they are.

    Letters are named by their ids or by a filter; all of them only by --all. FILE is there once all are in it, and
    nobody but you can read it.
    """
    from ninelives_cli.dlq.files import writing
    from ninelives_cli.dlq.signals import stopping
    from ninelives_cli.tables import on_terminal

    desk = where.desk()
    hidden = quiet or (path == "-" and on_terminal())
    with stopping() as stop, writing(path) as file, showing("exporting", hidden=hidden) as show:
        written = 0
        for line in _lines(desk, chosen, show):
            if stop.is_set():
                ctx.exit(stop.exit_status(ok=False, stopped=True))
            file.write(line)
            written += 1
    if isinstance(chosen.what, LetterFilter):
        if not written:
            say_none_found(desk, chosen.what)
        else:
            for place in desk.places:
                say_what_is_unreadable(place)
    click.echo(f"exported {counted(written)}{'' if path == '-' else f' to {path}'}", err=True)


def _lines(desk: Desk, chosen: Chosen, show: Show) -> Iterator[bytes]:
    """The letters, and how far it is."""
    lines = desk.export(chosen.what)  # which refuses what can't be searched
    total = desk.count(chosen.what) if isinstance(chosen.what, LetterFilter) else len(chosen.what)
    for done, line in enumerate(lines, 1):
        show(Progress(done, total, 0))
        yield line
