"""How a backend is named in configuration: ``scheme:target?options``, one string."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING
from urllib.parse import unquote

from msgspec import Struct

from ninelives.errors import ConfigurationError, Problem

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

__all__ = ["Address"]

_SCHEME = re.compile(r"[a-z][a-z0-9+.-]*\Z")
_SECRET_NAME = re.compile(r"pass(word|wd)?\Z|secret|token|api_?key|credential", re.IGNORECASE)
_USER_INFO = re.compile(r"//([^/@?]*)@")
_OPTION = re.compile(r"([^?&=]+)=([^&]*)")
MASK = "***"


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
            raise ConfigurationError(
                Problem("address", repr(_masked(text)), "scheme:target?options, like 'file:./dlq.json'")
            )
        target, mark, query = rest.rpartition("?")
        if not mark:
            target, query = rest, ""
        return cls(scheme, unquote(target), _options(text, query))

    def refuse_unknown_options(self, known: Iterable[str]) -> None:
        """For factories: raise a `ConfigurationError` that names each option not in `known`."""
        names = sorted(known)
        expected = f"one of: {', '.join(names)}" if names else "no options"
        unknown = [name for name in self.options if name not in names]
        if unknown:
            raise ConfigurationError(*(Problem(f"{self}: option {name!r}", "", expected) for name in unknown))

    def __str__(self) -> str:
        """The address with its secrets masked; `raw` gives it whole."""
        return _masked(self.raw)

    def __repr__(self) -> str:
        return f"Address({str(self)!r})"

    @property
    def raw(self) -> str:
        """The address whole, secrets included: for connecting, never for text that leaves the program."""
        query = "&".join(f"{_quote(name)}={_quote(value)}" for name, value in self.options.items())
        return f"{self.scheme}:{self.target.replace('%', '%25')}" + (f"?{query}" if query else "")


def _options(text: str, query: str) -> dict[str, str]:
    options: dict[str, str] = {}
    for part in filter(None, query.split("&")):
        name, equals, value = part.partition("=")
        if not equals or not name or unquote(name) in options:
            raise ConfigurationError(
                Problem(f"address {_masked(text)!r}", "", f"each option once, as name=value; got {_masked(part)!r}")
            )
        options[unquote(name)] = unquote(value)
    return options


def _quote(text: str) -> str:
    return re.sub(r"[%&=?#]", lambda found: f"%{ord(found[0]):02X}", text)


def _masked(text: str) -> str:
    text = _USER_INFO.sub(lambda found: f"//{_masked_user(found[1])}@", text)
    return re.sub(
        r"([^?&=]+)=([^&]*)", lambda found: f"{found[1]}={MASK}" if _SECRET_NAME.search(found[1]) else found[0], text
    )


def _masked_user(user_info: str) -> str:
    user, colon, _ = user_info.partition(":")
    return f"{user}:{MASK}" if colon else user
