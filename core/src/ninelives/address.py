"""How a backend is named in configuration: ``scheme:target?options``, one string."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any

from msgspec import Struct

from ninelives.errors import ConfigurationError, Problem
from ninelives.masked_keys import is_added

__all__ = ["MASK", "Address", "looks_secret", "masked"]

MASK = "***"

_SCHEME = re.compile(r"[a-z][a-z0-9+.-]*\Z")
_SECRET_NAME = re.compile(
    r"pass(word|wd|phrase)?\b|pwd|secret|token|(api|access|private)[_-]?key|credential|authorization"
    r"|signature\Z|\A(auth|sig)\Z",
    re.IGNORECASE,
)
# Both are linear: they start only where a run of their characters does, and never go back.
_USER = re.compile(r"//[^/:?]*+:")
_NAME = re.compile(r"(?<![^?&=;,\s])([^?&=;,\s]++)=")


class Address(Struct, frozen=True):
    """Where a backend is and how it is to behave.

    Split at the first ``:`` and the last ``?``; target and options are percent-decoded, and ``+`` is itself.

    Attributes:
        scheme: Which backend: ``file``, ``sqs``, ``log``.
        target: Where: a path, a queue's URL, a number; may be empty.
        options: What follows the ``?``.

    Example:
        >>> Address.parse("file:./dlq.json?fsync=off").options
        {'fsync': 'off'}
    """

    scheme: str
    target: str = ""
    options: Mapping[str, str] = {}

    @classmethod
    def parse(cls, text: str) -> Address:
        """Read an address.

        Raises:
            ConfigurationError: It has no scheme, or an option has no ``=`` or stands twice.
        """
        scheme, colon, rest = text.partition(":")
        if not colon or not _SCHEME.match(scheme):
            expected = f"scheme:target?options, like 'file:./dlq.json'{_guess(text, ('log:', 'memory:'))}"
            raise ConfigurationError(Problem("address", repr(masked(text)), expected))
        target, mark, query = rest.rpartition("?")
        if not mark:
            target, query = rest, ""
        return cls(scheme, _decoded(target), _options(text, query))

    def refuse_unknown_options(self, known: Iterable[str]) -> None:
        """For factories: raise a `ConfigurationError` that names each option not in `known`."""
        names = sorted(known)
        expected = f"one of: {', '.join(names)}" if names else "no options"
        unknown = [name for name in self.options if name not in names]
        if unknown:
            # A name that is misspelt may be a password's.
            shown = Address(self.scheme, self.target, {**self.options, **dict.fromkeys(unknown, MASK)})
            raise ConfigurationError(
                *(Problem(f"{shown}: option {name!r}", "", expected + _guess(name, names)) for name in unknown)
            )

    def __str__(self) -> str:
        """The address with its secrets masked; `raw` gives it whole."""
        shown = {name: MASK if looks_secret(name) else masked(value) for name, value in self.options.items()}
        return _written(self.scheme, masked(self.target), shown)

    def __repr__(self) -> str:
        return f"Address({str(self)!r})"

    def __rich_repr__(self) -> list[tuple[str, Any]]:  # else rich would print the fields, secrets included
        return [("address", str(self))]

    @property
    def guarded(self) -> str:
        """The address as it is shown where nobody knows its scheme: what stands before the host may be a password."""
        _, at, host = self.target.rpartition("@")
        return str(Address(self.scheme, f"{MASK}@{host}", self.options)) if at else str(self)

    @property
    def raw(self) -> str:
        """The address whole, secrets included: for connecting, never for text that leaves the program."""
        return _written(self.scheme, self.target, self.options)


def looks_secret(name: str) -> bool:
    """Whether what goes by this name should not be shown: a password, a token, a key."""
    return _SECRET_NAME.search(name) is not None or is_added(name)


def masked(text: str) -> str:
    """Text that is, or holds, an address, with passwords masked; where it is unclear what is one, more is masked.

    Example:
        >>> masked("smtp://ops:hunter2@mail:587?token=abc")
        'smtp://ops:***@mail:587?token=***'
    """
    target, mark, query = text.rpartition("?")
    if not mark or not all("=" in part for part in query.split("&")):
        target, query = text, ""
    return _without_secrets(f"{_without_password(target)}{mark if query else ''}{_without_password(query)}")


def _guess(given: str, known: Iterable[str]) -> str:
    from ninelives.checks import guess  # which needs this module

    return guess(given, known)


def _without_password(text: str) -> str:
    # To the last @: an @ or a / in a password that was not percent-encoded must not show the rest of it.
    head, at, tail = text.rpartition("@")
    found = _USER.search(head)
    return f"{head[: found.end()]}{MASK}{at}{tail}" if found else text


def _without_secrets(text: str) -> str:
    shown, position = "", 0
    for found in _NAME.finditer(text):
        if found.start() >= position and looks_secret(found[1]):
            shown += text[position : found.end()] + MASK
            end = text.find("&", found.end())
            position = len(text) if end < 0 else end
    return shown + text[position:]


def _options(text: str, query: str) -> dict[str, str]:
    options: dict[str, str] = {}
    for part in filter(None, query.split("&")):
        name, equals, value = part.partition("=")
        if not equals or not name or _decoded(name) in options:
            # Without a = it may be the rest of a password that holds a ?, so it is not shown.
            wrong = f"option {_decoded(name)!r} once" if equals and name else "options as name=value, joined by &"
            raise ConfigurationError(Problem(f"address {masked(text)!r}", "", wrong))
        options[_decoded(name)] = _decoded(value)
    return options


def _written(scheme: str, target: str, options: Mapping[str, str]) -> str:
    query = "&".join(f"{_quoted(name)}={_quoted(value)}" for name, value in options.items())
    return f"{scheme}:{re.sub('[%?]', _percent, target)}" + (f"?{query}" if query else "")


def _quoted(text: str) -> str:
    return re.sub(r"[%&=?#]", _percent, text)


def _decoded(text: str) -> str:
    if "%" not in text:
        return text
    from urllib.parse import unquote  # few addresses need it

    return unquote(text)


def _percent(found: re.Match[str]) -> str:
    return f"%{ord(found[0]):02X}"
