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
from typing import Any, TextIO

import click

from ninelives_cli.completion import VARIABLE

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
            raise _WrongUse(_printable(error)) from error
        except NinelivesError as error:
            raise click.ClickException(_printable(error)) from error
        except KeyboardInterrupt:
            click.echo("Interrupted.", err=True)
            ctx.exit(INTERRUPTED)


def _printable(error: Exception) -> str:
    """What the error says, line by line: what it quotes of others may hold secrets, and must not steer the terminal."""
    from ninelives.errors import ConfigurationError
    from ninelives.redaction import one_line

    parts = error.args if isinstance(error, ConfigurationError) else [error]
    return "\n".join(one_line(line) for part in parts for line in _without_secrets(part).splitlines())


def _without_secrets(what: Any) -> str:
    """What is wrong, masked: of a problem each part by itself, for its place names an option, and is none's value."""
    from ninelives.errors import Problem
    from ninelives.redaction import redact

    def mask(text: str) -> str:
        masked: str = redact(text, functions=sys.argv)  # the functions that were asked for by name are named
        return masked

    if isinstance(what, Problem):
        return str(
            what._replace(**{name: mask(getattr(what, name)) for name in ("place", "value", "expected", "part")})
        )
    return mask(str(what))


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
    if os.environ.get(VARIABLE, "").endswith("_complete") and sys.stderr is not None:
        _give_up(sys.stderr)  # someone is typing a command: a warning would stand in the middle of it
    try:
        command_line(prog_name="ninelives")
    except OSError as error:
        if error.errno not in _UNWRITABLE or error.filename is not None:
            raise
        _give_up(sys.stdout)
        click.echo(f"Error: the output can't be written: {error.strerror}", err=True)
        sys.exit(1)


# Disk full, quota used up, file too large, broken device: what is left of a program whose output is its work.
_UNWRITABLE = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EIO)


def _give_up(stream: TextIO) -> None:
    """Let what is written go nowhere. Of a disk that is full, Python would complain once more at its end."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, stream.fileno())
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
        from ninelives.redaction import redact_text

        click.echo(f"Warning: {redact_text(str(message))}", err=True)
    else:
        _show_otherwise(message, category, *where, **more)
