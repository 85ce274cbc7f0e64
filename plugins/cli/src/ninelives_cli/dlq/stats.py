"""The command ``ninelives dlq stats``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from ninelives.dead_letters.letter import LetterFilter
from ninelives_cli.dlq.filters import filter_options
from ninelives_cli.dlq.output import examples, json_option, say_what_is_unreadable, write_json
from ninelives_cli.dlq.where import Where, where_options

if TYPE_CHECKING:
    from ninelives.dead_letters.desk.stats import Stats

__all__ = ["stats"]

MANY = 10_000
"""Letters; where there are more, not all are read to see whether they can be: 'ninelives doctor' says it too."""


@click.command("stats", epilog=examples("ninelives dlq stats --pipeline shop --since 1d"))
@where_options
@filter_options
@json_option
def stats(*, where: Where, wanted: LetterFilter, as_json: bool) -> None:
    """Count letters: by state, pipeline and error, and in each store.

    With filters, those that match.
    """
    desk = where.desk()
    found = desk.stats(wanted)
    if as_json:
        write_json(_record(found))
    else:
        _show(found)
    for place, told in zip(desk.places, found.places, strict=True):
        if told.problem is None and (told.letters or 0) <= MANY:
            say_what_is_unreadable(place)


def _record(found: Stats) -> dict[str, Any]:
    from ninelives.redaction import redact, redact_text
    from ninelives_cli.dlq.moments import iso

    return {
        "total": found.total,
        "by_state": found.by_state,
        "by_pipeline": [{"pipeline": redact(name), "count": count} for name, count in found.by_pipeline.items()],
        "by_error": [{"error_type": redact(name or None), "count": count} for name, count in found.by_error.items()],
        "oldest": iso(found.oldest),
        "newest": iso(found.newest),
        "stores": [
            {"store": place.name, "letters": place.letters, "problem": place.problem and redact_text(place.problem)}
            for place in found.places
        ],
    }


def _show(found: Stats) -> None:
    from datetime import UTC, datetime

    from ninelives_cli.dlq.masking import clean
    from ninelives_cli.dlq.moments import ago
    from ninelives_cli.tables import show_table

    rows = [("all", "", str(found.total))]
    rows += [("state", state, str(count)) for state, count in found.by_state.items() if count]
    rows += [("pipeline", clean(name) or "none", str(count)) for name, count in found.by_pipeline.items()]
    rows += [("error", clean(name) or "none", str(count)) for name, count in found.by_error.items()]
    rows += [("store", place.name, "" if place.letters is None else str(place.letters)) for place in found.places]
    show_table(("", "which", "letters"), rows, numbers=("letters",))
    for name, when in (("oldest", found.oldest), ("newest", found.newest)):
        if when is not None:
            click.echo(f"{name}: {ago(when, datetime.now(UTC))}")
    for place in found.places:
        if place.problem is not None:
            click.echo(clean(place.problem), err=True)
