"""The ``ninelives`` program: a group of the commands that the installed plugins register.

Nothing but click is imported here, and plugins are looked for only when a command is asked for: ``ninelives --version``
is quick, and works whatever is installed.
"""

from __future__ import annotations

import errno
import os
import sys
import warnings
from io import TextIOWrapper
from typing import Any

import click

__all__ = ["INTERRUPTED", "command_line", "main"]

INTERRUPTED = 130
"""The exit status of a program that Ctrl-C ended, as shells have it: 128 and the signal's number."""


class _WrongUse(click.ClickException):
    exit_code = 2


class CommandLine(click.Group):
    """The commands that plugins register; one plugin's fault is told, and leaves the others' commands as they are."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Their names, sorted."""
        return sorted(_commands())

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """The command of that name; None if there is none."""
        return _commands().get(cmd_name)

    def invoke(self, ctx: click.Context) -> Any:
        """Run the command; errors of ours are told in their own words, without a traceback."""
        from ninelives.errors import ConfigurationError, NinelivesError

        try:
            return super().invoke(ctx)
        except ConfigurationError as error:
            raise _WrongUse(str(error)) from error
        except NinelivesError as error:
            raise click.ClickException(str(error)) from error
        except KeyboardInterrupt:
            click.echo("Interrupted.", err=True)
            ctx.exit(INTERRUPTED)


def _version(ctx: click.Context, _option: click.Parameter, asked: bool) -> None:  # noqa: FBT001 - click passes positions
    if asked and not ctx.resilient_parsing:
        from ninelives import __version__

        click.echo(f"ninelives {__version__}")
        ctx.exit()


@click.group(cls=CommandLine, context_settings={"help_option_names": ["-h", "--help"]})
@click.option(
    "--version", is_flag=True, is_eager=True, expose_value=False, callback=_version, help="Show the version and exit."
)
def command_line() -> None:
    """Run calls that may fail, and lose nothing when they do."""


def main() -> None:
    """What the installed program runs."""
    warnings.showwarning = _show_warning
    for stream in (sys.stdout, sys.stderr):
        # What the terminal's or the file's encoding lacks is written as its number. Either stream may be closed.
        if isinstance(stream, TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")
    try:
        command_line(prog_name="ninelives")
    except OSError as error:
        if error.errno not in _UNWRITABLE or error.filename is not None:
            raise
        _give_up_stdout()
        click.echo(f"Error: the output can't be written: {error.strerror}", err=True)
        sys.exit(1)


# Disk full, quota used up, file too large, broken device: what is left of a program whose output is its work.
_UNWRITABLE = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EIO)


def _give_up_stdout() -> None:
    """Python would try once more to write what is left, and complain at its end."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, sys.stdout.fileno())
    os.close(nowhere)


def _commands() -> dict[str, click.Command]:
    """By name, those of plugins that work. One that is no click command would break the help of all."""
    from ninelives.plugins import default_plugins

    commands: dict[str, click.Command] = {}
    for command in default_plugins().commands:
        if isinstance(command, click.Command):
            commands[command.name or ""] = command
        else:
            click.echo(f"Warning: the command {command.name!r} is left out: it is no click.Command", err=True)
    return commands


_show_otherwise = warnings.showwarning


def _show_warning(message: Warning | str, category: type[Warning], *where: Any, **more: Any) -> None:
    """What is wrong with the configuration, without the line of code that found it."""
    from ninelives.errors import ConfigurationWarning

    if issubclass(category, ConfigurationWarning):
        click.echo(f"Warning: {message}", err=True)
    else:
        _show_otherwise(message, category, *where, **more)
