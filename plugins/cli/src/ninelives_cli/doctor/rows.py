"""What ``ninelives doctor`` shows."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterable, Sequence

from msgspec import Struct, structs

from ninelives_cli.tables import on_terminal, show_table

__all__ = ["Row", "json_lines", "show"]

_HEADINGS = ("pipeline", "part", "where", "works", "detail")
_WORKS = {True: "yes", False: "no", None: "untried"}
_LEAST = 40  # characters: in a narrower column a sentence can't be read
_GAP = 3  # characters between two columns


class Row(Struct, frozen=True):
    """What was found out about one part.

    Attributes:
        pipeline: The pipeline's name; None for what concerns all of them.
        part: ``plugin``, ``settings``, ``store``, ``fallback``, ``park`` or ``channel``.
        where: Its address, secrets masked; of a setting where it stands.
        works: Whether it works; None where that can't be tried.
        detail: What was tried; or why it does not work, and what to do.
    """

    pipeline: str | None
    part: str
    where: str
    works: bool | None
    detail: str


def show(rows: Iterable[Row]) -> None:
    """Print a table of them; on a terminal that is too narrow for that, the detail stands under the place."""
    cells = [(row.pipeline or "", row.part, row.where, _WORKS[row.works], row.detail) for row in rows]
    if on_terminal() and _is_cramped(cells):
        under = [(name, part, works, f"{where}\n{detail}".strip()) for name, part, where, works, detail in cells]
        show_table(("pipeline", "part", "works", "where, and detail"), under, apart=True)
    else:
        show_table(_HEADINGS, cells)


def _is_cramped(cells: Sequence[Sequence[str]]) -> bool:
    """Whether the last column would be too narrow for what stands in it."""
    *widths, longest = (max(map(len, column)) for column in zip(_HEADINGS, *cells, strict=True))
    left = shutil.get_terminal_size().columns - sum(width + _GAP for width in widths)
    return left < min(longest, _LEAST)


def json_lines(rows: Iterable[Row]) -> str:
    """One object a line, with the attributes of `Row`."""
    return "".join(json.dumps(structs.asdict(row)) + "\n" for row in rows)
