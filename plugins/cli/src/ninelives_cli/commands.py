"""The commands that come with the command line. What they need is imported when they run."""

from __future__ import annotations

import click

from ninelives_cli.kit.command import new

__all__ = ["demo", "plugins", "schema"]


@click.group("plugins", invoke_without_command=True)
@click.option("--json", "as_json", is_flag=True, help="JSON Lines, one object for each.")
@click.pass_context
def plugins(ctx: click.Context, *, as_json: bool) -> None:
    """Show what is installed, whether it works, and why not.

    The exit status is 1 if something is broken; what was switched off is not.
    """
    if ctx.invoked_subcommand is not None:
        if as_json:
            raise click.UsageError("--json is for the list alone")
        return
    from ninelives.plugins import default_plugins
    from ninelives_cli.listing import is_broken, json_lines, show, warn_of_names

    installed = default_plugins().installed()
    warn_of_names(installed)
    if as_json:
        click.echo(json_lines(installed), nl=False)
    else:
        show(installed)
    ctx.exit(1 if any(map(is_broken, installed)) else 0)


plugins.add_command(new)


@click.command("schema")
@click.argument("what", type=click.Choice(["events", "letter"]))
def schema(*, what: str) -> None:
    """Print the JSON Schema of the events in structured logs, or of a dead letter."""
    import json

    from ninelives.schema import SCHEMAS

    click.echo(json.dumps(SCHEMAS[what](), indent=2))


@click.command("demo")
@click.option(
    "--requests", type=click.IntRange(1, 10_000), default=200, show_default=True, help="How many requests to make."
)
@click.option("--seed", type=int, default=9, show_default=True, help="Decides which requests fail now and then.")
@click.option(
    "--store",
    metavar="ADDRESS",
    show_default="file:./local_dlq.json",
    help="Where dead letters are kept; letters of others stay as they are.",
)
@click.pass_context
def demo(ctx: click.Context, *, requests: int, seed: int, store: str | None) -> None:
    """Watch a service fail and heal, and no request get lost.

    A real HTTP service on this machine works, then fails now and then, is down, and heals, while requests go through
    one pipeline. What fails for good becomes a dead letter and is replayed in the end. Every answer is checked. Events
    go to stderr; the exit status is 1 if a request is lost.
    """
    from ninelives_cli.demo.performance import perform
    from ninelives_cli.demo.run import Plan

    ctx.exit(perform(Plan(requests=requests, seed=seed, store=store)))
