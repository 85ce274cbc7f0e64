"""The store of an address."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import TYPE_CHECKING

from ninelives.address import Address
from ninelives.errors import ConfigurationError, Problem

if TYPE_CHECKING:
    from ninelives_file.store import FileStore

__all__ = ["file_store"]

DEFAULT_FILE = "local_dlq.json"
_LOCK_TIMEOUT = 30.0


def file_store(address: Address) -> FileStore:
    """The store of ``file:PATH?fsync=on|off&lock_timeout=SECONDS``; without a path it is ``./local_dlq.json``.

    Raises:
        ConfigurationError: An option is unknown or wrong, or no file can have such a name.
    """
    address.refuse_unknown_options(("fsync", "lock_timeout"))
    problems = list(_problems(address))
    if problems:
        raise ConfigurationError(*problems)
    from ninelives_file.store import FileStore  # the command line asks for a store's factory, and mostly for another's

    return FileStore(
        address.target or DEFAULT_FILE,
        fsync=address.options.get("fsync", "on") == "on",
        lock_timeout=float(address.options.get("lock_timeout", _LOCK_TIMEOUT)),
    )


def _problems(address: Address) -> Iterator[Problem]:
    if "\0" in address.target:
        yield Problem(f"{address!r}: path", repr(address.target), "a path without NUL characters")
    if address.target.startswith("//") and "@" in address.target.split("/")[2]:
        yield Problem(f"{address}: path", "", "a path on this machine, without user and host")
    fsync = address.options.get("fsync", "on")
    if fsync not in ("on", "off"):
        yield Problem(f"{address}: option 'fsync'", repr(fsync), "on or off")
    timeout = address.options.get("lock_timeout", "0")
    if not _is_duration(timeout):
        yield Problem(f"{address}: option 'lock_timeout'", repr(timeout), "a number of seconds, 0 or more")


def _is_duration(text: str) -> bool:
    try:
        return 0 <= float(text) < math.inf
    except ValueError:
        return False
