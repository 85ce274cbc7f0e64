"""The command ``ninelives plugins new``."""

from __future__ import annotations

from pathlib import Path

import click

__all__ = ["new"]

# By what a plugin may add, one sentence that describes it.
_KINDS = {
    "store": "The dead letter store {name}: for ninelives.",
    "channel": "The notification channel {name}: for ninelives.",
    "middleware": "The link {name} for the pipelines of ninelives.",
    "listener": "The listener {name} for the events of ninelives.",
}


@click.command("new", short_help="Write a new plugin.")
@click.argument("name")
@click.argument("target", metavar="[DIR]", required=False, type=click.Path(path_type=Path))
@click.option("--kind", type=click.Choice(list(_KINDS)), required=True, help="What the plugin is to add.")
def new(*, name: str, target: Path | None, kind: str) -> None:
    """Write a plugin: a small distribution that works, with a test of its contract that passes.

    NAME is the distribution's name, like ninelives-redis: its package is ninelives_redis, and redis is the scheme of
    its addresses, or the name of its link or listener. DIR is where it is written, ./NAME if it is not given: a
    directory that is empty, or not there yet.
    """
    from ninelives import __version__
    from ninelives.plugins import default_plugins
    from ninelives_cli.kit.names import names_of
    from ninelives_cli.kit.writing import files_of, write_files

    names = names_of(name, kind, default_plugins().installed())
    folder = Path(name) if target is None else target
    values = {
        "distribution": names.distribution,
        "package": names.package,
        "name": names.name,
        "title": names.title,
        "summary": _KINDS[kind].format(name=names.name),
        "version": __version__,
    }
    files = files_of(kind, values)
    write_files(files, folder)
    _tell(files, folder)


def _tell(files: dict[str, str], folder: Path) -> None:
    from shlex import quote

    for path in files:
        click.echo(folder / path)
    place = quote(str(folder))
    click.echo("\nNext:")
    click.echo(f"  python -m pip install -e {place if folder.is_absolute() else quote(f'./{folder}')} pytest")
    click.echo(f"  python -m pytest {place}")
    click.echo("  ninelives plugins")
