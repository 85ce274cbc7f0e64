"""A store from its address."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ninelives.address import Address
from ninelives.address_options import read_path, read_seconds, read_switch
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
    from ninelives_sqlite.store import TIMEOUT, SqliteStore  # the factory of a store is asked for with those of others

    place, problems = str(address), list[Problem]()
    path = read_path(address, DEFAULT_FILE, problems)
    if path == ":memory:":
        problems.append(
            Problem(f"{place}: path", "':memory:'", "a file; letters are kept in memory by the store memory:")
        )
    fsync = read_switch(address, place, "fsync", problems, default=True)
    timeout = read_seconds(address, place, "timeout", TIMEOUT, problems, zero=True)
    if problems:
        raise ConfigurationError(*problems)
    return SqliteStore(path, fsync=fsync, timeout=timeout)
