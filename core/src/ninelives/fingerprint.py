"""What makes two failures one kind: the error's type, its cause's type, and where it was raised; never its message."""

from __future__ import annotations

import os
import re
from collections import deque
from functools import lru_cache
from hashlib import sha256
from itertools import islice
from types import FrameType, TracebackType
from typing import TYPE_CHECKING

from ninelives.describing import clean_text, type_name
from ninelives.registry import main_module

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["FINGERPRINT_VERSION", "fingerprint", "fingerprint_said", "is_ours"]

FINGERPRINT_VERSION = 1
"""The rule by which fingerprints are made; those of different versions can't be compared."""

_DIGITS = 16

# Of a longer traceback the innermost entries count, and of an absurd one the first million.
_MOST_FRAMES = 1_000
_MOST_STEPS = 1_000_000
_MOST_MEMBERS = 1_000  # of an exception group

# Calls that fail, fail much alike: how many answers are kept, each a few short texts.
_REMEMBERED = 512

_OURS = __name__.partition(".")[0]
_INSTALLED = ("/site-packages/", "/dist-packages/")

# Written into a name at run time: an address, or at least eight hexadecimal digits of an id. They differ by process.
_ID = re.compile(r"0x[0-9a-fA-F]+|(?=[a-f]*[0-9])[0-9a-f]{8,}")
# Up to Python 3.11 these are functions of their own, since then part of the function around them.
_COMPREHENSION = re.compile(r"<(list|set|dict)comp>\.?")


def fingerprint(error: BaseException, package: str = "") -> str:
    """A short name for the kind of failure, the same in every process and on every machine.

    It is made of the error's type, the type of what it was raised ``from``, and the frame that raised it in the
    caller's own code: not in an installed package, the standard library or ninelives; where there is no such frame, the
    innermost that is not ours. Of the frame it takes the module and the function, but no line number: an edit above
    does not make it another kind. Of an exception group it takes its members' types too.

    Args:
        error: What was raised. A cyclic ``__cause__`` and a traceback of any length do no harm.
        package: The package of the function that was called: the caller's own code, also where it is installed.

    Returns:
        16 hexadecimal digits of a SHA-256.

    Example:
        >>> fingerprint(ValueError("one")) == fingerprint(ValueError("two"))
        True
    """
    cause = error.__cause__
    kinds = (_kind(error), _kind(cause) if cause is not None else "")
    return _hashed(*kinds, _raised_in(error.__traceback__, package))


def fingerprint_said(error_type: str, operation: str = "") -> str:
    """The same for a failure of which only words are known: what kind of error it was, and what was being done."""
    return _hashed("said", error_type, operation)


@lru_cache(maxsize=_REMEMBERED)
def _hashed(*parts: str) -> str:
    text = clean_text(_ID.sub("#", "\n".join(parts)))
    return sha256(text.encode()).hexdigest()[:_DIGITS]


def _kind(error: BaseException) -> str:
    """The error's type; of a group with the types of its members, each once: their number and order are chance."""
    if not isinstance(error, BaseExceptionGroup):
        return type_name(error)
    members = sorted({type_name(member) for member in islice(_members(error), _MOST_MEMBERS)})
    return f"{type_name(error)}[{', '.join(members)}]"


def _members(group: BaseExceptionGroup[BaseException]) -> Iterator[BaseException]:
    waiting: list[BaseException] = [group]
    while waiting:
        error = waiting.pop()
        if isinstance(error, BaseExceptionGroup):
            waiting += error.exceptions
        else:
            yield error


def _raised_in(traceback: TracebackType | None, package: str) -> str:
    """``module:function`` of the raising frame; empty if there is none but ours."""
    innermost = None
    for frame in reversed(deque(islice(_frames(traceback), _MOST_STEPS), maxlen=_MOST_FRAMES)):
        if is_ours(frame):
            continue
        if _is_callers(frame, package):
            return _named(frame)
        innermost = innermost or frame
    return _named(innermost) if innermost is not None else ""


def _named(frame: FrameType) -> str:
    return f"{_module(frame)}:{_function(frame)}"


def _frames(traceback: TracebackType | None) -> Iterator[FrameType]:
    while traceback is not None:
        yield traceback.tb_frame
        traceback = traceback.tb_next


def _is_callers(frame: FrameType, package: str) -> bool:
    if package and _package(frame) == package:
        return True
    if not isinstance(frame.f_globals.get("__name__"), str):
        return False  # code that a library made of text
    return _is_callers_file(frame.f_code.co_filename)


@lru_cache(maxsize=_REMEMBERED)
def _is_callers_file(filename: str) -> bool:
    path = _plain(filename)
    return not any(place in path for place in _INSTALLED) and not path.startswith((_STDLIB, "<frozen "))


def _plain(path: str) -> str:
    return path.replace("\\", "/")  # as Windows writes it


_STDLIB = _plain(os.path.dirname(os.__file__)) + "/"


def _module(frame: FrameType) -> str:
    name = frame.f_globals.get("__name__")
    # What runs as a script here is imported by its name elsewhere.
    return main_module() if name == "__main__" else str(name)


def is_ours(frame: FrameType) -> bool:
    """Whether it runs code of ninelives."""
    return _package(frame) == _OURS


def _package(frame: FrameType) -> str:
    return _module(frame).partition(".")[0]


def _function(frame: FrameType) -> str:
    name = _COMPREHENSION.sub("", frame.f_code.co_qualname)
    return name.removesuffix(".").removesuffix(".<locals>") or "<module>"
