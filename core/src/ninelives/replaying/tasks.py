"""The asynchronous loop of a replay: in the caller's task, and in more if asked. What blocks is done by our threads."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from ninelives.dead_letters.in_hand import held
from ninelives.decorating import Kind, kind_of
from ninelives.replaying.threads import Enter, attempt
from ninelives.workers import run_in_worker, submit

if TYPE_CHECKING:
    from ninelives.call import Call
    from ninelives.replaying.held import Work
    from ninelives.replaying.report import ReplayReport
    from ninelives.replaying.run import Run

__all__ = ["areplay"]

AsyncEnter = Callable[["Call"], Awaitable[Any]]


async def areplay(run: Run, enter: Enter, enter_async: AsyncEnter) -> ReplayReport:
    """Replay in a loop: coroutine functions are awaited, plain ones run on our threads."""
    turn = asyncio.Lock()
    await run_in_worker(run.begin, undo=lambda _begun: _end_here(run))
    try:
        for lanes in run.phases():
            await _in_tasks(lanes, lambda: _lane(run, enter, enter_async, turn), run.broken)
            await run_in_worker(run.settle)
    except GeneratorExit:  # the coroutine is being closed, and may await nothing more
        submit(_end_here, run)
        raise
    except BaseException:
        await _end(run)
        raise
    await _end(run)
    return run.report


def _end_here(run: Run) -> None:
    run.halt("interrupted")
    try:
        run.end()
    finally:
        run.over()


async def _end(run: Run) -> None:
    try:
        await run_in_worker(run.end)
    finally:
        run.over()


async def _lane(run: Run, enter: Enter, enter_async: AsyncEnter, turn: asyncio.Lock) -> None:
    while (work := await _next(run, turn)) is not None:
        if kind_of(work.call.func) is Kind.SYNC:
            error = await _on_thread(run, work, enter)
        else:
            error = await _attempt(run, work, enter_async)
        if run.ended(work, error):
            await run_in_worker(run.flush)
        run.tell()


async def _next(run: Run, turn: asyncio.Lock) -> Work | None:
    async with turn:  # the oldest begins first, and no two at once where there is a rate
        while delay := run.delay():
            if run.is_pending:
                await run_in_worker(run.flush)
                run.tell()
            await run.clock.asleep(delay)
        while (work := run.ready()) is None and await run_in_worker(run.fill):
            pass
        return work


async def _on_thread(run: Run, work: Work, enter: Enter) -> Exception | None:
    """Run a letter of a plain function; a cancellation waits for it, and then what came of it counts."""

    def record(error: Exception | None) -> None:
        run.ended(work, error)
        run.flush()

    return await run_in_worker(attempt, run, work, enter, undo=record)


async def _attempt(run: Run, work: Work, enter_async: AsyncEnter) -> Exception | None:
    """Run a letter of a coroutine function, in a task of its own and so in a copy of the context; what it raised."""
    work.held.begun = True
    with held(work.hand):
        task = asyncio.create_task(_entered(enter_async, work.call))
        try:
            await task
        except Exception as error:
            return error
        except BaseException:
            if task.done() and not task.cancelled() and isinstance(raised := task.exception(), Exception | None):
                run.ended(work, raised)  # the cancellation overtook its end
            else:
                run.interrupted(work)
            with suppress(RuntimeError):  # the loop is closed
                task.cancel()
            raise
    return None


async def _entered(enter_async: AsyncEnter, call: Call) -> None:
    await enter_async(call)


async def _in_tasks(count: int, lane: Callable[[], Awaitable[None]], broken: Callable[[BaseException], None]) -> None:
    """Run `lane` in so many tasks, the caller's own among them; cancelled, it cancels them all.

    If one raises, the others finish what they have in hand.
    """
    raised: list[BaseException] = []

    async def guarded() -> None:
        try:
            await lane()
        except Exception as error:
            raised.append(error)
            broken(error)

    others = [asyncio.create_task(guarded()) for _ in range(count - 1)]
    try:
        await guarded()
        await asyncio.gather(*others)
    except BaseException as end:
        broken(end)
        with suppress(RuntimeError):  # the loop is closed
            for task in others:
                task.cancel()
            if not isinstance(end, GeneratorExit):
                await asyncio.gather(*others, return_exceptions=True)
        raise
    if raised:
        raise raised[0]
