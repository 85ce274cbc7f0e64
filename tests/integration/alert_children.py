"""Programs that tests of alerts start as processes of their own: ``alert_children.py NAME PATH``."""

from __future__ import annotations

import json
import logging
import os
import signal
import sys
from collections.abc import Callable
from threading import Event
from typing import Any

from ninelives import Pipeline
from ninelives.notifications.notification import Notification

SIGNALLED = 3


class FileChannel:
    """Appends each notification to a file, as a line: which process sent it, what of, and for how many."""

    def __init__(self, path: str, after: Event | None = None) -> None:
        self._path = path
        self._after = after

    def send(self, notification: Notification, *, timeout: float) -> None:
        if self._after is not None:
            self._after.wait()
        kind = (notification.error_type or "").rpartition(".")[2]
        line = json.dumps([os.getpid(), kind, notification.count]) + "\n"
        with open(self._path, "a", encoding="utf-8") as file:
            file.write(line)

    def close(self) -> None:
        pass


class HangingChannel:
    """Never comes back, whatever its time-out says."""

    name = "pager:"

    def send(self, notification: Notification, *, timeout: float) -> None:
        Event().wait()

    def close(self) -> None:
        pass


def say(*words: object) -> None:
    """One line for whoever has started the program."""
    sys.stdout.write(" ".join(map(str, words)) + "\n")
    sys.stdout.flush()


def alerting(*channels: Any, **notify: Any) -> Pipeline:
    """A pipeline that does nothing but tell."""
    return Pipeline("shop", chain=["notify"], notify={"channels": list(channels), **notify})


def failing(pipeline: Pipeline, error: type[Exception], times: int = 1) -> None:
    """Calls that fail, of one kind."""

    def fail() -> None:
        raise error("no answer")

    for _ in range(times):
        pipeline.try_run(fail)


def signalled(path: str) -> None:
    """Accept what can't be delivered before the program's own handler of SIGTERM ends it."""
    ending = Event()

    def end(*_: object) -> None:
        ending.set()
        raise SystemExit(SIGNALLED)

    signal.signal(signal.SIGTERM, end)
    pipeline = alerting(FileChannel(path, after=ending))
    for error in (OSError, TimeoutError, ConnectionError):
        failing(pipeline, error, times=10)
    say("accepted")
    signal.pause()


def hanging(path: str) -> None:
    """One channel hangs for ever, another is well; and the program ends."""
    failing(alerting(HangingChannel(), FileChannel(path)), OSError, times=10)


def hanging_at_close(path: str) -> None:
    """The same, and what could be waited for is waited for before the end."""
    with alerting(HangingChannel(), FileChannel(path)) as pipeline:
        failing(pipeline, OSError, times=10)


def forked(path: str) -> None:
    """Fork while the parent's alerts wait, and more are counted; both fail on, and end."""
    go = Event()
    pipeline = alerting(FileChannel(path, after=go))
    failing(pipeline, OSError, times=10)
    child = os.fork()
    go.set()
    failing(pipeline, TimeoutError if child == 0 else ConnectionError, times=5)
    if child != 0:
        _, status = os.waitpid(child, 0)
        say(os.getpid(), child, status)


def frozen(path: str) -> None:
    """Stop for good as soon as the call is over, as a Lambda function may."""
    failing(alerting(FileChannel(path)), OSError, times=2)
    os._exit(0)


def many(path: str) -> None:
    """Ten thousand failures of one kind, and the end."""
    logging.getLogger("ninelives").setLevel(logging.CRITICAL)  # there would be a line for each
    failing(alerting(FileChannel(path)), OSError, times=10_000)


def new_kinds(path: str) -> None:
    """Ever new kinds of failure, more than are kept apart, each of them three times."""
    logging.getLogger("ninelives").setLevel(logging.CRITICAL)  # there would be a line for each
    pipeline = alerting(FileChannel(path))
    for number in range(3_000):
        failing(pipeline, type(f"Error{number}", (Exception,), {}), times=3)


def closing(path: str) -> None:
    """A pipeline for each call, closed after it: as programs do that build all they need anew."""
    for _ in range(100):
        with alerting(FileChannel(path)) as pipeline:
            failing(pipeline, OSError)


PROGRAMS: dict[str, Callable[[str], None]] = {
    program.__name__: program
    for program in (signalled, hanging, hanging_at_close, forked, frozen, many, new_kinds, closing)
}


if __name__ == "__main__":
    PROGRAMS[sys.argv[1]](sys.argv[2])
