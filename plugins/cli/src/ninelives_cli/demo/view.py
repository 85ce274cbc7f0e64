"""The demo as it is seen while it runs: drawn on a terminal, plain lines for whatever else reads stdout."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import click

from ninelives import CircuitState, Outcome
from ninelives_cli.demo.scene import LATEST, Scene
from ninelives_cli.demo.service import Phase
from ninelives_cli.tables import on_terminal

__all__ = ["PlainView", "TerminalView", "open_view"]

LINES = 10
"""How many lines about its progress the plain view prints."""

_COLOURS = {CircuitState.CLOSED: "green", CircuitState.OPEN: "red", CircuitState.HALF_OPEN: "yellow"}


@contextmanager
def open_view(requests: int) -> Iterator[Scene]:
    """The view that fits stdout, for as long as this lasts."""
    if not on_terminal():
        yield PlainView(requests)
        return
    view = TerminalView(requests)
    with view.live():
        yield view


class PlainView(Scene):
    """A line for what changes, and for every tenth of the requests."""

    def __init__(self, requests: int) -> None:
        super().__init__(requests)
        self._began = time.monotonic()
        self._every = max(1, requests // LINES)

    def entered(self, phase: Phase) -> None:
        """Say it."""
        super().entered(phase)
        self._say(self.doing)

    def replaying(self, letters: int) -> None:
        """Say it."""
        super().replaying(letters)
        self._say(self.doing)

    def circuit_moved(self) -> None:
        """Say it."""
        super().circuit_moved()
        self._say(f"circuit {self.state}")

    def finished(self, outcome: Outcome[str]) -> None:
        """Say how far it is, now and then."""
        done = self.count("done")
        if done % self._every == 0 or done == self.requests:
            self._say(f"{done}/{self.requests} requests; circuit {self.state}, {self.numbers}")

    def _say(self, words: str) -> None:
        # One write, so that lines of several threads do not mix.
        click.echo(f"{time.monotonic() - self._began:5.1f} s  {words}")


class TerminalView(Scene):
    """A progress bar, the circuit, the numbers and the latest happenings, drawn again ten times a second."""

    def live(self) -> Any:
        """What draws it while it is entered.

        Logs go to the same terminal as a rule: then they are printed above the drawing. Where stderr is something else,
        it stays that.
        """
        from rich.live import Live

        logs_too = sys.stderr is not None and sys.stderr.isatty()
        return Live(get_renderable=self.render, refresh_per_second=10, transient=True, redirect_stderr=logs_too)

    def render(self) -> Any:
        """What is to be seen at this moment."""
        from rich.console import Group
        from rich.panel import Panel
        from rich.progress_bar import ProgressBar
        from rich.table import Table
        from rich.text import Text

        progress = Table.grid(padding=(0, 1), expand=True)
        progress.add_column(ratio=1)
        progress.add_column(justify="right")
        progress.add_row(ProgressBar(self.requests, self.done), f"{self.done}/{self.requests}")
        circuit = Text.assemble(
            "circuit ", (self.state, f"bold {_COLOURS.get(self.circuit, 'red')}"), "   ", self.numbers
        )
        latest = list(self.latest)
        # As many lines as there may be, so that the drawing does not jump.
        lines = [Text(line, "dim", overflow="ellipsis", no_wrap=True) for line in latest]
        lines += [Text()] * (LATEST - len(lines))
        return Panel(Group(progress, circuit, *lines), title=self.doing, title_align="left")
