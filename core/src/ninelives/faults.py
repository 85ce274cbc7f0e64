"""Saying that a part of the failure path has failed itself, wherever that can still be said."""

from __future__ import annotations

import sys
from collections.abc import Callable
from contextlib import suppress
from functools import wraps
from typing import Literal, ParamSpec

from ninelives.describing import type_name
from ninelives.late_imports import ready

__all__ = ["log_fault", "never_raises"]

P = ParamSpec("P")


def log_fault(level: Literal["warning", "error", "critical"], text: str, *about: object, fault: BaseException) -> None:
    """Log a fault with its masked traceback; never raises an `Exception`.

    Where that fails, stderr has it without what the fault says: while the interpreter ends nothing can be imported any
    more, and what masks may not be there.

    Args:
        level: How bad it is.
        text: What has happened, with ``%s`` for each of `about`.
        about: What it happened to, masked.
        fault: What went wrong.

    Example:
        >>> log_fault("warning", "listener %s has failed", "tell", fault=ValueError("no"))
    """
    ready()
    try:
        import logging

        from ninelives.redaction import masked_traceback

        getattr(logging.getLogger("ninelives"), level)(f"{text}\n%s", *about, masked_traceback(fault))
    except Exception:
        with suppress(Exception):  # there may be no stderr
            sys.stderr.write(f"ninelives: {text % about}: {type_name(fault)}\n")


def never_raises(text: str) -> Callable[[Callable[P, object]], Callable[P, None]]:
    """For what is done beside a call: its fault is logged under this text, and takes nobody else's place.

    Example:
        >>> @never_raises("it could not be told")
        ... def tell() -> None:
        ...     raise ValueError("no")
        >>> tell()
    """

    def decorate(func: Callable[P, object]) -> Callable[P, None]:
        @wraps(func)
        def guarded(*args: P.args, **kwargs: P.kwargs) -> None:
            try:
                func(*args, **kwargs)
            except Exception as fault:
                log_fault("error", text, fault=fault)

        return guarded

    return decorate
