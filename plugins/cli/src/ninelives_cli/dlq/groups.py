"""The command ``ninelives dlq groups``."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import click

from ninelives.dead_letters.letter import LetterFilter
from ninelives_cli.dlq.filters import filter_options
from ninelives_cli.dlq.output import examples, json_option, say_none_found, write_json
from ninelives_cli.dlq.where import Where, where_options

if TYPE_CHECKING:
    from ninelives.dead_letters.store import LetterGroup

__all__ = ["groups"]

_HEADINGS = ("count", "parked", "first", "last", "pipeline", "fingerprint", "example", "operation", "error")


@click.command("groups", epilog=examples("ninelives dlq groups --pipeline shop --since 1d"))
@where_options
@filter_options
@click.option(
    "--limit", type=click.IntRange(min=1), default=50, metavar="N", show_default=True, help="How many to show."
)
@json_option
def groups(*, where: Where, wanted: LetterFilter, limit: int, as_json: bool) -> None:
    """Show which kinds of letters there are, the largest first.

    Letters of one kind have the same fingerprint: the error's type, its cause's, and the function that raised it; with
    filters, those that match are counted. "first" and "last" say how long ago the first of them failed first, and one
    of them last; that one is the example.
    """
    desk = where.desk()
    found = desk.groups(wanted, limit=limit)
    if not found:
        say_none_found(desk, wanted)
    elif as_json:
        for group in found:
            write_json(_record(group))
    else:
        _show(found)
    if len(found) == limit:
        click.echo(f"There may be more than {limit}: say a higher --limit.", err=True)


def _record(group: LetterGroup) -> dict[str, Any]:
    from ninelives_cli.dlq.masking import hidden
    from ninelives_cli.dlq.moments import iso

    record = {
        "pipeline": group.pipeline,
        "fingerprint": group.fingerprint,
        "fingerprint_version": group.fingerprint_version,
        "count": group.count,
        "parked": group.parked,
        "first": iso(group.first),
        "last": iso(group.last),
        "example": group.example,
        "operation": group.operation,
        "error_type": group.error_type or None,
        "error_message": group.error_message,
    }
    return hidden(record)


def _show(found: Sequence[LetterGroup]) -> None:
    from datetime import UTC, datetime

    from ninelives_cli.dlq.masking import clean, clean_function
    from ninelives_cli.dlq.moments import since
    from ninelives_cli.dlq.summaries import error_said
    from ninelives_cli.tables import show_stacked

    now = datetime.now(UTC)
    rows = [
        (
            str(group.count),
            str(group.parked),
            since(group.first, now),
            since(group.last, now),
            clean(group.pipeline),
            clean(group.fingerprint),
            clean(group.example),
            clean_function(group.operation),
            error_said(group.error_type, group.error_message),
        )
        for group in found
    ]
    show_stacked(_HEADINGS, rows, together=_HEADINGS[4:], numbers=_HEADINGS[:4])
