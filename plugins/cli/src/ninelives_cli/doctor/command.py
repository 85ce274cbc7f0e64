"""The command ``ninelives doctor``."""

from __future__ import annotations

import click

from ninelives_cli.completion import pipelines
from ninelives_cli.doctor.options import SECONDS

__all__ = ["doctor"]


@click.command("doctor")
@click.argument("names", nargs=-1, metavar="[NAME]...", shell_complete=pipelines)
@click.option("--json", "as_json", is_flag=True, help="JSON Lines, one object for each row.")
@click.option(
    "--timeout",
    type=SECONDS,
    default=5.0,
    show_default=True,
    help="How long one answer may take. What takes a second longer is given up.",
)
@click.pass_context
def doctor(ctx: click.Context, *, names: tuple[str, ...], as_json: bool, timeout: float) -> None:
    """Check the configuration, and try every store and channel in it.

    Looks at the pipelines of these names, else at all that are configured; where there are none, at what
    Pipeline("...") would use. Services are reached, logins and permissions are tried as far as that does no harm: no
    letter is kept and nothing is sent. The exit status is 1 if anything does not work.
    """
    from ninelives_cli.doctor.checkup import check_up
    from ninelives_cli.doctor.rows import json_lines, show

    rows = check_up(names, timeout)
    if as_json:
        click.echo(json_lines(rows), nl=False)
    else:
        show(rows)
    ctx.exit(1 if any(row.works is False for row in rows) else 0)
