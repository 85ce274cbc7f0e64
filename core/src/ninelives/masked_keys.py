"""Names of keys whose values a program, its configuration or its environment wants masked too.

They hold for the whole process. What is built in stands in `ninelives.redaction.keys`, and for addresses in
`ninelives.address`; both ask here too.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Mapping
from threading import Lock
from typing import Any

from ninelives.describing import safe_repr
from ninelives.errors import ConfigurationError, Problem

__all__ = ["VARIABLE", "add", "added", "from_environment", "is_added", "mask_keys", "wrong_in", "wrong_names"]

VARIABLE = "NINELIVES_MASK_KEYS"
"""The variable that names keys, separated by commas."""

_EXPECTED = "names of keys, each with two letters or digits at least, like 'iban'"
_LONGEST = 200  # characters of a value that is shown

# Between the words of a name: customerIban, IBANNumber, customer-iban, customer_iban.
_BETWEEN = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])|[\W_]+")

_lock = Lock()
_names: frozenset[str] | None = None  # None: nobody has asked for them yet
_pattern: re.Pattern[str] | None = None


def mask_keys(*names: str) -> None:
    """Mask the values of these keys too, in everything that this process logs and notifies of.

    A name goes for every key that holds its words: ``"iban"`` for ``IBAN``, ``customer_iban``, ``customerIban`` and
    ``ibans``, not for ``caliban``. It may be said again, and can't be taken back. The configuration says the same with
    ``[redaction] keys = ["iban"]``, the environment with ``NINELIVES_MASK_KEYS=iban,tax_id``.

    Args:
        names: Names of keys, in any spelling: ``tax_id``, ``taxId`` and ``tax-id`` are one.

    Raises:
        ConfigurationError: Something is no name; then none of them is taken.

    Example:
        >>> from ninelives.redaction import mask_keys, redact
        >>> mask_keys("iban")
        >>> redact({"customerIban": "DE02120300000000202051"})
        {'customerIban': '***'}
    """
    if problems := wrong_names(names, "mask_keys"):
        raise ConfigurationError(*problems)
    add(names)


def wrong_names(names: Any, place: str) -> list[Problem]:
    """What is wrong with names that were given at `place`."""
    if not isinstance(names, (list, tuple)) or not all(isinstance(name, str) for name in names):
        return [Problem(place, safe_repr(names, _LONGEST), _EXPECTED)]
    return [Problem(place, safe_repr(name, _LONGEST), _EXPECTED) for name in names if not _is_name(name)]


def from_environment(environ: Mapping[str, str]) -> list[str]:
    """The names that the variable holds."""
    return [name.strip() for name in environ.get(VARIABLE, "").split(",") if name.strip()]


def wrong_in(environ: Mapping[str, str]) -> list[Problem]:
    """What is wrong with the names that the variable holds."""
    return wrong_names(from_environment(environ), VARIABLE)


def add(names: Iterable[str]) -> None:
    """Take those of these names that are names."""
    global _names, _pattern  # noqa: PLW0603 - they hold for the process
    with _lock:
        new = (*names, *(from_environment(os.environ) if _names is None else ()))
        _names = (_names or frozenset()) | {_words(name) for name in new if _is_name(name)}
        joined = "|".join(name.replace("_", "_?") for name in sorted(_names))
        _pattern = re.compile(rf"(?:\A|_)(?:{joined})s?[0-9]*(?:_|\Z)") if joined else None


def added() -> re.Pattern[str] | None:
    """What finds these names in a key's words; None: there are none."""
    if _names is None:
        add(())
    return _pattern


def is_added(key: str) -> bool:
    """Whether a key holds one of these names."""
    pattern = added()
    return pattern is not None and pattern.search(_words(key)) is not None


def _words(name: str) -> str:
    return _BETWEEN.sub("_", name).strip("_").lower()


def _is_name(name: str) -> bool:
    return sum(map(str.isalnum, name)) > 1
