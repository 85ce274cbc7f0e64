"""What an error means to a breaker: a failure of the service, or nothing."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from ninelives.errors import CircuitBreakerOpenError, NinelivesError, RetryExhaustedError
from ninelives.matching import Matches, matcher

__all__ = ["Judge"]

# They tell of our own parts rather than of the service, so that only being named makes them failures.
_OURS = (CircuitBreakerOpenError, RetryExhaustedError)


class Judge:
    """Says whether an error is a failure; one that is not is neutral: neither failure nor success.

    Never a failure: what is no `Exception` (a cancellation, KeyboardInterrupt), a function of the wrong kind, and the
    refusal of an inner circuit, unless `record` names just that. A `RetryExhaustedError` is judged by its cause.

    Args:
        record: What is a failure, in the forms of `ninelives.matching.matcher`.
        ignore: What is none although `record` says so, in the same forms.

    Raises:
        ConfigurationError: `record` or `ignore` is none of these forms.
    """

    def __init__(self, record: Any, ignore: Any) -> None:
        self._given = record
        self._recorded = matcher(record, place="CircuitBreaker(record=)")
        self._ignored = matcher(ignore, place="CircuitBreaker(ignore=)")

    def is_failure(self, error: BaseException) -> bool:
        """Whether this error counts against the service."""
        if any(self._ignored(each) for each in _with_causes(error)):
            return False
        if any(self._names(each) for each in _with_causes(error)):
            return True
        *_, judged = _with_causes(error)
        return not isinstance(judged, CircuitBreakerOpenError) and self._recorded(judged)

    def _names(self, error: BaseException) -> bool:
        """Whether one of the things in `record` means this error of ours, rather than any error of ours."""
        return isinstance(error, _OURS) and any(
            means(error) and not means(NinelivesError()) for means in self._each_recorded()
        )

    def _each_recorded(self) -> Iterator[Matches]:
        given = self._given if isinstance(self._given, (tuple, list, set, frozenset)) else (self._given,)
        return (matcher(each, place="CircuitBreaker(record=)") for each in given)


def _with_causes(error: BaseException) -> Iterator[BaseException]:
    """The error, and while that only says that the retries are spent, what it was raised from."""
    seen: set[int] = set()
    while id(error) not in seen:
        seen.add(id(error))
        yield error
        if isinstance(error, RetryExhaustedError) and error.__cause__ is not None:
            error = error.__cause__
