"""How far something long is: a bar on a terminal, a line now and then for whatever else reads stderr."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, Protocol

import click

from ninelives_cli.tables import can_draw_on

__all__ = ["HowFar", "Lines", "quiet_option", "showing"]

EVERY = 10.0
"""Seconds between two lines where no bar can be drawn; what takes less says nothing."""


class HowFar(Protocol):
    """How far it is."""

    @property
    def done(self) -> int:
        """How many letters it is through with, whatever came of them."""
        ...

    @property
    def total(self) -> int | None:
        """How many there are; None where that is not known."""
        ...

    @property
    def failed(self) -> int:
        """How many of them failed."""
        ...


Command = Callable[..., Any]
Show = Callable[[HowFar], object]


def quiet_option(command: Command) -> Command:
    """The flag ``--quiet``; the command gets it as ``quiet``."""
    return click.option("-q", "--quiet", is_flag=True, help="Do not show how far it is.")(command)


@contextmanager
def showing(doing: str, *, hidden: bool = False) -> Iterator[Show]:
    """Show on stderr how far it is, for as long as this lasts; stdout is left alone.

    Args:
        doing: What is done: ``replaying``.
        hidden: Whether nothing is to be shown.

    Yields:
        What is to be told how far it is, by any thread.
    """
    if hidden:
        yield _nothing
    elif can_draw_on(sys.stderr):
        with _bar(doing) as show:
            yield show
    else:
        yield Lines(doing)


class Lines:
    """A line every ten seconds.

    Args:
        doing: What is done.
        monotonic: Tells the time.
    """

    def __init__(self, doing: str, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._doing = doing
        self._monotonic = monotonic
        self._began = self._said = monotonic()

    def __call__(self, progress: HowFar) -> None:
        """Say how far it is, if it is time."""
        now = self._monotonic()
        if now - self._said < EVERY:
            return
        self._said = now
        rate = progress.done / (now - self._began)
        click.echo(f"{self._doing}: {_count(progress)}, {_failed(progress)}{rate:.0f}/s", err=True)


def _nothing(_progress: HowFar) -> None:
    """Nobody looks."""


@contextmanager
def _bar(doing: str) -> Iterator[Show]:
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        TextColumn("{task.fields[said]}"),
        TimeRemainingColumn(),
    )
    # What is written to stderr meanwhile stands above the bar; stdout is left alone.
    bar = Progress(*columns, console=Console(stderr=True), redirect_stdout=False, transient=True)
    began = time.monotonic()
    task = bar.add_task(doing, total=None, said="")

    def show(progress: HowFar) -> None:
        rate = progress.done / max(time.monotonic() - began, 0.001)
        said = f"{_count(progress)}  {_failed(progress)}{rate:.0f}/s"
        bar.update(task, completed=progress.done, total=progress.total, said=said)

    with bar:
        yield show


def _count(progress: HowFar) -> str:
    return f"{progress.done}" if progress.total is None else f"{progress.done} of {progress.total}"


def _failed(progress: HowFar) -> str:
    return f"{progress.failed} failed, " if progress.failed else ""
