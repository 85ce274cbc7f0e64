"""The synchronous loop of a replay: in the caller's thread, and in more if asked."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from contextvars import copy_context
from threading import Lock, Thread
from typing import TYPE_CHECKING, Any

from ninelives.dead_letters.in_hand import held

if TYPE_CHECKING:
    from ninelives.call import Call
    from ninelives.replaying.held import Work
    from ninelives.replaying.report import ReplayReport
    from ninelives.replaying.run import Run

__all__ = ["Enter", "attempt", "replay"]

Enter = Callable[["Call"], Any]


def replay(run: Run, enter: Enter) -> ReplayReport:
    """Replay; letters of coroutine functions are left as they are."""
    turn = Lock()
    run.begin()
    try:
        for lanes in run.phases():
            _in_threads(lanes, lambda: _lane(run, enter, turn), run.broken)
            run.settle()
    finally:
        try:
            run.end()
        finally:
            run.over()
    return run.report


def _lane(run: Run, enter: Enter, turn: Lock) -> None:
    while (work := _next(run, turn)) is not None:
        error = attempt(run, work, enter)
        if run.ended(work, error):
            run.flush()
        run.tell()


def _next(run: Run, turn: Lock) -> Work | None:
    with turn:  # the oldest begins first, and no two at once where there is a rate
        while delay := run.delay():
            if run.is_pending:
                run.flush()
                run.tell()
            run.clock.sleep(delay)
        while (work := run.ready()) is None and run.fill():
            pass
        return work


def attempt(run: Run, work: Work, enter: Enter) -> Exception | None:
    """Run a letter of a plain function, in a copy of the context; what it raised."""
    try:
        work.held.begun = True
        with held(work.hand):
            copy_context().run(enter, work.call)
    except Exception as error:
        return error
    except BaseException:
        run.interrupted(work)
        raise
    return None


def _in_threads(count: int, lane: Callable[[], None], broken: Callable[[BaseException], None]) -> None:
    """Run `lane` in so many threads, the caller's own among them; each has the caller's context.

    If one is interrupted, the others finish what they have in hand.
    """
    raised: list[BaseException] = []

    def guarded() -> None:
        try:
            lane()
        except BaseException as error:
            raised.append(error)
            broken(error)

    threads = [Thread(target=copy_context().run, args=(guarded,), daemon=True) for _ in range(count - 1)]
    try:
        _start(threads)
        guarded()
        _join(threads)
    except BaseException as error:  # the program is being ended while it waits
        broken(error)
        _join(threads)
        raise
    if raised:
        raise raised[0]


def _start(threads: list[Thread]) -> None:
    with suppress(RuntimeError):  # there can be no more
        for thread in threads:
            thread.start()


def _join(threads: list[Thread]) -> None:
    for thread in threads:
        if thread.ident is not None:  # it was started
            thread.join()
