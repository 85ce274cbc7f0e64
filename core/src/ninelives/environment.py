"""What the environment says: defaults for every part, whether it stands alone or in a pipeline."""

from __future__ import annotations

import math
import os
from collections.abc import Callable, Mapping
from typing import Any

from msgspec import Struct

from ninelives.address import Address
from ninelives.errors import ConfigurationError, Problem

__all__ = ["LINKS", "VARIABLES", "Setting", "defaults", "read"]


class Setting(Struct, frozen=True):
    """The value of one option, and where it came from.

    Attributes:
        value: The value, converted to what the option takes.
        source: Where it stands, as text: ``CIRCUIT_BREAKER_FAILURE_THRESHOLD``, or
            ``ninelives.toml: pipelines.openai-api.breaker.failure_threshold``.
        explicit: Whether it was said for this very pipeline or part; the environment's and the file's defaults are not.
    """

    value: Any
    source: str
    explicit: bool = False


def _whole(text: str) -> int:
    return int(text)


def _number(text: str) -> float:
    number = float(text)
    if not math.isfinite(number):
        raise ValueError(text)
    return number


def _queue(text: str) -> str:
    return Address("sqs", text).raw


def _file(text: str) -> str:
    return Address("file", text).raw


def _topic(text: str) -> list[str]:
    return [Address("sns", text).raw]


# By link, then by variable: the option that it sets, how its text is read, and what is expected of it.
_LINKS: dict[str, dict[str, tuple[str, Callable[[str], Any], str]]] = {
    "breaker": {
        "CIRCUIT_BREAKER_FAILURE_THRESHOLD": ("failure_threshold", _whole, "a whole number, like 5"),
        "CIRCUIT_BREAKER_RECOVERY_TIMEOUT": ("recovery_timeout", _number, "a number of seconds, like 60"),
    },
    "backoff": {
        "BACKOFF_BASE_DELAY": ("base_delay", _number, "a number of seconds, like 1.0"),
        "BACKOFF_MAX_DELAY": ("max_delay", _number, "a number of seconds, like 60.0"),
        "BACKOFF_MAX_RETRIES": ("max_retries", _whole, "a whole number, like 5"),
    },
    "dead_letter": {
        "DLQ_QUEUE_URL": ("store", _queue, "the URL of an SQS queue"),
        "DLQ_LOCAL_FILE_PATH": ("store", _file, "the path of a file"),
    },
    "notify": {"SNS_TOPIC_ARN": ("channels", _topic, "the ARN of an SNS topic")},
}

LINKS: tuple[str, ...] = tuple(_LINKS)
"""The links that there are variables for."""

VARIABLES: frozenset[str] = frozenset(variable for link in _LINKS.values() for variable in link)
"""The variables that set options."""


def defaults(link: str, environ: Mapping[str, str] | None = None) -> dict[str, Setting]:
    """The options that the environment gives for a link, by their names.

    A variable that is unset, empty or blank gives nothing. Whether a number is in its range is for the part to say.

    Args:
        link: The link's own name, not its alias: ``breaker``, ``backoff``, ``dead_letter``, ``notify``; for any other
            there is nothing.
        environ: Where to look; None is `os.environ`.

    Raises:
        ConfigurationError: A value is wrong; it names every variable of this link whose value is.

    Example:
        >>> defaults("backoff", {"BACKOFF_MAX_RETRIES": "3"})["max_retries"].value
        3
    """
    settings, problems = read(link, os.environ if environ is None else environ)
    if problems:
        raise ConfigurationError(*problems)
    return settings


def read(link: str, environ: Mapping[str, str]) -> tuple[dict[str, Setting], list[Problem]]:
    """What `defaults` gives, and beside it what is wrong: for whoever wants to say more problems at once."""
    settings: dict[str, Setting] = {}
    problems: list[Problem] = []
    for variable, (option, convert, expected) in _LINKS.get(link, {}).items():
        text = environ.get(variable, "").strip()
        if not text:
            continue
        try:
            setting = Setting(convert(text), variable)
        except ValueError:
            problems.append(Problem(variable, repr(text), expected, option))
            continue
        # Only the store can be given twice: the queue, and the file that takes what the queue does not.
        settings["fallback" if option in settings else option] = setting
    return settings, problems
