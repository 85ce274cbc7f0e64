"""What ``ninelives doctor`` shows."""

from __future__ import annotations

import json
from collections.abc import Iterable

from msgspec import Struct, structs

from ninelives.redaction import redact, redact_text
from ninelives_cli.tables import is_cramped, show_table

__all__ = ["Row", "json_lines", "show"]

_HEADINGS = ("pipeline", "part", "where", "works", "detail")
_WORKS = {True: "yes", False: "no", None: "untried"}


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
    cells = [(redact_text(row.pipeline or ""), row.part, row.where, _WORKS[row.works], row.detail) for row in rows]
    if is_cramped(_HEADINGS, cells):
        under = [(name, part, works, f"{where}\n{detail}".strip()) for name, part, where, works, detail in cells]
        show_table(("pipeline", "part", "works", "where, and detail"), under, apart=True)
    else:
        show_table(_HEADINGS, cells)


def json_lines(rows: Iterable[Row]) -> str:
    """One object a line, with the attributes of `Row`."""
    return "".join(json.dumps(structs.asdict(row) | {"pipeline": redact(row.pipeline)}) + "\n" for row in rows)
