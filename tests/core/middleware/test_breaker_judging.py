"""Which errors a breaker counts."""

from __future__ import annotations

import asyncio

import pytest

from ninelives.decorating import KindError
from ninelives.errors import CircuitBreakerOpenError, NinelivesError, RetryExhaustedError
from ninelives.middleware.judge import Judge

REFUSED = CircuitBreakerOpenError("inner", 1.0)


def exhausted(cause: BaseException | None) -> RetryExhaustedError:
    error = RetryExhaustedError(3, 1.0)
    error.__cause__ = cause
    return error


@pytest.mark.parametrize(
    ("record", "error", "failure"),
    [
        (Exception, OSError(), True),
        (Exception, ValueError(), True),
        ("auto", OSError(), True),
        ("auto", TypeError(), False),
        (OSError, ConnectionError(), True),
        (OSError, ValueError(), False),
        ((OSError, KeyError), KeyError(), True),
        (["builtins:TimeoutError"], TimeoutError(), True),
        (["builtins:TimeoutError"], OSError(), False),
        (lambda error: "boom" in str(error), OSError("boom"), True),
        (lambda error: "boom" in str(error), OSError("bang"), False),
        (BaseException, KeyboardInterrupt(), False),
        (BaseException, asyncio.CancelledError(), False),
        (Exception, KindError(), False),
    ],
)
def test_what_is_recorded(record, error, failure):
    """`record` takes "auto", types, a tuple, a list, names and a predicate; what is no `Exception` never counts."""
    assert Judge(record, ()).is_failure(error) is failure


@pytest.mark.parametrize(
    ("ignore", "error", "failure"),
    [
        ((), OSError(), True),
        (KeyError, KeyError(), False),
        ([KeyError, OSError], TimeoutError(), False),
        (lambda error: str(error) == "fine", OSError("fine"), False),
        (lambda error: str(error) == "fine", OSError("bad"), True),
        (RetryExhaustedError, exhausted(OSError()), False),
        (KeyError, exhausted(KeyError()), False),
    ],
)
def test_what_is_ignored(ignore, error, failure):
    """`ignore` takes the same forms, and is stronger than `record`."""
    assert Judge(Exception, ignore).is_failure(error) is failure


@pytest.mark.parametrize(
    ("record", "failure"),
    [
        (Exception, False),
        (NinelivesError, False),
        ("auto", False),
        (lambda error: True, False),
        (CircuitBreakerOpenError, True),
        ([Exception, CircuitBreakerOpenError], True),
        (["ninelives.errors:CircuitBreakerOpenError"], True),
        (lambda error: isinstance(error, CircuitBreakerOpenError), True),
    ],
)
@pytest.mark.parametrize("error", [REFUSED, exhausted(REFUSED)], ids=["refused", "exhausted"])
def test_an_open_inner_circuit_counts_only_if_named(record, failure, error):
    """An inner circuit's refusal is a failure only where `record` means it in particular, not errors at large."""
    assert Judge(record, ()).is_failure(error) is failure


@pytest.mark.parametrize(
    ("record", "cause", "failure"),
    [
        (OSError, OSError(), True),
        (OSError, ValueError(), False),
        (OSError, exhausted(OSError()), True),
        (Exception, KeyboardInterrupt(), False),
        (Exception, None, True),
        (OSError, None, False),
        (RetryExhaustedError, ValueError(), True),
        ("auto", TypeError(), False),
        ("auto", OSError(), True),
    ],
)
def test_spent_retries_are_judged_by_their_cause(record, cause, failure):
    """A `RetryExhaustedError` counts if what it was raised from does, or if its own type is named."""
    assert Judge(record, ()).is_failure(exhausted(cause)) is failure


def test_causes_in_a_circle_end():
    """Errors that are each other's cause are judged all the same."""
    first, second = exhausted(None), exhausted(None)
    first.__cause__, second.__cause__ = second, first
    assert Judge(Exception, ()).is_failure(first) is True
