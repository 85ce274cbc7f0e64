"""Every error that ninelives raises of its own."""

from __future__ import annotations

import copy
import inspect
import pickle

import pytest

from ninelives import errors
from ninelives.errors import (
    ChannelError,
    CircuitBreakerOpenError,
    ConfigurationError,
    ConfigurationWarning,
    LeaseLostError,
    LetterBusyError,
    LetterNotFoundError,
    LetterTooLargeError,
    NinelivesError,
    PluginError,
    Problem,
    RetryExhaustedError,
    StoreError,
    UnsupportedError,
)

MADE = [
    NinelivesError("x"),
    ConfigurationError("x"),
    ConfigurationError(Problem("a", "1", "2"), Problem("b", "", "3", option="b")),
    PluginError("x"),
    CircuitBreakerOpenError(),
    CircuitBreakerOpenError("api", 2.5),
    CircuitBreakerOpenError("api", 0.0),
    RetryExhaustedError(3, 1.5),
    RetryExhaustedError(),
    StoreError("x", transient=False),
    StoreError("x", 5),
    LetterNotFoundError("x"),
    LetterBusyError("x"),
    LeaseLostError("x"),
    LetterTooLargeError("x", transient=True),
    UnsupportedError("x"),
    ChannelError("x"),
    ConfigurationWarning("x"),
]

COPIES = [
    copy.copy,
    copy.deepcopy,
    *(lambda error, protocol=protocol: pickle.loads(pickle.dumps(error, protocol)) for protocol in range(6)),  # noqa: S301 - our own
]


@pytest.mark.parametrize("again", COPIES)
@pytest.mark.parametrize("error", MADE, ids=repr)
def test_errors_can_be_pickled_copied_and_printed(error, again):
    """A copy has the type, the text, the attributes and the notes of the error."""
    error.note_of_the_user = 7
    made = again(error)
    assert type(made) is type(error)
    assert (str(made), repr(made), made.args) == (str(error), repr(error), error.args)
    assert vars(made) == vars(error)


def test_the_tree():
    """Each error is what the tree says, also of Python's own errors."""
    parents = {
        ConfigurationError: (NinelivesError, ValueError),
        PluginError: (ConfigurationError,),
        CircuitBreakerOpenError: (NinelivesError,),
        RetryExhaustedError: (NinelivesError,),
        StoreError: (NinelivesError,),
        LetterNotFoundError: (StoreError, KeyError),
        LetterBusyError: (StoreError,),
        LeaseLostError: (StoreError,),
        LetterTooLargeError: (StoreError,),
        UnsupportedError: (StoreError,),
        ChannelError: (NinelivesError,),
        ConfigurationWarning: (UserWarning,),
    }
    for kind, bases in parents.items():
        assert issubclass(kind, bases)
    public = {one for one in vars(errors).values() if inspect.isclass(one) and one.__name__ in errors.__all__}
    assert public - {Problem, NinelivesError} == set(parents)


def test_the_tree_is_drawn():
    """The module's docstring draws the tree with every error in it."""
    assert all(name in errors.__doc__ for name in errors.__all__ if name != "Problem")


@pytest.mark.parametrize(
    ("error", "text"),
    [
        (CircuitBreakerOpenError("api", 2.5), "circuit 'api' is open; try again in 2.5 s"),
        (CircuitBreakerOpenError(None, 0.0), "the circuit is half-open and its trial calls are under way"),
        (CircuitBreakerOpenError("api"), "circuit 'api' is isolated; it stays so until reset() is called"),
        (RetryExhaustedError(1, 0.25), "gave up after 1 attempt in 0.25 s"),
        (RetryExhaustedError(6, 31.0), "gave up after 6 attempts in 31 s"),
        (LetterNotFoundError("no letter 7"), "no letter 7"),
        (ConfigurationError(Problem("x", "-1", "more"), "and y"), "x is -1: expected more\nand y"),
        (ConfigurationError(Problem("x", "", "more")), "x: expected more"),
    ],
)
def test_what_they_say(error, text):
    """An error says what happened and what to do."""
    assert str(error).startswith(text)


def test_problems_are_kept():
    """A configuration error has each problem; one of a plain sentence has none."""
    problem = Problem("x", "-1", "more", "x")
    assert ConfigurationError(problem, "and y").problems == (problem,)
    assert ConfigurationError("x").problems == ()


@pytest.mark.parametrize(
    ("kind", "transient"),
    [
        (StoreError, True),
        (ChannelError, True),
        (LetterBusyError, True),
        (LetterNotFoundError, False),
        (LeaseLostError, False),
        (LetterTooLargeError, False),
        (UnsupportedError, False),
    ],
)
def test_whether_trying_again_helps(kind, transient):
    """Each kind says whether trying again may help, unless it was told otherwise."""
    assert kind("x").transient is transient
    assert kind("x", transient=not transient).transient is not transient
