"""The command ``ninelives completion``: what makes a shell complete the others."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

import click
from click.shell_completion import CompletionItem

__all__ = ["VARIABLE", "completion", "files", "pipelines", "quickly"]

T = TypeVar("T")

VARIABLE = "_NINELIVES_COMPLETE"
"""By this variable the shell asks the program for completions."""

SECONDS = 0.5
"""How long is looked for what a word may be completed to."""

_HOW = """\b
bash   echo 'eval "$(ninelives completion bash)"' >> ~/.bashrc
zsh    echo 'eval "$(ninelives completion zsh)"' >> ~/.zshrc
fish   ninelives completion fish > ~/.config/fish/completions/ninelives.fish
"""


@click.command("completion", short_help="Make your shell complete commands.", epilog=_HOW)
@click.argument("shell", type=click.Choice(["bash", "zsh", "fish"]))
def completion(*, shell: str) -> None:
    """Print what makes a shell complete commands, options, pipelines and ids of letters.

    The shell starts the program whenever the tab key is pressed. bash must be 4.4 or newer; zsh needs compinit before.
    """
    from click.shell_completion import BashComplete, FishComplete, ZshComplete

    from ninelives_cli.main import command_line

    kind = {"bash": BashComplete, "zsh": ZshComplete, "fish": FishComplete}[shell]
    click.echo(kind(command_line, {}, "ninelives", VARIABLE).source())


def pipelines(_ctx: click.Context, _param: click.Parameter, incomplete: str) -> list[str]:
    """The pipelines of the configuration that begin so."""
    return [name for name in quickly(_pipelines) if name.startswith(incomplete)]


def files(_ctx: click.Context, _param: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """Names of files: the shell itself knows them."""
    return [CompletionItem(incomplete, type="file")]


def quickly(look: Callable[[], list[T]]) -> list[T]:
    """What was found; nothing if that takes too long or fails: someone is typing, and wants no word of it."""
    from ninelives_cli.doctor.together import side_by_side

    (ended,) = side_by_side([look], SECONDS)
    return ended.result or []


def _pipelines() -> list[str]:
    from ninelives.settings import find_settings

    return list(find_settings().pipelines)
