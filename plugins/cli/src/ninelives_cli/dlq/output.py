"""What the commands have in common: JSON Lines, questions, and what came of something that was done to letters."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

import click

from ninelives.address import masked
from ninelives.dead_letters.letter import LetterFilter
from ninelives.dead_letters.store import is_searchable
from ninelives.redaction import one_line, redact_text

if TYPE_CHECKING:
    from ninelives.dead_letters.desk import Desk
    from ninelives.dead_letters.places import Place

__all__ = [
    "ask",
    "can_search",
    "counted",
    "examples",
    "json_option",
    "say_none_found",
    "say_what_is_missed",
    "say_what_is_unreadable",
    "write_json",
    "yes_option",
]

Command = Callable[..., Any]


def examples(*lines: str) -> str:
    """The end of a command's help: how it may be called."""
    # \b: what follows is not wrapped.
    return "\n".join(("\b", "Examples:" if lines[1:] else "Example:", *(f"  {line}" for line in lines)))


def json_option(command: Command) -> Command:
    """The flag ``--json``; the command gets it as ``as_json``."""
    return click.option("--json", "as_json", is_flag=True, help="JSON Lines, for machines.")(command)


def yes_option(command: Command) -> Command:
    """The flag ``--yes``; the command gets it as ``yes``."""
    return click.option("--yes", is_flag=True, help="Do not ask.")(command)


def write_json(record: Any) -> None:
    """One line of JSON on stdout, in ASCII: nothing in it can steer a terminal."""
    click.echo(json.dumps(record))


def counted(number: int, what: str = "letter") -> str:
    """The number of them.

    Example:
        >>> counted(1), counted(2)
        ('1 letter', '2 letters')
    """
    return f"{number} {what}" if number == 1 else f"{number} {what}s"


def ask(question: str) -> None:
    """Go on only if someone at the terminal says yes.

    Raises:
        click.UsageError: Nobody can be asked.
        click.Abort: The answer was no.
    """
    if sys.stdin is None or not sys.stdin.isatty():
        raise click.UsageError(f"{question} Nobody can be asked, as this is no terminal: say --yes")
    click.confirm(question, abort=True, err=True)


def say_none_found(desk: Desk, wanted: LetterFilter) -> None:
    """Say on stderr that there is no letter, and where none was found."""
    names = one_line(", ".join(place.name for place in desk.places))
    missing = [path for place in desk.places if (path := _path_of(place.own)) is not None and not os.path.exists(path)]
    click.echo(f"No letter in {names}." if wanted.empty else f"No letter matches in {names}.", err=True)
    for path in missing:
        click.echo(f"There is no file {one_line(masked(path))}.", err=True)
    for place in desk.places:
        say_what_is_unreadable(place)


def say_what_is_unreadable(place: Place) -> None:
    """Say on stderr how many records of a store can't be read: all else passes them over. It reads each for it."""
    bad: Sequence[Any] = getattr(place.store, "problems", tuple)()
    if bad:
        said = f"Not shown, as they can't be read, but kept: {counted(len(bad), 'record')} in {place.name}; the first"
        click.echo(one_line(f"{said}: {redact_text(str(bad[0].why))}"), err=True)


def can_search(desk: Desk) -> bool:
    """Whether all letters can be found by looking."""
    return all(is_searchable(place.store) for place in desk.places)


def say_what_is_missed(desk: Desk) -> None:
    """Say on stderr which stores can't be searched, and what works instead."""
    for place in desk.places:
        if not is_searchable(place.store):
            click.echo(
                f"{place.name} has no search: only the first letters in it were looked at. "
                "'ninelives dlq move --all --to sqlite:./dlq.db' brings them where all can be found.",
                err=True,
            )


def _path_of(store: object) -> str | None:
    path = getattr(store, "path", None)
    return path if isinstance(path, str) else None
