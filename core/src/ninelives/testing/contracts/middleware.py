"""What every link of a chain promises, as tests that its own test class inherits."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from random import Random
from threading import Thread
from typing import Any

import pytest

from ninelives.call import Call
from ninelives.circuits import Circuits
from ninelives.events import Event
from ninelives.middleware.link import AsyncMiddleware, Context, Middleware
from ninelives.plugins import default_plugins
from ninelives.settings import load_settings
from ninelives.testing.clock import FakeClock

__all__ = ["MiddlewareContract"]

_PATIENCE = 5.0  # seconds, for what should come at once
_PASSING = (KeyboardInterrupt, SystemExit, GeneratorExit, asyncio.CancelledError)


class MiddlewareContract:
    """Inherit this, and override the fixture `link`.

    Set `handles_errors` where the link answers or replaces an `Exception` on purpose, as a fallback does; set `repeats`
    where it calls the next link again after one.

    Example:
        ``class TestTiming(MiddlewareContract):`` with a fixture ``link`` that returns ``Timing()``.
    """

    handles_errors = False
    repeats = False

    @pytest.fixture
    def link(self) -> Middleware:
        """The link that is tested, new for each test."""
        raise NotImplementedError("override the fixture 'link': return the link that is to be tested")

    @pytest.fixture
    def context(self) -> Context:
        """What the link is given."""
        plugins = default_plugins()
        return Context(
            pipeline="contract",
            link="link",
            given=frozenset(),
            clock=FakeClock(),
            random=Random(9),
            settings=load_settings(environ={}),
            plugins=plugins,
            circuits=Circuits(),
            emit=_ignore,
            open_store=plugins.open_store,
            open_channel=plugins.open_channel,
        )

    @pytest.fixture(params=["sync", "async"])
    def enter(self, request: pytest.FixtureRequest, link: Middleware, context: Context) -> Enter:
        """Runs a step through the link, synchronously and asynchronously."""
        if request.param == "sync":
            return lambda step: _sync(link, context, step)
        if not isinstance(link, AsyncMiddleware):
            return lambda step: _sync(link, context, step)
        return lambda step: _async(link, context, step)

    def test_success_is_the_same_object(self, enter: Enter) -> None:
        """What the call returned comes out: the same object."""
        value = object()
        assert enter(lambda _call: value) is value

    def test_next_is_called_once_on_success(self, enter: Enter) -> None:
        """A call that succeeds is made once."""
        made: list[Call] = []
        enter(made.append)
        assert len(made) == 1

    def test_the_call_goes_on(self, enter: Enter) -> None:
        """The next link is given the same call, its function and arguments untouched."""
        made: list[tuple[Any, ...]] = []
        enter(lambda call: made.append((call.func, call.args, call.kwargs)))
        assert made == [(print, (1,), {"end": ""})]

    def test_an_error_comes_out_unchanged(self, enter: Enter) -> None:
        """What the call raised comes out: the same object, unless the link says that it handles errors."""
        if self.handles_errors:
            return
        error = LookupError("no such thing")
        with pytest.raises(LookupError) as caught:
            enter(_raising(error))
        assert caught.value is error

    def test_an_error_is_met_once(self, enter: Enter) -> None:
        """A call that fails is made once, unless the link says that it repeats calls."""
        made: list[Call] = []

        def step(call: Call) -> None:
            made.append(call)
            raise LookupError

        try:
            enter(step)
        except LookupError:
            assert self.repeats or len(made) == 1
        else:
            assert self.handles_errors, "the error was swallowed; set handles_errors if that is meant"

    @pytest.mark.parametrize("kind", _PASSING, ids=lambda kind: kind.__name__)
    def test_what_is_no_exception_passes(self, enter: Enter, kind: type[BaseException]) -> None:
        """Cancellation, KeyboardInterrupt, SystemExit and GeneratorExit pass untouched, and end the call at once."""
        error = kind()
        made: list[Call] = []

        def step(call: Call) -> None:
            made.append(call)
            raise error

        caught: BaseException | None = None
        try:
            enter(step)
        except BaseException as passed:
            caught = passed
        assert caught is error
        assert len(made) == 1

    def test_a_cancelled_call_ends(self, link: Middleware, context: Context) -> None:
        """An asynchronous call that is cancelled while it runs ends as that, and what it ran has ended with it."""
        if isinstance(link, AsyncMiddleware):
            came_out, ended = asyncio.run(_cancelled(link, context))
            assert isinstance(came_out, asyncio.CancelledError), f"the cancellation was swallowed: {came_out!r}"
            assert ended, "the call went on after it was cancelled"

    def test_calls_at_once_do_not_mix(self, link: Middleware, context: Context) -> None:
        """One step is shared by many threads: each gets the value of its own call."""
        step = link.wrap(lambda call: call.args[0], context)
        found: dict[int, Any] = {}
        threads = [Thread(target=lambda n=n: found.update({n: step(_call(n))})) for n in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert found == {n: n for n in range(8)}


Step = Callable[[Call], Any]
Enter = Callable[[Step], Any]


def _ignore(_event: Event) -> None:
    """The contract has no listeners."""


def _call(*args: Any) -> Call:
    return Call(print, args or (1,), {} if args else {"end": ""}, 0.0, "contract")


def _sync(link: Middleware, context: Context, step: Step) -> Any:
    return link.wrap(step, context)(_call())


def _async(link: AsyncMiddleware, context: Context, step: Step) -> Any:
    async def following(call: Call) -> Any:
        return step(call)

    async def main() -> tuple[Any, BaseException | None]:
        try:
            return await link.wrap_async(following, context)(_call()), None
        except BaseException as error:
            return None, error

    value, error = asyncio.run(main())
    if error is not None:
        raise error
    return value


async def _cancelled(link: AsyncMiddleware, context: Context) -> tuple[Any, bool]:
    """What came out of a call that was cancelled while it ran, and whether what it ran had ended by then."""
    running, ended = asyncio.Event(), asyncio.Event()

    async def following(_call: Call) -> None:
        running.set()
        try:
            await asyncio.Event().wait()
        finally:
            ended.set()

    task = asyncio.ensure_future(link.wrap_async(following, context)(_call()))
    await asyncio.wait_for(running.wait(), _PATIENCE)
    task.cancel()
    (came_out,) = await asyncio.wait_for(asyncio.gather(task, return_exceptions=True), _PATIENCE)
    return came_out, ended.is_set()


def _raising(error: BaseException) -> Step:
    def step(_call: Call) -> Any:
        raise error

    return step
