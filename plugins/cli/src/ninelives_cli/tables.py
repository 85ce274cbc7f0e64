"""Tables: drawn on a terminal, plain and aligned for whatever else reads them."""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Sequence
from typing import TextIO
from unicodedata import category, east_asian_width

import click

__all__ = ["can_draw_on", "coloured", "drawn", "is_cramped", "on_terminal", "show_stacked", "show_table"]

_LEAST = 40  # characters: in a narrower column a sentence can't be read
_GAP = 3  # characters between two columns
_ID = 36  # characters: an id that is folded can't be copied


def on_terminal() -> bool:
    """Whether stdout is a terminal that can be drawn on."""
    return can_draw_on(sys.stdout)


def can_draw_on(stream: TextIO | None) -> bool:
    """Whether a stream is a terminal that knows more than ASCII. It may also be closed."""
    if not stream or not stream.isatty() or os.environ.get("TERM") == "dumb":
        return False
    return stream.encoding.lower().startswith("utf")


def coloured() -> bool | None:
    """What click is told of colours: none where ``NO_COLOR`` is set, else its own judgement. Rich knows by itself."""
    return False if os.environ.get("NO_COLOR") else None


def is_cramped(headings: Sequence[str], rows: Sequence[Sequence[str]]) -> bool:
    """Whether stdout is a terminal on which the last column would be too narrow for what stands in it."""
    if not on_terminal():
        return False
    longest = max(_width(row[-1]) for row in (headings, *rows))
    return _room_beside(headings[-1:], headings, rows) < min(longest, _LEAST)


def _room_beside(some: Sequence[str], headings: Sequence[str], rows: Sequence[Sequence[str]]) -> int:
    """How many characters the other columns leave of a line of the terminal."""
    others = (column for column in zip(headings, *rows, strict=True) if column[0] not in some)
    return shutil.get_terminal_size().columns - sum(max(map(_width, column)) + _GAP for column in others)


def _list(headings: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    """A line for each cell, after its heading: the terminal folds what is long."""
    width = max(map(len, headings))
    for row in rows:
        cells = zip(headings, row, strict=True)
        click.echo("\n".join(f"{heading:{width}}  {cell}" for heading, cell in cells if cell) + "\n")


def show_table(
    headings: Sequence[str], rows: Sequence[Sequence[str]], *, numbers: Sequence[str] = (), apart: bool = False
) -> None:
    """Print a table to stdout.

    Args:
        headings: One for each column.
        rows: Cells as text.
        numbers: The headings of the columns that stand to the right.
        apart: Whether there is an empty line between two rows, where it is drawn.
    """
    if on_terminal():
        _draw(headings, rows, numbers, apart=apart)
    else:
        click.echo(drawn(headings, rows, numbers), nl=False)


def show_stacked(
    headings: Sequence[str], rows: Sequence[Sequence[str]], *, together: Sequence[str], numbers: Sequence[str] = ()
) -> None:
    """Print a table as `show_table` does; on a terminal that is too narrow for it some columns share one.

    On one that is too narrow for this too, each cell has a line.

    Args:
        headings: One for each column.
        rows: Cells as text.
        together: The headings of the columns whose cells stand under each other then, in the first one's place.
        numbers: The headings of the columns that stand to the right.
    """
    if not is_cramped(headings, rows):
        show_table(headings, rows, numbers=numbers)
        return
    if _room_beside(together, headings, rows) < _ID:
        _list(headings, rows)
        return
    table = [_stacked(headings, row, together, "\n") for row in rows]
    show_table(_stacked(headings, headings, together, ", "), table, numbers=numbers, apart=True)


def _stacked(headings: Sequence[str], row: Sequence[str], together: Sequence[str], between: str) -> list[str]:
    shared = between.join(cell for heading, cell in zip(headings, row, strict=True) if heading in together and cell)
    return [
        shared if heading in together else cell
        for heading, cell in zip(headings, row, strict=True)
        if heading not in together[1:]
    ]


def drawn(headings: Sequence[str], rows: Sequence[Sequence[str]], numbers: Sequence[str] = ()) -> str:
    """The table as plain text: its columns aligned, two spaces between them, one line for each row."""
    table = [headings, *([" ".join(cell.split("\n")) for cell in row] for row in rows)]
    widths = [max(map(_width, column)) for column in zip(*table, strict=True)]
    right = [heading in numbers for heading in headings]
    lines = ["  ".join(map(_padded, row, widths, right)).rstrip() for row in table]
    return "\n".join(lines) + "\n"


def _padded(cell: str, width: int, to_right: bool) -> str:  # noqa: FBT001 - of the rows of a table
    space = " " * (width - _width(cell))
    return f"{space}{cell}" if to_right else f"{cell}{space}"


def _width(text: str) -> int:
    """How many places of a terminal it takes: two a character of Chinese or Japanese, none an accent of its own."""
    if text.isascii():
        return len(text)
    return sum(0 if category(one) in ("Mn", "Me", "Cf") else 1 + (east_asian_width(one) in "WF") for one in text)


def _draw(headings: Sequence[str], rows: Sequence[Sequence[str]], numbers: Sequence[str], *, apart: bool) -> None:
    from rich.box import SIMPLE_HEAD
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    table = Table(box=SIMPLE_HEAD, pad_edge=False, leading=int(apart))
    for heading in headings:
        table.add_column(heading, justify="right" if heading in numbers else "left", overflow="fold")
    for row in rows:
        # Text: brackets in a cell are no markup.
        table.add_row(*(Text(cell) for cell in row))
    Console().print(table)
