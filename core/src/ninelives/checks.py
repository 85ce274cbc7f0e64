"""Checking what was given, so that all that is wrong is said at once."""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import Any

from ninelives.address import MASK, looks_secret, masked
from ninelives.describing import clean_text
from ninelives.errors import ConfigurationError, Problem

__all__ = ["Checks", "guess", "shown", "told", "without_secrets"]

_LONGEST = 200  # characters of a value: enough to recognise it
_LONGEST_NAME = 50  # characters of a name that is compared with others
_ALIKE = 0.65  # of 1: "lgo" is that much like "log", and "WARN" like "WARNING"


class Checks:
    """Collects what is wrong with the options of one part.

    Args:
        owner: Whose options: ``CircuitBreaker``.

    Example:
        >>> checks = Checks("CircuitBreaker")
        >>> checks.number("failure_threshold", 0, at_least=1, whole=True)
        >>> checks.done()
        Traceback (most recent call last):
        ninelives.errors.ConfigurationError: CircuitBreaker(failure_threshold=) is 0: expected a whole number of at ...
    """

    def __init__(self, owner: str) -> None:
        self.owner = owner
        self.problems: list[Problem] = []

    def that(self, ok: bool, option: str, value: object, expected: str) -> None:  # noqa: FBT001 - reads as a sentence
        """Note a problem unless `ok`."""
        if not ok:
            self.problems.append(Problem(f"{self.owner}({option}=)", shown(value, option), expected, option))

    def number(
        self,
        option: str,
        value: Any,
        *,
        at_least: float | None = None,
        above: float | None = None,
        whole: bool = False,
    ) -> None:
        """Note a problem unless it is a finite number in the range; booleans are none."""
        kind = int if whole else (int, float)
        ok = (
            isinstance(value, kind)
            and not isinstance(value, bool)
            and (whole or _is_finite(value))
            and (at_least is None or value >= at_least)
            and (above is None or value > above)
        )
        limit = f" of at least {at_least}" if at_least is not None else f" above {above}" if above is not None else ""
        self.that(ok, option, value, f"a {'whole ' if whole else ''}number{limit}")

    def done(self) -> None:
        """Raise all that was noted.

        Raises:
            ConfigurationError: There is a problem.
        """
        if self.problems:
            raise ConfigurationError(*self.problems)


def _is_finite(value: float) -> bool:
    try:
        return math.isfinite(value)
    except OverflowError:  # a whole number that is too large to be calculated with
        return False


def shown(value: object, name: str = "") -> str:
    """A value as text for an error: short, and with what looks like a secret masked.

    Args:
        value: Anything; a broken ``repr`` does no harm.
        name: What the value is called: a password's value is masked whole.

    Example:
        >>> shown({"url": "smtp://ops:hunter2@mail", "token": "abc"})
        "{'url': 'smtp://ops:***@mail', 'token': '***'}"
    """
    try:
        text = repr(_hidden(value, name))
    except Exception:
        return f"<{type(value).__name__}>"
    return text if len(text) <= _LONGEST else f"{text[:_LONGEST]}…"


def guess(given: object, known: Iterable[str], alike: float = _ALIKE) -> str:
    """What to add to what was expected, if something known resembles what was given; empty if nothing does.

    Example:
        >>> guess("chanels", ["channels", "failover"])
        "; did you mean 'channels'?"
    """
    if not isinstance(given, str) or len(given) > _LONGEST_NAME:
        return ""
    from difflib import get_close_matches  # only who mistyped something pays for it

    names = {name.lower(): name for name in known}
    near = get_close_matches(given.lower(), names, 1, alike)
    return f"; did you mean '{names[near[0]]}'?" if near else ""


def told(error: BaseException) -> str:
    """An error as text for another error: its type and what it says, its secrets masked."""
    try:
        text = without_secrets(str(error))
    except Exception:
        text = "(its text can't be had)"
    return f"{type(error).__name__}: {text}"


def _hidden(value: object, name: str) -> object:
    if looks_secret(name):
        return MASK
    if isinstance(value, str):
        return without_secrets(value)
    if type(value) is dict:
        return {key: _hidden(item, str(key)) for key, item in value.items()}
    if type(value) in (list, tuple, set, frozenset):
        return type(value)(_hidden(item, "") for item in value)  # type: ignore[call-arg, attr-defined]
    # A number has no name to know a secret by; and a function's name is to stay readable.
    return value if isinstance(value, (int, float)) or callable(value) else _Plain(without_secrets(repr(value)))


class _Plain(str):
    """Text that is shown without quotes."""

    __slots__ = ()
    __repr__ = str.__str__


def without_secrets(text: str) -> str:
    """A text for an error, its secrets masked; the name of a function, which many options take, stays as it is."""
    from ninelives.redaction import redact_function  # late: its patterns take a while to compile

    hidden = redact_function(text := masked(text))
    return text if hidden == clean_text(text) else hidden
