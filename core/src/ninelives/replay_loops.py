"""The two loops of a replay, a few lines each: what is done with a letter is said once, in `ninelives.replaying`."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable
from typing import TYPE_CHECKING, Any

from ninelives.call import Call
from ninelives.dead_letters.in_hand import held
from ninelives.decorating import Kind, kind_of
from ninelives.errors import ConfigurationError

if TYPE_CHECKING:
    from ninelives.clock import Clock
    from ninelives.dead_letters.claims import Claimed
    from ninelives.registry import Registry
    from ninelives.replay_report import ReplayReport
    from ninelives.replaying import Replay, What

__all__ = ["areplay", "replay", "replay_of"]

Enter = Callable[[Call], Any]
AsyncEnter = Callable[[Call], Awaitable[Any]]


def replay(run: Replay, enter: Enter) -> ReplayReport:
    """Replay synchronously; letters of asynchronous functions are left as they are."""
    while (taken := _next(run)) is not None:
        claimed, call = taken
        if kind_of(call.func) is Kind.ASYNC:
            run.skip(claimed, f"{call.operation} is a coroutine function: use areplay")
            continue
        _run(run, claimed, call, enter)
    return run.report


def _next(run: Replay) -> tuple[Claimed, Call] | None:
    """The next letter that can be run here, and the call that runs it."""
    while (claimed := run.take()) is not None:
        if (call := run.call_for(claimed)) is not None:
            return claimed, call
    return None


def _let_go(taken: tuple[Claimed, Call] | None) -> None:
    if taken is not None:
        taken[0].give_back()


def _run(run: Replay, claimed: Claimed, call: Call, enter: Enter) -> None:
    hand = claimed.hand(*call.args, *call.kwargs.values())
    try:
        with held(hand):
            enter(call)
    except Exception as error:
        run.failed(claimed, call, error)
    except BaseException:
        claimed.give_back()
        raise
    else:
        run.succeeded(claimed, hand)


async def areplay(run: Replay, enter: Enter, enter_async: AsyncEnter) -> ReplayReport:
    """Replay in a loop: stores and synchronous functions run on threads of ours."""
    from ninelives.workers import run_in_worker, submit

    while (taken := await run_in_worker(_next, run, undo=_let_go)) is not None:
        claimed, call = taken
        if kind_of(call.func) is Kind.SYNC:
            await run_in_worker(_run, run, claimed, call, enter)
            continue
        hand = claimed.hand(*call.args, *call.kwargs.values())
        try:
            with held(hand):
                await enter_async(call)
        except Exception as error:
            await run_in_worker(run.failed, claimed, call, error)
        except GeneratorExit:  # the coroutine is being closed, and may await nothing more
            submit(claimed.give_back)
            raise
        except BaseException:
            await run_in_worker(claimed.give_back)
            raise
        else:
            await run_in_worker(run.succeeded, claimed, hand)
    return run.report


def replay_of(
    pipeline: str,
    parts: Iterable[object],
    registry: Registry,
    clock: Clock,
    what: What,
    limit: int | None,
) -> Replay:
    """The replay of a pipeline with these parts.

    Raises:
        ConfigurationError: None of them keeps letters.
    """
    from ninelives.dead_letters.queue import DeadLetterQueue
    from ninelives.replaying import Replay

    for part in parts:
        if isinstance(part, DeadLetterQueue):
            return Replay(pipeline, part, registry, clock, what, limit)
    raise ConfigurationError(f"pipeline {pipeline!r} keeps no letters: its chain has no dead_letter")
