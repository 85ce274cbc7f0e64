"""Being stopped: the first signal asks for the end, the second one interrupts, the third one kills.

A terminal that goes away asks too, and only asks: its signal may come several times.
"""

from __future__ import annotations

import os
import signal
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from types import FrameType
from typing import NoReturn

import click

__all__ = ["Interrupted", "Stop", "stopping"]

SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


class Interrupted(SystemExit):
    """The second signal, where it was SIGTERM: what is under way ends, and so does the program."""


class Stop(threading.Event):
    """Set once someone asks for the end.

    Attributes:
        status: The exit status of a program that ended because of it, as shells have it: 128 and the signal's number.
            None: nobody asked.
    """

    def __init__(self) -> None:
        super().__init__()
        self.status: int | None = None
        self._signals = 0
        self._terminals = [number for number in range(3) if os.isatty(number)]
        self._alone = False

    def exit_status(self, *, ok: bool, stopped: bool) -> int:
        """The exit status that says what came of it: 0, 1, or that of the signal that kept something from being done.

        Args:
            ok: Whether all was done.
            stopped: Whether something was left because this was set.
        """
        return self.status if stopped and self.status is not None else int(not ok)

    def handle(self, number: int, frame: FrameType | None) -> None:
        """What runs when a signal comes."""
        if number == signal.SIGHUP:
            self._alone = True
            self.leave()
            if self._signals:
                return
        self._signals += 1
        if self._signals == 1:
            self.status = 128 + number
            # Not here: what was interrupted may hold the lock of this event, or of stderr.
            threading.Thread(target=self._ask, name="ninelives-stop").start()
        elif self._signals == 2:  # noqa: PLR2004 - the second one
            _interrupt(number)
        else:  # what was interrupted waits for something that does not end
            signal.signal(number, signal.SIG_DFL)
            signal.raise_signal(number)

    def _ask(self) -> None:
        self.set()
        words = "Stopping: what is in hand is finished, the rest stays. Once more stops at once."
        with suppress(OSError):  # nobody may be there to read it
            click.echo(words, file=sys.stderr)

    def leave(self) -> None:
        """Where the terminal has gone, write nothing to it any more: that would be an error in whatever is in hand."""
        if not self._alone:
            return
        nowhere = os.open(os.devnull, os.O_RDWR)
        for number in self._terminals:
            os.dup2(nowhere, number)
        os.close(nowhere)


@contextmanager
def stopping() -> Iterator[Stop]:
    """While it lasts, Ctrl-C and SIGTERM ask for the end; what is in hand may be finished.

    A second signal interrupts: what is in hand comes back. A third one kills: it comes back when its lease ends. A
    terminal that goes away (SIGHUP) asks as well; nothing is written to it any more. A signal that was ignored when the
    program began, as by ``nohup``, stays so. Needs the main thread.
    """
    stop = Stop()
    before = {number: handler for number in SIGNALS if (handler := signal.getsignal(number)) is not signal.SIG_IGN}
    try:
        for number in before:
            signal.signal(number, stop.handle)
        yield stop
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
        stop.leave()  # stdout may have been elsewhere meanwhile


def _interrupt(number: int) -> NoReturn:
    if number == signal.SIGINT:
        raise KeyboardInterrupt
    raise Interrupted(128 + number)
