"""What makes two failures one kind: the error's type, its cause's type, and where it was raised; never its message."""

from __future__ import annotations

import os
from collections import deque
from hashlib import sha256
from itertools import islice
from types import CodeType, FrameType, TracebackType
from typing import TYPE_CHECKING

from ninelives.describing import clean_text, type_name
from ninelives.registry import main_module

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["FINGERPRINT_VERSION", "fingerprint"]

FINGERPRINT_VERSION = 1
"""The rule by which fingerprints are made; those of different versions can't be compared."""

_DIGITS = 16

# Of a longer traceback the innermost entries count, and of an absurd one the first million.
_MOST_FRAMES = 1_000
_MOST_STEPS = 1_000_000

_OURS = __name__.partition(".")[0]
_STDLIB = os.path.dirname(os.__file__) + os.sep
_INSTALLED = tuple(f"{os.sep}{place}{os.sep}" for place in ("site-packages", "dist-packages"))


def fingerprint(error: BaseException) -> str:
    """A short name for the kind of failure, the same in every process and on every machine.

    It is made of the error's type, the type of what it was raised ``from``, and the frame that raised it in the
    caller's own code: not in an installed package, the standard library or ninelives; where there is no such frame, the
    innermost that is not ours. Of the frame it takes the module and the function, but no line number: an edit above
    does not make it another kind.

    Args:
        error: What was raised. A cyclic ``__cause__`` and a traceback of any length do no harm.

    Returns:
        16 hexadecimal digits of a SHA-256.

    Example:
        >>> fingerprint(ValueError("one")) == fingerprint(ValueError("two"))
        True
    """
    cause = error.__cause__
    parts = (type_name(error), type_name(cause) if cause is not None else "", _raised_in(error.__traceback__))
    return sha256(clean_text("\n".join(parts)).encode()).hexdigest()[:_DIGITS]


def _raised_in(traceback: TracebackType | None) -> str:
    """``module:function`` of the raising frame; empty if there is none but ours."""
    frames = deque(islice(_frames(traceback), _MOST_STEPS), maxlen=_MOST_FRAMES)
    foreign = [frame for frame in reversed(frames) if _package(frame) != _OURS]
    frame = next((frame for frame in foreign if _is_callers(frame.f_code)), foreign[0] if foreign else None)
    return f"{_module(frame)}:{frame.f_code.co_qualname}" if frame is not None else ""


def _frames(traceback: TracebackType | None) -> Iterator[FrameType]:
    while traceback is not None:
        yield traceback.tb_frame
        traceback = traceback.tb_next


def _is_callers(code: CodeType) -> bool:
    path = code.co_filename
    installed = any(place in path for place in _INSTALLED)
    return not installed and not path.startswith((_STDLIB, "<frozen "))


def _module(frame: FrameType) -> str:
    name = frame.f_globals.get("__name__")
    # What runs as a script here is imported by its name elsewhere.
    return main_module() if name == "__main__" else str(name)


def _package(frame: FrameType) -> str:
    return str(frame.f_globals.get("__name__")).partition(".")[0]
