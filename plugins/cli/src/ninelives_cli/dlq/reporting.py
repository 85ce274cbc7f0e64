"""What came of a replay, for people and for machines."""

from __future__ import annotations

from math import ceil
from typing import TYPE_CHECKING

import click
from msgspec import structs

from ninelives.inspecting import functions_of
from ninelives.registry import NOT_REGISTERED
from ninelives_cli.dlq.masking import clean, clean_function
from ninelives_cli.dlq.output import counted, write_json
from ninelives_cli.tables import on_terminal, show_table

if TYPE_CHECKING:
    from ninelives.pipeline import Pipeline
    from ninelives.replaying.report import ReplayReport

__all__ = ["show_report"]

# What is shown of each number in the report that is not 0; of `replayed` always.
_MEANINGS = {
    "replayed": "succeeded, and gone",
    "failed": "failed again: back, with the new error",
    "parked": "of these: failed too often, and parked now",
    "refused": "given back: the circuit is open",
    "busy": "held elsewhere: free when that is done, or when its lease ends",
    "skipped": "not run: left as they are",
    "unconfirmed": "succeeded, but that could not be recorded: may be run once more",
    "lost": "took longer than their lease: someone else may have run them too",
}
_NONE = (
    "No letter that waits matches. Parked ones ('ninelives dlq list --state parked') are run by their ids only, or "
    "once they are unparked."
)


def show_report(report: ReplayReport, pipeline: Pipeline, *, as_json: bool) -> None:
    """Print it to stdout; what to do next goes to stderr.

    Args:
        report: What came of the replay.
        pipeline: Whose functions ran.
        as_json: Whether it is printed as one object.
    """
    reasons = {letter_id: clean(why) for letter_id, why in report.reasons.items()}
    problems = [clean(problem) for problem in report.problems]
    if as_json:
        write_json(structs.asdict(report) | {"reasons": reasons, "problems": problems, "ok": report.ok})
        return
    _show_numbers(report)
    if reasons:
        if not on_terminal():  # where a table has space around it
            click.echo()
        show_table(("letter", "why not"), [(clean(letter_id), why) for letter_id, why in reasons.items()])
    for problem in problems:
        click.echo(f"Not read: {problem}", err=True)
    if any(why.endswith(NOT_REGISTERED) for why in report.reasons.values()):
        known = ", ".join(map(clean_function, functions_of(pipeline))) or "none"
        click.echo(f"Registered are: {known}. Import modules that register others with --import MODULE.", err=True)
    if report.stopped is not None:
        click.echo(_end(report), err=True)


def _show_numbers(report: ReplayReport) -> None:
    if report.planned is not None:
        click.echo(f"{counted(report.planned)} would be run")
    numbers = {name: number for name in _MEANINGS if (number := getattr(report, name))}
    if report.planned is None:
        numbers = {"replayed": report.replayed} | numbers
    if not any(numbers.values()) and not report.planned and report.stopped is None:
        click.echo(_NONE, err=True)
    if numbers:
        rows = [(name, str(number), _MEANINGS[name]) for name, number in numbers.items()]
        show_table(("outcome", "letters", ""), rows, numbers=("letters",))


def _end(report: ReplayReport) -> str:
    """Why it ended before all were run, and when to go on."""
    if report.stopped != "circuit open":
        return f"Ended early: {report.stopped}. The rest is as it was."
    if report.retry_after is None:
        return "Ended early: the circuit is isolated, and admits no call until it is reset."
    return f"Ended early: the circuit is open. Go on in {ceil(report.retry_after)} s."
