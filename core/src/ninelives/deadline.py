"""The moment after which a call is over; for asynchronous calls, what cuts off the work in hand at that moment."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from asyncio import Task
    from types import TracebackType

    from ninelives.clock import Clock

__all__ = ["AsyncDeadline", "Deadline"]


class Deadline:
    """A moment on the monotonic clock.

    Args:
        clock: Tells the time.
        seconds: How far ahead the moment is.

    Attributes:
        seconds: How far ahead it was.
        cut: Whether it has cut something off.
    """

    cut = False

    def __init__(self, clock: Clock, seconds: float) -> None:
        self.seconds = seconds
        self._clock = clock
        self._end = clock.monotonic() + seconds

    @property
    def remaining(self) -> float:
        """Seconds until the moment; 0.0 once it has passed."""
        return max(self._end - self._clock.monotonic(), 0.0)


class AsyncDeadline(Deadline):
    """A deadline that cancels what is under way inside of its ``with`` when the moment comes.

    What comes out then is a `TimeoutError` from the `CancelledError`, whose traceback shows where it was cut off. When
    someone else cancels the task too, their cancellation comes out. The ``with`` can be entered again and again.

    The work stays in the caller's task, as with `asyncio.timeout`, but the time is the clock's own.
    """

    _timer: Task[None]
    _task: Task[Any]
    _cancelling = 0
    _passed = False

    @property
    def remaining(self) -> float:
        """Seconds until the moment; 0.0 once it has passed, or has cut something off."""
        # The event loop's timers may be early by the resolution of the system's clock.
        return 0.0 if self._passed else super().remaining

    def __enter__(self) -> None:
        import asyncio

        task = asyncio.current_task()
        assert task is not None, "awaited by an asyncio task"  # noqa: S101 - for the type checker: who else awaits this
        self._task, self._cancelling = task, task.cancelling()
        self._timer = asyncio.ensure_future(self._cut_off())

    async def _cut_off(self) -> None:
        await self._clock.asleep(self.remaining)
        self._passed = True
        self._task.cancel()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        from asyncio import CancelledError

        self._timer.cancel()
        if self._passed and self._task.uncancel() <= self._cancelling and isinstance(error, CancelledError):
            self.cut = True
            raise TimeoutError(f"cut off: the time limit of {self.seconds:g} s has passed") from error
