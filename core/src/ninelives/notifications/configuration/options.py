"""The options of a notifier, alone and as a link."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import Any

from msgspec import Struct, field

from ninelives.checks import Checks
from ninelives.durations import EXPECTED, EXPECTED_OR_ZERO, duration_of
from ninelives.errors import ConfigurationError
from ninelives.notifications.configuration.targets import LOG
from ninelives.notifications.route import Rules
from ninelives.notifications.words.templates import Template

__all__ = ["NotifyOptions", "Settled", "settled"]

LAMBDA = "AWS_LAMBDA_FUNCTION_NAME"
"""Set where the process is frozen between two events: what is not delivered when the call returns may never be."""


class NotifyOptions(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The options of the link ``notify``; `AdminNotifier` describes each."""

    # Any: what the program gives, and times in their several forms; their own checks come when the link is made.
    channels: Any = field(default_factory=lambda: [LOG])
    failover: Any = ()
    timeout: Any = 5.0
    group_interval: Any = 300.0
    repeat_interval: Any = 14_400.0
    over_after: Any = 3_600.0
    wait: Any = 30.0
    flush: bool | None = None
    template: Any = None


class Settled(Struct, frozen=True):
    """The same but for where alerts go, checked.

    Attributes:
        timeout: Seconds.
        rules: How often one kind is told.
        flush: Whether a call waits until what is due is delivered.
        template: How an alert is worded; None: as we do it.
    """

    timeout: float
    rules: Rules
    flush: bool
    template: Template | None

    def describe(self) -> dict[str, Any]:
        """The options as they hold, times in seconds."""
        rules = {name: getattr(self.rules, name) for name in self.rules.__struct_fields__}
        template = None if self.template is None else str(self.template)
        return {"timeout": self.timeout, **rules, "flush": self.flush, "template": template}


def settled(given: NotifyOptions, checks: Checks, environ: Mapping[str, str] | None = None) -> Settled:
    """Look at every value; what is wrong is noted.

    Args:
        given: The options.
        checks: Told what is wrong.
        environ: The environment; None is `os.environ`.
    """
    flush = given.flush
    checks.that(flush is None or isinstance(flush, bool), "flush", flush, "True, False, or None: as the environment is")
    return Settled(
        timeout=_seconds("timeout", given.timeout, checks),
        rules=Rules(
            group_interval=_seconds("group_interval", given.group_interval, checks, zero=True),
            repeat_interval=_seconds("repeat_interval", given.repeat_interval, checks),
            over_after=_seconds("over_after", given.over_after, checks),
            wait=_seconds("wait", given.wait, checks, zero=True),
        ),
        flush=bool((os.environ if environ is None else environ).get(LAMBDA)) if flush is None else flush,
        template=_template(given.template, checks),
    )


def _seconds(option: str, given: Any, checks: Checks, *, zero: bool = False) -> float:
    try:
        return duration_of(given, zero=zero).total_seconds()
    except ValueError:
        checks.that(False, option, given, EXPECTED_OR_ZERO if zero else EXPECTED)
        return 0.0


def _template(given: Any, checks: Checks) -> Template | None:
    try:
        return None if given is None else Template.of(given)
    except ConfigurationError as error:
        checks.problems += error.about("template").problems
        return None
