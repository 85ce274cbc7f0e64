"""The end of the demo: what came of every request, and what is left."""

from __future__ import annotations

import click

from ninelives_cli.demo.verdict import Verdict
from ninelives_cli.tables import coloured, show_table

__all__ = ["report"]

SHOWN = 10
"""How many lost requests are named; the others are counted only."""


def report(verdict: Verdict, store: str, run_id: str) -> None:
    """Print it to stdout.

    Args:
        verdict: What came of the requests.
        store: Where the letters are.
        run_id: The tag of this run's letters.
    """
    show_table(("", "number", "which are"), _rows(verdict), numbers=("number",))
    click.echo(_letters(verdict, store, run_id))
    for order, problem in list(verdict.lost.items())[:SHOWN]:
        click.echo(f"lost: {order}: {problem}")
    lost = f"lost: {len(verdict.lost)} of {verdict.requests} requests"
    click.secho(lost, fg="red" if verdict.lost else "green", color=coloured())


def _rows(verdict: Verdict) -> list[tuple[str, str, str]]:
    return [
        ("requests", str(verdict.requests), "first try + retried + dead-lettered"),
        ("first try", str(verdict.first_try), "answered at the first attempt"),
        ("retried", str(verdict.retried), "answered after one or more retries"),
        ("refused", str(verdict.refused), "of the dead-lettered, those that the open circuit let not even try"),
        ("dead-lettered", str(verdict.dead_lettered), "failed for good, and kept as letters"),
        ("replayed", str(verdict.replayed), "letters run again and answered"),
        ("lost", str(len(verdict.lost)), "without the right answer, and without a letter"),
    ]


def _letters(verdict: Verdict, store: str, run_id: str) -> str:
    if verdict.others is None:
        return f"{store} can't be looked through: whether letters are left in it is not known."
    others = f" and {verdict.others} of others, untouched" if verdict.others else ""
    if not verdict.waiting:
        return f"{store} holds no letter of this run{others}."
    letters = "1 letter" if verdict.waiting == 1 else f"{verdict.waiting} letters"
    return f"{store} holds {letters} of this run, tagged run={run_id}{others}."
