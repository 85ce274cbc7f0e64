"""What a user's program prints while it runs: it goes to stderr, and is never in the way of its work."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable, Iterator
from contextlib import ExitStack, contextmanager, redirect_stderr, redirect_stdout, suppress
from typing import Any, TextIO, cast

__all__ = ["aside"]


@contextmanager
def aside() -> Iterator[None]:
    """While it lasts, what is printed goes to stderr, by programs that are started too: stdout is the command's own.

    What stderr does not take, as of a pipe that nobody reads any more, is left out: a function does not fail by it.
    """
    with ExitStack() as stack:
        # Programs can be started with closed streams, and then have none.
        there = sys.stderr or stack.enter_context(open(os.devnull, "w", encoding="utf-8"))
        lenient = cast("TextIO", _Lenient(there))
        stack.enter_context(_started_programs_too(there))
        stack.enter_context(redirect_stdout(lenient))
        stack.enter_context(redirect_stderr(lenient))
        yield


class _Lenient:
    """A stream that leaves out what can't be written, and stays open: it is everyone's."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream

    def write(self, text: str) -> int:
        with suppress(OSError):
            self._stream.write(text)
        return len(text)

    def writelines(self, lines: Iterable[str]) -> None:
        for line in lines:
            self.write(line)

    def flush(self) -> None:
        with suppress(OSError):
            self._stream.flush()

    def close(self) -> None:
        self.flush()

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)


@contextmanager
def _started_programs_too(there: TextIO) -> Iterator[None]:
    try:
        number, other = sys.stdout.fileno(), there.fileno()
    except (AttributeError, OSError):  # closed: its number may be something else's by now, as the store's own file
        yield
        return
    sys.stdout.flush()
    kept = os.dup(number)
    os.dup2(other, number)
    try:
        yield
    finally:
        os.dup2(kept, number)
        os.close(kept)
