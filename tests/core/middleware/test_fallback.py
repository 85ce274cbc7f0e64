"""The link `fallback`."""

from __future__ import annotations

import pytest

from ninelives import CallFailed, ConfigurationWarning


class Boom(Exception):
    """What fails here."""


def _fail():
    raise Boom("x")


async def _afail():
    raise Boom("x")


@pytest.mark.parametrize(
    "fallback", ["Meow?", {"value": "Meow?"}, lambda _error: "Meow?", {"call": lambda _e: "Meow?"}]
)
def test_a_fallback_answers(shop, fallback):
    """A value, a function of the error, or a mapping of either answers for a call that failed."""
    assert shop.pipeline(backoff=False, fallback=fallback).run(_fail) == "Meow?"


async def test_a_fallback_answers_async_calls(shop):
    """A value, a function or a coroutine function answers for an asynchronous call."""

    async def later(error):
        return f"later {error}"

    assert await shop.pipeline(backoff=False, fallback=5).arun(_afail) == 5
    assert await shop.pipeline(backoff=False, fallback=str).arun(_afail) == "x"
    assert await shop.pipeline(backoff=False, fallback=later).arun(_afail) == "later x"


def test_none_is_a_value(shop):
    """`fallback=None` answers None; only leaving it out leaves it out."""
    assert shop.pipeline(backoff=False, fallback=None).run(_fail) is None


def test_a_success_is_left_alone(shop):
    """A call that succeeds has its own value."""
    assert shop.pipeline(fallback="no").run(str, 5) == "5"


async def test_an_async_success_is_left_alone(shop):
    """So has an asynchronous one."""

    async def call():
        return 5

    assert await shop.pipeline(fallback="no").arun(call) == 5


def test_the_failure_is_recorded_all_the_same(shop):
    """A call that a fallback answered is a letter and an event."""
    pipeline = shop.pipeline(backoff=False, fallback="Meow?")
    pipeline.run(_fail)
    (letter,) = shop.letters(pipeline)
    (event,) = shop.events.of(CallFailed)
    assert event.letter_id == letter["message_id"]


def test_what_the_fallback_raises_comes_out(shop):
    """A fallback may raise another error; the call's own is its context, and is in the letter."""

    def translate(error):
        raise KeyError("translated") from error

    pipeline = shop.pipeline(backoff=False, fallback=translate)
    with pytest.raises(KeyError, match="translated") as caught:
        pipeline.run(_fail)
    assert isinstance(caught.value.__cause__, Boom)
    assert shop.letters(pipeline)[0]["error"].endswith("Boom: x")


def test_a_coroutine_function_can_not_answer_run(shop):
    """A fallback that must be awaited does not hide the error of a synchronous call: it comes out, with a warning."""

    async def later(_error):
        return "never"

    pipeline = shop.pipeline(backoff=False, fallback=later)
    with pytest.warns(ConfigurationWarning, match="answers arun"), pytest.raises(Boom):
        pipeline.run(_fail)
    with pytest.warns(ConfigurationWarning):
        outcome = pipeline.try_run(_fail)
    assert (outcome.ok, outcome.fell_back) == (False, False)


def test_describe_does_not_show_the_value(shop):
    """The description says which of the two is set, not what may be a secret."""
    (first, *_) = shop.pipeline(fallback="hunter2").describe()["chain"]
    assert first["options"] == {"set": "value"}
    (first, *_) = shop.pipeline(fallback=str).describe()["chain"]
    assert first["options"] == {"set": "call"}
