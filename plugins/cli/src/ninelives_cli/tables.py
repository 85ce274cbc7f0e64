"""Tables: drawn on a terminal, plain and aligned for whatever else reads them."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence

import click

__all__ = ["coloured", "drawn", "on_terminal", "show_table"]


def on_terminal() -> bool:
    """Whether stdout is a terminal that can be drawn on: one that knows more than ASCII. It may also be closed."""
    out = sys.stdout
    if not out or not out.isatty() or os.environ.get("TERM") == "dumb":
        return False
    return out.encoding.lower().startswith("utf")


def coloured() -> bool | None:
    """What click is told of colours: none where ``NO_COLOR`` is set, else its own judgement. Rich knows by itself."""
    return False if os.environ.get("NO_COLOR") else None


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


def drawn(headings: Sequence[str], rows: Sequence[Sequence[str]], numbers: Sequence[str] = ()) -> str:
    """The table as plain text: its columns aligned, two spaces between them, one line for each row."""
    table = [headings, *([" ".join(cell.split("\n")) for cell in row] for row in rows)]
    widths = [max(map(len, column)) for column in zip(*table, strict=True)]
    right = [heading in numbers for heading in headings]
    lines = [
        "  ".join(
            cell.rjust(width) if to_right else cell.ljust(width)
            for cell, width, to_right in zip(row, widths, right, strict=True)
        ).rstrip()
        for row in table
    ]
    return "\n".join(lines) + "\n"


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
