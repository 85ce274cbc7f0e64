"""The command ``ninelives dlq replay``."""

from __future__ import annotations

from typing import Any

import click

from ninelives_cli.dlq.filters import Chosen, chosen_options
from ninelives_cli.dlq.output import examples, json_option
from ninelives_cli.dlq.progress import quiet_option
from ninelives_cli.dlq.where import Where, something, where_options
from ninelives_cli.doctor.options import Real

__all__ = ["replay"]

RATE = Real(min=0, min_open=True, max=1_000_000)
COUNT = click.IntRange(min=1)


@click.command(
    "replay",
    short_help="Run letters again.",
    epilog=examples(
        "ninelives dlq replay --app shop.tasks:pipeline --all --canary 5 --rate 10",
        "ninelives dlq replay --app shop.tasks:pipeline --error TimeoutError --dry-run",
    ),
)
@where_options
@chosen_options
@click.option(
    "--import", "modules", type=something, metavar="MODULE", multiple=True, help="Import this one too; may be repeated."
)
@click.option("--rate", type=RATE, metavar="N", help="At most N letters a second.")
@click.option("--canary", type=COUNT, metavar="N", help="Run N first, and stop if one of them fails.")
@click.option("--limit", type=click.IntRange(min=0), metavar="N", help="At most N letters.")
@click.option("--concurrency", type=COUNT, metavar="N", default=1, show_default=True, help="N letters at once.")
@click.option("--dry-run", is_flag=True, help="Say what would be run, and run nothing.")
@json_option
@quiet_option
@click.pass_context
def replay(
    ctx: click.Context,
    /,
    *,
    where: Where,
    chosen: Chosen,
    modules: tuple[str, ...],
    as_json: bool,
    quiet: bool,
    **how: Any,
) -> None:
    """Run letters again through the pipeline of your program, which --app names.

    MODULE is imported, from the working directory if it is there, as 'celery -A' does; it must register the functions
    that the letters are for, or name modules that do with --import. A letter that succeeds is gone. One that fails is
    back, with the new error. What was there at the begin is run once. An open circuit ends it, and says when to go on.

    Letters are named by their ids or by a filter; all of them only by --all. Those that are parked are run by their ids
    only. Ctrl-C finishes what is in hand and leaves the rest; once more, it leaves that too.
    """
    from ninelives_cli.dlq.progress import showing
    from ninelives_cli.dlq.reporting import show_report
    from ninelives_cli.dlq.running import letters_of, pipeline_of, run
    from ninelives_cli.dlq.signals import stopping

    what = letters_of(chosen)
    pipeline = pipeline_of(where, modules)
    with stopping() as stop, showing("replaying", hidden=as_json or quiet) as show:
        report = run(pipeline, where.store, what, stop=stop, progress=show, **how)
    show_report(report, pipeline, as_json=as_json)
    ctx.exit(stop.exit_status(ok=report.ok, stopped=report.stopped is not None))
