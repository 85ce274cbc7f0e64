"""One run through a pipeline, and what came of it."""

from __future__ import annotations

import copy
import pickle
import weakref
from datetime import UTC, datetime
from uuid import UUID

import pytest

from ninelives.call import Call, Outcome, current_call, is_misuse
from ninelives.dead_letters.letter import DeadLetter
from ninelives.decorating import KindError

NOW = datetime(2026, 1, 1, tzinfo=UTC)


def func():
    """What is called."""


def call(**fields):
    return Call(func, (), {}, 0.0, "shop", **fields)


def test_its_id_is_made_once():
    """A call has one id, made when it is first asked for, by which it sorts."""
    made = call()
    assert made.made_id is None
    assert made.id == made.id
    assert UUID(made.id).version == 7


def test_its_key_is_the_same_on_every_attempt():
    """The idempotency key is the id unless one was given, and on a replay that of the letter."""
    made = call()
    assert made.idempotency_key == made.id
    assert call(given_key="k").idempotency_key == "k"
    assert call(given_key="").idempotency_key == ""
    letter = DeadLetter(id="1", key="k", created=NOW, first_failed=NOW, last_failed=NOW)
    replayed = call(letter=letter)
    assert (replayed.id, replayed.idempotency_key) == ("1", "k")


def test_its_operation_is_the_functions_name():
    """The operation is `module:qualname` unless one was given."""
    assert call().operation == f"{__name__}:func"
    assert call(given_operation="serve").operation == "serve"


def test_calls_are_told_apart():
    """Two calls are never equal, and one can be referred to weakly."""
    made = call()
    assert made != call()
    assert weakref.ref(made)() is made


def test_outside_of_a_pipeline_there_is_none():
    """`current_call` is None where no pipeline runs."""
    assert current_call() is None


def test_misuse_is_of_this_very_call():
    """Only the error that this very call was misused with is its misuse."""
    made, error = call(), KindError("x")
    error.call = made
    assert is_misuse(made, error)
    assert not is_misuse(call(), error)
    assert not is_misuse(made, TypeError())


@pytest.mark.parametrize(
    "again",
    [copy.copy, copy.deepcopy, *(lambda one, p=p: pickle.loads(pickle.dumps(one, p)) for p in range(6))],  # noqa: S301 - our own
)
def test_outcomes_can_be_pickled_copied_and_printed(again):
    """A copy of an outcome has all that the outcome had."""
    outcome = Outcome(ok=True, value=[1], error=ValueError("x"), attempts=2, elapsed=0.5, letter_id="7", fell_back=True)
    made = again(outcome)
    assert type(made) is Outcome
    assert repr(made) == repr(outcome)
    assert (made.value, made.attempts, made.letter_id, made.fell_back) == ([1], 2, "7", True)
    assert str(made.error) == "x"


def test_unwrap():
    """`unwrap` gives the value, also a fallback's and one that is None, or raises the call's own error."""
    error = ValueError("x")
    assert Outcome(ok=True, value=7).unwrap() == 7
    assert Outcome(ok=True, value=None).unwrap() is None
    assert Outcome(ok=True, value=7, error=error, fell_back=True).unwrap() == 7
    with pytest.raises(ValueError, match="x") as caught:
        Outcome(ok=False, error=error).unwrap()
    assert caught.value is error
