"""Structured logs on stderr, for commands that run pipelines: the library itself configures no logging."""

from __future__ import annotations

import logging
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache

import click

from ninelives.redaction import one_line, redact_text
from ninelives_cli.tables import coloured

__all__ = ["logs_on_stderr", "warnings_on_stderr"]

_FORMAT = "%(asctime)s.%(msecs)03d %(levelname)-8s %(message)s"


class _Stderr(logging.Handler):
    """Writes to what `sys.stderr` is at that moment: on a terminal, what is being drawn takes its place.

    There the lines are dim, so that they do not hide what else is to be seen.
    """

    def emit(self, record: logging.LogRecord) -> None:
        click.secho(self.format(record), file=sys.stderr, dim=True, color=coloured())


class _Warnings(logging.Handler):
    """Writes warnings in the words of the command line; events are for logs that someone keeps."""

    def emit(self, record: logging.LogRecord) -> None:
        said = record.getMessage()
        if said.startswith("notification "):  # of the channel log:, and its sentence says it
            said = getattr(record, "text", said)
        if said.partition(" ")[0] not in _event_names():
            click.echo(f"Warning: {one_line(redact_text(said))}", err=True)


@cache
def _event_names() -> frozenset[str]:
    from ninelives.events import EVENTS

    return frozenset(kind.name for kind in EVENTS)


@contextmanager
def warnings_on_stderr() -> Iterator[None]:
    """While it lasts, what the logger ``ninelives`` is warned of goes to stderr, and its events go nowhere."""
    logger = logging.getLogger("ninelives")
    handler = _Warnings(logging.WARNING)
    logger.addHandler(handler)
    try:
        yield
    finally:
        logger.removeHandler(handler)


@contextmanager
def logs_on_stderr() -> Iterator[None]:
    """While it lasts, the logger ``ninelives`` writes events and alerts to stderr, one a line."""
    logger = logging.getLogger("ninelives")
    handler, level = _Stderr(), logger.level
    handler.setFormatter(logging.Formatter(_FORMAT, "%H:%M:%S"))
    logger.addHandler(handler)
    logger.setLevel(logging.INFO)
    try:
        yield
    finally:
        logger.setLevel(level)
        logger.removeHandler(handler)
