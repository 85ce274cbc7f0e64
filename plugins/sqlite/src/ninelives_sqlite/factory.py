"""A store from its address."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import TYPE_CHECKING

from ninelives.address import Address
from ninelives.errors import ConfigurationError, Problem

if TYPE_CHECKING:
    from ninelives_sqlite.store import SqliteStore

__all__ = ["DEFAULT_FILE", "sqlite_store"]

DEFAULT_FILE = "dlq.db"


def sqlite_store(address: Address) -> SqliteStore:
    """The store of ``sqlite:PATH?fsync=on|off&timeout=SECONDS``; without a path it is ``./dlq.db``.

    Raises:
        ConfigurationError: An option is unknown or wrong, or no file can have such a name.
    """
    address.refuse_unknown_options(("fsync", "timeout"))
    problems = list(_problems(address))
    if problems:
        raise ConfigurationError(*problems)
    from ninelives_sqlite.store import TIMEOUT, SqliteStore  # the factory of a store is asked for with those of others

    return SqliteStore(
        address.target or DEFAULT_FILE,
        fsync=address.options.get("fsync", "on") == "on",
        timeout=float(address.options.get("timeout", TIMEOUT)),
    )


def _problems(address: Address) -> Iterator[Problem]:
    if "\0" in address.target:
        yield Problem(f"{address!r}: path", repr(address.target), "a path without NUL characters")
    if address.target.startswith("//") and "@" in address.target.split("/")[2]:
        yield Problem(f"{address}: path", "", "a path on this machine, without user and host")
    if address.target == ":memory:":
        yield Problem(f"{address}: path", "':memory:'", "a file; letters are kept in memory by the store memory:")
    fsync = address.options.get("fsync", "on")
    if fsync not in ("on", "off"):
        yield Problem(f"{address}: option 'fsync'", repr(fsync), "on or off")
    timeout = address.options.get("timeout", "0")
    if not _is_duration(timeout):
        yield Problem(f"{address}: option 'timeout'", repr(timeout), "a number of seconds, 0 or more")


def _is_duration(text: str) -> bool:
    try:
        return 0 <= float(text) < math.inf
    except ValueError:
        return False
