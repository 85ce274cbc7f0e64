"""The options of ``backoff``: their defaults, where else they come from, and what is wrong with them."""

from __future__ import annotations

import os
from collections.abc import Iterable
from typing import Any

from msgspec import Struct
from msgspec.structs import asdict

from ninelives.checks import Checks, shown
from ninelives.delays import JITTERS, Jitter
from ninelives.environment import Setting, read
from ninelives.errors import ConfigurationError, Problem
from ninelives.matching import matcher

__all__ = ["BackoffOptions", "options_alone"]

OWNER = "BackoffStrategy"

LONGEST_DELAY = 1e9
"""Seconds, about 31 years: the system's sleep takes little more."""


class BackoffOptions(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The options of the link ``backoff``.

    Attributes:
        base_delay: Seconds before the first retry, before jitter; doubles with each.
        max_delay: Seconds; no delay is longer, whatever a service asks for.
        max_retries: Attempts after the first.
        retry_exceptions: What is tried again, in the forms of `ninelives.matching.matcher`; None: in a pipeline
            ``"auto"``, alone every `Exception`.
        jitter: How delays spread: ``full``, ``equal``, ``decorrelated`` or ``none``; see `ninelives.delays.delays`.
        max_elapsed: Seconds for all attempts and delays of a call; None: no limit.
    """

    base_delay: float = 1.0
    max_delay: float = 60.0
    max_retries: int = 5
    retry_exceptions: Any = None
    jitter: Jitter = "full"
    max_elapsed: float | None = None

    def problems(self) -> list[Problem]:
        """All that is wrong with them."""
        checks = Checks(OWNER)
        self._check_delays(checks)
        checks.number("max_retries", self.max_retries, at_least=0, whole=True)
        checks.that(self.jitter in JITTERS, "jitter", self.jitter, f"one of {', '.join(JITTERS)}")
        if self.max_elapsed is not None:
            checks.number("max_elapsed", self.max_elapsed, above=0)
        if self.retry_exceptions is not None:
            try:
                matcher(self.retry_exceptions, place=f"{OWNER}(retry_exceptions=)")
            except ConfigurationError as error:
                checks.problems += error.problems
        return checks.problems

    def _check_delays(self, checks: Checks) -> None:
        checks.number("base_delay", self.base_delay, at_least=0)
        checks.number("max_delay", self.max_delay, at_least=0)
        if not checks.problems:
            fits = self.base_delay <= self.max_delay <= LONGEST_DELAY
            expected = f"a number of at least base_delay, {self.base_delay}, and at most {LONGEST_DELAY:.0f}"
            checks.that(fits, "max_delay", self.max_delay, expected)

    def described(self) -> dict[str, Any]:
        """By name; what is tried again as text."""
        options: dict[str, Any] = asdict(self)
        if self.retry_exceptions is not None:
            options["retry_exceptions"] = shown(self.retry_exceptions)
        return options


def options_alone(arguments: dict[str, Any], noted: Iterable[Problem] = ()) -> BackoffOptions:
    """The arguments that are not None, over the environment, over the defaults.

    Args:
        arguments: By the options' names.
        noted: What is wrong besides, which is raised with it.

    Raises:
        ConfigurationError: All that is wrong with them, each problem named by its argument or variable.
    """
    given = {name: value for name, value in arguments.items() if value is not None}
    settings, problems = read("backoff", os.environ)
    found = {name: setting for name, setting in settings.items() if name not in given}
    options = BackoffOptions(**given, **{name: setting.value for name, setting in found.items()})
    _refuse([*noted, *(problem for problem in problems if problem.option not in given), *options.problems()], found)
    return options


def _refuse(problems: list[Problem], found: dict[str, Setting]) -> None:
    if problems:
        from ninelives.link_options import placed

        raise placed(ConfigurationError(*problems), found)
