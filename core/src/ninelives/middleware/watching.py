"""Links that act only when a call fails: neighbours share one step, so that a success passes a frame less for each."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from typing import TYPE_CHECKING, Any, Protocol, runtime_checkable

from msgspec import Struct

from ninelives.faults import log_fault
from ninelives.late_imports import ready

if TYPE_CHECKING:
    from ninelives.call import Call
    from ninelives.middleware.link import AsyncNext, Context, Next

__all__ = ["Watcher", "Watches", "tell", "tell_async", "watch", "watch_async"]


class Watcher(Struct, frozen=True, eq=False):
    """What a link does when a call fails; the error then goes on its way.

    Attributes:
        failed: Told a call and its error; must not raise.
        failed_async: The same for asynchronous calls; None: `failed`, which then must not block.
        caught: Which errors it is told.
    """

    failed: Callable[[Call, Any], object]
    failed_async: Callable[[Call, Any], Awaitable[object]] | None = None
    caught: tuple[type[BaseException], ...] = (Exception,)


@runtime_checkable
class Watches(Protocol):
    """A link that says what it does on failure, instead of making a step of its own."""

    def watcher(self, context: Context) -> Watcher:
        """What it does in the chain with this context."""
        ...


def tell(watchers: Sequence[Watcher], call: Call, error: BaseException) -> None:
    """Tell the watchers, innermost first, whom the error concerns."""
    ready()
    for watcher in watchers:
        if isinstance(error, watcher.caught):
            try:
                watcher.failed(call, error)
            except Exception as failure:
                _report(call, failure)


async def tell_async(watchers: Sequence[Watcher], call: Call, error: BaseException) -> None:
    """The same for asynchronous calls. A cancellation meanwhile is raised when all have been told."""
    ready()
    cancellation: BaseException | None = None
    for watcher in watchers:
        if isinstance(error, watcher.caught):
            try:
                if watcher.failed_async is None:
                    watcher.failed(call, error)
                else:
                    await watcher.failed_async(call, error)
            except Exception as failure:
                _report(call, failure)
            except BaseException as end:
                if not _is_cancellation(end):
                    raise
                cancellation = end
    if cancellation is not None:
        raise cancellation


def _is_cancellation(error: BaseException) -> bool:
    from asyncio import CancelledError

    return isinstance(error, CancelledError)


def _report(call: Call, failure: Exception) -> None:
    """A fault in the failure path is said, and hides neither the call's own error nor the other watchers."""
    text = "what should happen when a call of pipeline %s fails has failed itself"
    log_fault("critical", text, call.pipeline, fault=failure)


def watch(watchers: Sequence[Watcher], call_next: Next) -> Next:
    """The synchronous step of these watchers, innermost first."""

    def watching(call: Call) -> Any:
        try:
            return call_next(call)
        except BaseException as error:
            tell(watchers, call, error)
            raise

    return watching


def watch_async(watchers: Sequence[Watcher], call_next: AsyncNext) -> AsyncNext:
    """The asynchronous step of these watchers, innermost first."""

    async def watching(call: Call) -> Any:
        try:
            return await call_next(call)
        except BaseException as error:
            await tell_async(watchers, call, error)
            raise

    return watching
