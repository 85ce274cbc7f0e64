"""Where logs go: through the program's own structlog configuration, else through the standard library's logging.

Nothing here calls `structlog.configure`, and nothing is printed to stdout.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping, MutableMapping
from functools import cache
from typing import Any

import structlog

from ninelives.redaction import functions_in, redact

__all__ = ["NAME", "write"]

NAME = "ninelives"
"""The logger's name, in both worlds."""

# Asked for once: logging takes a lock for that, which a signal handler that raises could leave held.
_LOGGER = logging.getLogger(NAME)

# What a log record has of its own, and what structlog and logging take as arguments of theirs.
_TAKEN = frozenset(vars(logging.makeLogRecord({}))) | {
    "asctime",
    "event",
    "extra",
    "level",
    "logger",
    "message",
    "positional_args",
    "self",
    "stacklevel",
    "timestamp",
}


def write(level: str, event: str, fields: Mapping[str, Any]) -> None:
    """Log one event.

    Args:
        level: ``debug``, ``info``, ``warning``, ``error`` or ``critical``.
        event: Its name, as the logs carry it under ``event``.
        fields: What is known of it. Secrets are masked and control characters escaped: no value can pretend to be
            another line. A field whose name the logs have taken already gets a ``_`` behind it.
    """
    if structlog.is_configured():
        logger = structlog.get_logger(NAME)
    elif _LOGGER.isEnabledFor(getattr(logging, level.upper())):
        logger = _standard()
    else:
        return
    shown = {f"{name}_" if name in _TAKEN else name: value for name, value in _masked(fields).items()}
    getattr(logger, level)(event, **shown)


def _masked(fields: Mapping[str, Any]) -> dict[str, Any]:
    names = [*functions_in(fields), *functions_in(fields.get("details"))]  # a notification's are among its details
    masked: dict[str, Any] = redact(dict(fields), one_line_only=True, functions=names)
    return masked


@cache
def _standard() -> Any:
    # Its own processors and classes: a default of structlog's could print to stdout, and a later configure() change it.
    return structlog.wrap_logger(
        _LOGGER,
        processors=[_as_record],
        wrapper_class=structlog.stdlib.BoundLogger,
        context_class=dict,
        cache_logger_on_first_use=False,
    )


def _as_record(_logger: Any, _method: str, record: MutableMapping[str, Any]) -> tuple[tuple[str], dict[str, Any]]:
    """One readable line for handlers that show the message only, and the fields for those that show more."""
    event = record.pop("event")
    # The handler's own format says when.
    pairs = [pair for name, value in record.items() if name != "at" for pair in _pairs(name, value)]
    return (" ".join([event, *pairs]),), {"extra": dict(record)}


def _pairs(name: str, value: Any) -> list[str]:
    if isinstance(value, dict):
        return [pair for key, item in value.items() for pair in _pairs(f"{name}.{key}", item)]
    return [] if value is None else [f"{name}={_shown(value)}"]


def _shown(value: Any) -> str:
    if isinstance(value, float):
        return f"{value:.6g}"
    text = str(value)
    if text and not any(char in text for char in ' ="'):
        return text
    return '"' + text.replace('"', '\\"') + '"'
