"""Running functions through a backoff of each kind: alone and as a link, synchronous and asynchronous."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from random import Random
from typing import Any, cast

import pytest

from ninelives.call import Call
from ninelives.errors import RetryExhaustedError
from ninelives.middleware.backoff import BackoffStrategy
from ninelives.middleware.link import Context
from ninelives.testing import FakeClock

Function = Callable[[], Any]

KINDS = ("alone", "alone, async", "link", "link, async")


class Failing:
    """A function that raises each error in its turn, then returns the value; with the number of its calls."""

    def __init__(self, *errors: BaseException, value: Any = "reply") -> None:
        self.errors = errors
        self.value = value
        self.count = 0

    def __call__(self) -> Any:
        self.count += 1
        if self.count <= len(self.errors):
            raise self.errors[self.count - 1]
        return self.value


class Down:
    """A function that always fails, each time with a new error; with those errors."""

    def __init__(self, *, error: Callable[[str], Exception] = ConnectionError) -> None:
        self.error = error
        self.errors: list[Exception] = []

    def __call__(self) -> Any:
        self.errors.append(self.error("down"))
        raise self.errors[-1]


class Runner:
    """Runs functions through a backoff of one kind; time and chance are the test's."""

    failing = Failing
    down = Down

    def __init__(self, kind: str) -> None:
        self.kind = kind
        self.is_link = kind.startswith("link")
        self.is_async = kind.endswith("async")
        self.clock = FakeClock()
        self.events: list[Any] = []
        self.calls: list[Call] = []

    def strategy(self, **options: Any) -> BackoffStrategy:
        given: dict[str, Any] = {"jitter": "none", "max_retries": 3} | options
        if not self.is_link:
            given |= {"clock": self.clock, "listeners": [self.events.append]}
        return BackoffStrategy(**given)

    async def __call__(self, func: Function, **options: Any) -> Any:
        """What comes of calling func: its value, or its error raised."""
        return await self.run(self.strategy(**options), func)

    async def run(self, strategy: BackoffStrategy, func: Function) -> Any:
        call = Call(func, (), {}, 0.0, "shop", given_operation="shop:order")
        self.calls.append(call)
        match self.kind:
            case "alone":
                return strategy.execute(func)
            case "alone, async":
                return await strategy.aexecute(awaited(func))
            case "link":
                return strategy.wrap(innermost, self.context())(call)
            case _:
                return await strategy.wrap_async(innermost_async, self.context())(call)

    async def last_error(self, func: Function, **options: Any) -> BaseException | None:
        """The error that ends the call, when the retries are spent."""
        if self.is_link:
            with pytest.raises(Exception) as caught:  # noqa: PT011 - the tests look at it closely
                await self(func, **options)
            return caught.value
        with pytest.raises(RetryExhaustedError) as caught:
            await self(func, **options)
        return caught.value.__cause__

    def context(self) -> Context:
        missing = cast("Any", None)
        return Context(
            pipeline="shop",
            link="backoff",
            given=frozenset(),
            clock=self.clock,
            random=Random(9),
            settings=missing,
            plugins=missing,
            circuits=missing,
            emit=self.events.append,
            open_store=missing,
            open_channel=missing,
        )

    @property
    def waits(self) -> list[float]:
        """Every wait that began."""
        return self.clock.sleeps

    @property
    def delays(self) -> list[float]:
        """The waits before retries: not those of the timer that watches over the limit."""
        return [event.delay for event in self.events]


def awaited(func: Function) -> Callable[[], Awaitable[Any]]:
    async def call() -> Any:
        value = func()
        return await value if asyncio.iscoroutine(value) else value

    return call


def innermost(call: Call) -> Any:
    call.attempt += 1
    return call.func()


async def innermost_async(call: Call) -> Any:
    call.attempt += 1
    return await awaited(call.func)()


@pytest.fixture(params=KINDS)
def runner(request: pytest.FixtureRequest) -> Runner:
    """One of each kind; ``parametrize(..., indirect=True)`` says which."""
    return Runner(request.param)
