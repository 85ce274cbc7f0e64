"""Every error that ninelives raises of its own.

NinelivesError
├── ConfigurationError (ValueError)     what was configured can't work; names each problem and its place
│   └── PluginError                     a plugin is missing, broken or clashes with another
├── CircuitBreakerOpenError             the circuit is open: the call was refused, the function did not run
├── RetryExhaustedError                 the retries are spent; `__cause__` is the last error
├── StoreError                          a dead letter store could not do what was asked
│   ├── LetterNotFoundError (KeyError)  no letter has that id
│   ├── LetterBusyError                 someone else holds the letter
│   ├── LeaseLostError                  the lease ended and the letter went to someone else
│   ├── LetterTooLargeError             the letter is larger than the store takes
│   └── UnsupportedError                this store can't do that; the message says what works instead
└── ChannelError                        a notification was not accepted by its channel
ConfigurationWarning (UserWarning)      works, but probably not as intended
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

__all__ = [
    "ChannelError",
    "CircuitBreakerOpenError",
    "ConfigurationError",
    "ConfigurationWarning",
    "LeaseLostError",
    "LetterBusyError",
    "LetterNotFoundError",
    "LetterTooLargeError",
    "NinelivesError",
    "PluginError",
    "Problem",
    "RetryExhaustedError",
    "StoreError",
    "UnsupportedError",
]


class NinelivesError(Exception):
    """The root of every error of ours; the user's own errors are never wrapped in one by a pipeline."""


class Problem(NamedTuple):
    """One thing that is wrong with a configuration.

    Attributes:
        place: Where it stands: a variable, a file and key, or an argument: ``CircuitBreaker(failure_threshold=)``.
        value: What stands there, as text; masked by whoever makes the problem when it may be a secret.
        expected: What would be right, and the next step.
        option: The bare option's name, so that a pipeline can say which file or variable gave it.
        part: What of it is meant, where the place is that of a whole option: ``channels[1].severity``.
    """

    place: str
    value: str
    expected: str
    option: str = ""
    part: str = ""

    def __str__(self) -> str:
        part = f": {self.part}" if self.part else ""
        given = f" is {self.value}" if self.value else ""
        return f"{self.place}{part}{given}: expected {self.expected}"


class ConfigurationError(NinelivesError, ValueError):
    """What was configured can't work. The message has one line for each problem found.

    Attributes:
        problems: Each problem; empty when the error was made from a plain sentence.
    """

    def __init__(self, *what: str | Problem) -> None:
        super().__init__(*what)
        self.problems = tuple(problem for problem in what if isinstance(problem, Problem))

    def __str__(self) -> str:
        return "\n".join(str(problem) for problem in self.args)

    def about(self, option: str) -> ConfigurationError:
        """The same error, its problems those of this option: so a pipeline can say which file or variable gave it."""
        return type(self)(*(_about(option, what) for what in self.args))


def together(errors: Sequence[ConfigurationError]) -> ConfigurationError:
    """One error that says all that these say; a single one is that one."""
    return errors[0] if len(errors) == 1 else ConfigurationError(*(what for error in errors for what in error.args))


def _about(option: str, what: str | Problem) -> str | Problem:
    return what._replace(option=what.option or option) if isinstance(what, Problem) else what


class PluginError(ConfigurationError):
    """A plugin is missing, can't be imported, or clashes with another; the message names the distributions."""


class ConfigurationWarning(UserWarning):
    """The configuration works, but probably not as it was meant."""


class CircuitBreakerOpenError(NinelivesError):
    """The circuit is open: the call was refused and the function did not run.

    Attributes:
        name: The circuit's name; None for a private one.
        retry_after: Seconds until a call may be admitted; 0.0 when half-open with all its slots taken,
            None when the circuit is isolated and only `reset()` opens the way.
    """

    def __init__(self, name: str | None = None, retry_after: float | None = None) -> None:
        super().__init__(name, retry_after)
        self.name = name
        self.retry_after = retry_after

    def __str__(self) -> str:
        circuit = f"circuit {self.name!r}" if self.name is not None else "the circuit"
        if self.retry_after is None:
            return f"{circuit} is isolated; it stays so until reset() is called"
        if self.retry_after == 0:
            return f"{circuit} is half-open and its trial calls are under way; try again in a moment"
        return f"{circuit} is open; try again in {self.retry_after:.3g} s"


class RetryExhaustedError(NinelivesError):
    """The retries are spent. `__cause__` is the last error.

    Attributes:
        attempts: How many times the function was called.
        elapsed: Seconds from the first attempt to the last error.
    """

    def __init__(self, attempts: int = 0, elapsed: float = 0.0) -> None:
        super().__init__(attempts, elapsed)
        self.attempts = attempts
        self.elapsed = elapsed

    def __str__(self) -> str:
        times = "attempt" if self.attempts == 1 else "attempts"
        return f"gave up after {self.attempts} {times} in {self.elapsed:.3g} s"


class _BackendError(NinelivesError):
    """What the errors of stores and channels share: whether trying again may help."""

    transient: bool

    def __init__(self, *args: Any, transient: bool = True) -> None:
        super().__init__(*args)
        self.transient = transient

    def __str__(self) -> str:
        return " ".join(str(part) for part in self.args)

    def __reduce__(self) -> tuple[Any, ...]:
        return (_rebuild, (type(self), self.args, self.transient), self.__dict__)


def _rebuild(kind: type[_BackendError], args: tuple[Any, ...], transient: bool) -> _BackendError:  # noqa: FBT001 - pickle passes positions only
    return kind(*args, transient=transient)


class StoreError(_BackendError):
    """A dead letter store could not do what was asked.

    Attributes:
        transient: Whether trying again later may help.
        stored: Of several letters that were to be stored, the ids of those that were.
    """

    stored: frozenset[str] = frozenset()


class LetterNotFoundError(StoreError, KeyError):
    """No letter in the store has that id."""

    def __init__(self, *args: Any, transient: bool = False) -> None:
        super().__init__(*args, transient=transient)


class LetterBusyError(StoreError):
    """Someone else holds the letter; it can be had when the lease ends."""


class LeaseLostError(StoreError):
    """The lease had ended and the letter went to someone else: what was done under it was not recorded."""

    def __init__(self, *args: Any, transient: bool = False) -> None:
        super().__init__(*args, transient=transient)


class LetterTooLargeError(StoreError):
    """The letter is larger than the store takes; it was not cut, and trying again can't help."""

    def __init__(self, *args: Any, transient: bool = False) -> None:
        super().__init__(*args, transient=transient)


class UnsupportedError(StoreError):
    """This store can't do that; the message says what works instead."""

    def __init__(self, *args: Any, transient: bool = False) -> None:
        super().__init__(*args, transient=transient)


class ChannelError(_BackendError):
    """A notification was not accepted by its channel.

    Attributes:
        transient: Whether trying again may help.
    """
