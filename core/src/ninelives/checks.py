"""Checking what was given, so that all that is wrong is said at once."""

from __future__ import annotations

import math
from typing import Any

from ninelives.errors import ConfigurationError, Problem

__all__ = ["Checks"]


class Checks:
    """Collects what is wrong with the options of one part.

    Args:
        owner: Whose options: ``CircuitBreaker``.

    Example:
        >>> checks = Checks("CircuitBreaker")
        >>> checks.number("failure_threshold", 0, at_least=1, whole=True)
        >>> checks.done()
        Traceback (most recent call last):
        ninelives.errors.ConfigurationError: CircuitBreaker(failure_threshold=) is 0: expected a whole number of at least 1
    """

    def __init__(self, owner: str) -> None:
        self.owner = owner
        self.problems: list[Problem] = []

    def that(self, ok: bool, option: str, value: object, expected: str) -> None:  # noqa: FBT001 - reads as a sentence
        """Note a problem unless `ok`."""
        if not ok:
            self.problems.append(Problem(f"{self.owner}({option}=)", _shown(value), expected, option))

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
            and math.isfinite(value)
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


def _shown(value: object) -> str:
    try:
        text = repr(value)
    except Exception:  # noqa: BLE001 - a broken repr must not hide the problem
        return f"<{type(value).__name__}>"
    return text if len(text) <= 200 else f"{text[:200]}…"  # noqa: PLR2004 - enough to recognise it
