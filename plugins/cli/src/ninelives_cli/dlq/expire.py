"""The command ``ninelives dlq expire``."""

from __future__ import annotations

import click

from ninelives_cli.dlq.output import ask, examples, json_option, yes_option
from ninelives_cli.dlq.progress import quiet_option
from ninelives_cli.dlq.where import Where, where_options

__all__ = ["expire"]


@click.command(
    "expire",
    short_help="Delete the letters whose time is over.",
    epilog=examples("ninelives dlq expire --pipeline shop --yes"),
)
@where_options
@yes_option
@json_option
@quiet_option
def expire(*, where: Where, yes: bool, as_json: bool, quiet: bool) -> None:
    """Delete the letters whose time is over, waiting or parked: those of pipelines that say how long to keep them.

    A pipeline with 'keep' does that by itself when it keeps a letter; where calls seldom fail, let a job do this daily.
    Of a store that pipelines share, all letters that have expired are meant: --pipeline only says where they are.
    It asks first, unless --yes is given. Letters that someone holds stay.
    """
    from ninelives.dead_letters.desk.report import Tended
    from ninelives_cli.dlq.progress import showing
    from ninelives_cli.dlq.signals import stopping
    from ninelives_cli.dlq.tending import finish

    queue = where.queue()
    if not yes:
        ask(f"Delete all expired letters from {', '.join(place.name for place in queue.places)} for good?")
    with stopping() as stop, showing("purging", hidden=as_json or quiet) as show:
        purged = queue.purge_expired(stop=stop, progress=show)
    finish("purged", Tended(done=purged, stopped=stop.is_set()), as_json=as_json, stop=stop)
