"""Names of keys whose values a program, its configuration or its environment wants masked too.

They hold for the whole process. What is built in stands in `ninelives.redaction.keys`, and for addresses in
`ninelives.address`; both ask here too. What the environment and the configuration file name is looked up once: when a
part is built, or at the latest when something is masked.
"""

from __future__ import annotations

import os
import re
import threading
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from ninelives.errors import ConfigurationError, Problem
from ninelives.late_imports import importing
from ninelives.locks import new_lock

__all__ = [
    "VARIABLE",
    "add",
    "added",
    "from_environment",
    "is_added",
    "learn",
    "mask_keys",
    "reading",
    "wrong_in",
    "wrong_names",
]

VARIABLE = "NINELIVES_MASK_KEYS"
"""The variable that names keys, separated by commas."""

_EXPECTED = (
    "names of keys, one each, like 'iban' or 'tax_id': of letters, digits, - and _, two letters or digits at least"
)

# A list in one text, a path, a pattern: none is one name, though its words could be taken for one. Letters of any
# language can be meant.
_NO_PART = re.compile(r"[^\w\-\x80-\U0010ffff]|\s")

# Between the words of a name: customerIban, IBANNumber, customer-iban, customer_iban.
_BETWEEN = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])|[\W_]+")

_lock = new_lock()
_names: frozenset[str] = frozenset()
_pattern: re.Pattern[str] | None = None
_has_learned = False  # what the environment and the file name; `mask_keys` alone says nothing of that
_turn = new_lock()
_here = threading.local()  # whether this thread is reading them


def mask_keys(*names: str) -> None:
    """Mask the values of these keys too, in everything that this process logs and notifies of.

    A name goes for every key that holds its words: ``"iban"`` for ``IBAN``, ``customer_iban``, ``customerIban`` and
    ``ibans``, not for ``caliban``. It may be said again, and can't be taken back. The configuration says the same with
    ``[redaction] keys = ["iban"]``, the environment with ``NINELIVES_MASK_KEYS=iban,tax_id``.

    Args:
        names: Names of keys, one each, in any spelling: ``tax_id``, ``taxId`` and ``tax-id`` are one. Of a path it is
            the last part: ``iban``, not ``user.iban``.

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
    from ninelives.checks import shown  # late: it asks here what to mask

    if not isinstance(names, (list, tuple)) or not all(isinstance(name, str) for name in names):
        return [Problem(place, shown(names), _EXPECTED)]
    return [Problem(place, shown(name), _EXPECTED) for name in names if not _is_name(name)]


def from_environment(environ: Mapping[str, str]) -> list[str]:
    """The names that the variable holds."""
    return [name.strip() for name in environ.get(VARIABLE, "").split(",") if name.strip()]


def wrong_in(environ: Mapping[str, str]) -> list[Problem]:
    """What is wrong with the names that the variable holds."""
    wrong = wrong_names(from_environment(environ), VARIABLE)
    return [problem._replace(expected=f"{_EXPECTED}; commas between them") for problem in wrong]


def add(names: Iterable[str]) -> None:
    """Take those of these names that are names."""
    global _names, _pattern  # noqa: PLW0603 - they hold for the process
    with _lock:
        _names |= {_words(name) for name in names if _is_name(name)}
        joined = "|".join(name.replace("_", "_?") for name in sorted(_names))
        _pattern = re.compile(rf"(?:\A|_)(?:{joined})s?[0-9]*(?:_|\Z)") if joined else None


@contextmanager
def reading() -> Iterator[None]:
    """Around whatever takes the names of this process's environment and file; then `learn` does it no more.

    Another thread that masks meanwhile waits for the names, and so does a fork. This one does not: what is wrong with
    the file is worded with what is known by then.
    """
    global _has_learned  # noqa: PLW0603 - once a process
    if getattr(_here, "is_reading", False):  # a signal's handler builds a pipeline
        yield
        return
    with _turn, importing():  # reading TOML is an import, at the first time
        _here.is_reading = True
        try:
            yield
            _has_learned = True
        finally:
            _here.is_reading = False


def learn() -> None:
    """Take the names that the environment and the configuration file give, unless that is done.

    Asked when a part is built that stands alone: later the working directory may be another, and a call may be failing.
    Never raises an `Exception`: what is wrong is logged.
    """
    if _has_learned or getattr(_here, "is_reading", False):
        return
    with reading():
        said = "" if _has_learned else _learned()
    if said:  # no lock is held now: a handler of the program's may mask, too
        import logging

        from ninelives.redaction import one_line

        text = "names of keys to mask are left out, since they can't be had (this is said once): %s"
        logging.getLogger("ninelives").warning(text, one_line(said))


def added() -> re.Pattern[str] | None:
    """What finds these names in a key's words; None: there are none."""
    if not _has_learned:
        learn()
    return _pattern


def _learned() -> str:
    """Take them; what is wrong, as text, its secrets masked."""
    add(from_environment(os.environ))
    wrong: list[object] = [*wrong_in(os.environ)]
    try:
        from ninelives.settings_file import keys_to_mask, read_file, redaction_problems

        file = read_file(None, os.environ)
        add(keys_to_mask(file))
        wrong += redaction_problems(file)
    except ConfigurationError as error:
        wrong += error.args
    except Exception as error:  # whatever it is: someone is masking, maybe for a call that has failed
        from ninelives.checks import told

        wrong.append(told(error))
    return "; ".join(map(str, wrong))


def is_added(key: str) -> bool:
    """Whether a key holds one of these names."""
    pattern = added()
    return pattern is not None and pattern.search(_words(key)) is not None


def _words(name: str) -> str:
    return _BETWEEN.sub("_", name).strip("_").lower()


def _is_name(name: str) -> bool:
    return sum(map(str.isalnum, name)) > 1 and _NO_PART.search(name) is None
