"""The command ``ninelives dlq list``."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING

import click

from ninelives.dead_letters.letter import DeadLetter, LetterFilter
from ninelives.dead_letters.store import Page
from ninelives.errors import StoreError
from ninelives_cli.dlq.filters import filter_options
from ninelives_cli.dlq.output import examples, json_option, say_none_found, say_what_is_missed, write_json
from ninelives_cli.dlq.where import Where, where_options

if TYPE_CHECKING:
    from ninelives.dead_letters.desk import Desk

__all__ = ["list_letters"]

SHOWN = 50
"""Letters in a table, if --limit says nothing else."""
PAGE = 500
"""Letters that are read at once."""

_CURSOR = re.compile(r"\d+:")


def _cursor(text: str) -> str:
    if not _CURSOR.match(text):
        raise click.BadParameter(f"{text!r} is not what a shorter list said")
    return text


@click.command(
    "list",
    epilog=examples(
        "ninelives dlq list --pipeline shop --error TimeoutError --since 2h",
        "ninelives dlq list --state parked --json | jq -r .id",
    ),
)
@where_options
@filter_options
@click.option(
    "--limit",
    type=click.IntRange(min=1),
    metavar="N",
    help=f"How many letters to show: {SHOWN}, with --json all, if it is not given.",
)
@click.option(
    "--after", type=_cursor, metavar="CURSOR", help="Go on where a shorter list ended: it says what to put here."
)
@json_option
def list_letters(*, where: Where, wanted: LetterFilter, limit: int | None, after: str | None, as_json: bool) -> None:
    """Show letters, the oldest first.

    With filters, those that match all of them. The column "age" is the time since a letter failed last, which is what
    --since and --until look at.
    """
    desk = where.desk()
    pages = _pages(desk, wanted, limit or (None if as_json else SHOWN), after)
    found, cursor = _write(pages) if as_json else _show(pages)
    if found == 0:
        say_none_found(desk, wanted)
    if cursor is not None:
        click.echo(f"There are more: go on with --after {cursor}", err=True)
    say_what_is_missed(desk)


def _pages(desk: Desk, wanted: LetterFilter, limit: int | None, after: str | None) -> Iterator[Page]:
    left, cursor = limit, after
    while left is None or left > 0:
        try:
            page = desk.letters(wanted, limit=PAGE if left is None else min(left, PAGE), cursor=cursor)
        except StoreError as error:
            _refuse_cursor(desk, wanted, after if after == cursor else None, error)
            raise
        yield page
        cursor = page.cursor
        if cursor is None:
            return
        left = None if left is None else left - len(page.letters)


def _refuse_cursor(desk: Desk, wanted: LetterFilter, after: str | None, error: StoreError) -> None:
    """Say that it is the cursor, where all is well without it."""
    if after is None or error.transient:
        return
    desk.letters(wanted, limit=1)
    said = f"--after {after!r} is not what a shorter list of these letters said; without it the list begins anew"
    raise click.UsageError(said) from error


def _write(pages: Iterator[Page]) -> tuple[int, str | None]:
    """How many there were, and where the next ones begin."""
    from ninelives_cli.dlq.summaries import summary_of

    found, cursor = 0, None
    for page in pages:
        for letter in page.letters:
            write_json(summary_of(letter))
        found, cursor = found + len(page.letters), page.cursor
    return found, cursor


def _show(pages: Iterator[Page]) -> tuple[int, str | None]:
    """How many there were, and where the next ones begin."""
    from ninelives_cli.dlq.summaries import show

    letters: list[DeadLetter] = []
    cursor = None
    for page in pages:
        letters += page.letters
        cursor = page.cursor
    if letters:
        show(letters)
    return len(letters), cursor
