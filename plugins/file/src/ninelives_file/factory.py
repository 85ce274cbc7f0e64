"""The store of an address."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ninelives.address import Address
from ninelives.address_options import read_path, read_seconds, read_switch
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
    place, problems = str(address), list[Problem]()
    path = read_path(address, DEFAULT_FILE, problems)
    fsync = read_switch(address, place, "fsync", problems, default=True)
    lock_timeout = read_seconds(address, place, "lock_timeout", _LOCK_TIMEOUT, problems, zero=True)
    if problems:
        raise ConfigurationError(*problems)
    from ninelives_file.store import FileStore  # the command line asks for a store's factory, and mostly for another's

    return FileStore(path, fsync=fsync, lock_timeout=lock_timeout)
