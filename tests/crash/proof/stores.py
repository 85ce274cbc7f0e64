"""The stores that are tried: a line each."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing
from importlib import import_module
from pathlib import Path
from typing import Any, NamedTuple

from ninelives.clock import Clock
from proof.ledger import Ledger
from proof.recording import recording

__all__ = ["KINDS", "Kind"]

PATIENCE = 30.0
EARLY = 64 * 1024


def no_complaints(_path: Path) -> Iterator[str]:
    """A file that any line of may be torn: nothing to say besides what its store says."""
    return iter(())


def complaints(path: Path) -> Iterator[str]:
    """What SQLite itself says of a database."""
    with closing(sqlite3.connect(path)) as connection:
        yield from (text for (text,) in connection.execute("PRAGMA integrity_check") if text != "ok")


class Kind(NamedTuple):
    """A kind of store.

    Attributes:
        where: Its class, as ``module:name``.
        file: The name of its file.
        patience: The option that says how many seconds it waits for others.
        complaints: What is wrong with a file of it, by another's word than its own.
        size: The constant that says from how many bytes on it is tidied, as ``module:name``.
    """

    where: str
    file: str
    patience: str
    complaints: Callable[[Path], Iterator[str]] = no_complaints
    size: str = "ninelives_file.index:_WORTH"

    @property
    def store(self) -> type[Any]:
        """Its class."""
        module, _, name = self.where.partition(":")
        found: type[Any] = getattr(import_module(module), name)
        return found

    def open(self, folder: Path, clock: Clock | None, *, patience: float = PATIENCE) -> Any:
        """The store in this folder."""
        return self.store(folder / self.file, clock=clock, **{self.patience: patience})

    def recorded(self, folder: Path, clock: Clock | None, ledger: Ledger) -> Any:
        """The store in this folder, as one that writes down what it is asked."""
        store = recording(self.store)(folder / self.file, clock=clock, **{self.patience: PATIENCE})
        store.ledger, store.place = ledger, folder.name
        return store

    def tidy_early(self) -> None:
        """In this process, let it be tidied while it is small."""
        module, _, name = self.size.partition(":")
        loaded = import_module(module)
        setattr(loaded, name, min(getattr(loaded, name), EARLY))


KINDS = {
    "file": Kind("ninelives_file:FileStore", "letters.json", "lock_timeout"),
    "sqlite": Kind(
        "ninelives_sqlite:SqliteStore", "letters.db", "timeout", complaints, "ninelives_sqlite.database:LOG_SIZE"
    ),
}
