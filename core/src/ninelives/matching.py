"""Which errors are meant, by an option such as `retry_exceptions`, `record` or `ignore`."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ninelives.checks import Checks
from ninelives.decorating import Kind as Called
from ninelives.decorating import KindError, kind_of
from ninelives.describing import safe_message, type_name
from ninelives.errors import CircuitBreakerOpenError
from ninelives.faults import log_fault
from ninelives.imported import imported, names_something
from ninelives.transient import Kind, classify

__all__ = ["AUTO", "Matches", "matcher"]

Matches = Callable[[BaseException], bool]

AUTO = "auto"
EXPECTED = (
    '"auto", an exception type, a list of them, a plain function of the error, '
    'or "module:name" of one of these, as in "builtins:TimeoutError"'
)


def matcher(what: Any, *, place: str) -> Matches:
    """A function that tells whether an error is one of those meant.

    It never raises an `Exception`, so that it never hides the error that it is asked about: a function of the program
    that raises has not matched, and that is logged once. An error that is no `Exception` (`KeyboardInterrupt`,
    ``asyncio.CancelledError``) is never matched, whatever `what` says; nor is a function of the wrong kind
    (`ninelives.decorating.KindError`), which is the program's mistake.

    Args:
        what: ``"auto"``: all but those that trying again can't help, by `ninelives.transient.classify`, and but the
            refusal of an open circuit, where nothing ran. Or an exception type, a function of the error, or
            ``"module:name"`` of one of them, which is imported; or a tuple, list or set of these: any of them.
        place: Where the option stands, for what is raised: ``BackoffStrategy(retry_exceptions=)``.

    Raises:
        ConfigurationError: It is none of these, or can't be imported; each problem is named.

    Example:
        >>> matches = matcher([TimeoutError, "builtins:ConnectionError"], place="BackoffStrategy(retry_exceptions=)")
        >>> matches(ConnectionResetError()), matches(ValueError())
        (True, False)
    """
    owner, _, option = place.removesuffix("=)").rpartition("(")
    checks = Checks(owner)
    types, functions = _sorted_out(what, checks, option)
    checks.done()
    return _Matcher(types, functions, place)


class _Matcher:
    """What `matcher` returns; a class, so that it can be pickled where its parts can."""

    def __init__(self, types: tuple[type, ...], functions: tuple[Callable[[Any], Any], ...], place: str) -> None:
        self._types = types
        self._functions = functions
        self._place = place
        self._reported = False

    def __call__(self, error: BaseException) -> bool:
        if not isinstance(error, Exception) or isinstance(error, KindError):
            return False
        try:
            return isinstance(error, self._types) or any(function(error) for function in self._functions)
        except Exception as failure:
            self._report(failure)
            return False

    def _report(self, failure: Exception) -> None:
        if self._reported:
            return
        self._reported = True
        text = "%s raised, so the error counts as not matched; further ones are not logged"
        log_fault("warning", text, self._place, fault=failure)


def _auto(error: BaseException) -> bool:
    return not isinstance(error, CircuitBreakerOpenError) and classify(error).kind is not Kind.PERMANENT


def _sorted_out(what: Any, checks: Checks, option: str) -> tuple[tuple[type, ...], tuple[Callable[[Any], Any], ...]]:
    types: list[type] = []
    functions: list[Callable[[Any], Any]] = []
    for given in what if isinstance(what, tuple | list | set | frozenset) else (what,):
        item, expected = _resolved(given)
        if isinstance(item, type) and issubclass(item, BaseException):
            types.append(item)
        elif callable(item) and not isinstance(item, type) and not _is_asynchronous(item):
            functions.append(item)
        else:
            checks.that(False, option, given, expected)
    return tuple(types), tuple(functions)


def _is_asynchronous(function: Any) -> bool:
    """Whether it answers with a coroutine, which nothing awaits and which is always true."""
    try:
        return kind_of(function) is Called.ASYNC
    except TypeError:  # a generator function, whose answer is no better
        return True


def _resolved(given: Any) -> tuple[Any, str]:
    """What a string names, anything else as it is; and what is expected, should that be of no use."""
    if given == AUTO and isinstance(given, str):
        return _auto, ""
    if not names_something(given):
        return given, EXPECTED
    try:
        found = imported(given)
    except Exception as error:  # a module may raise anything when it is imported
        return None, f"{EXPECTED}; importing it raised {type_name(error)}: {safe_message(error, 200)}"
    return found, f"{EXPECTED}; what it names is neither an exception type nor a function"
