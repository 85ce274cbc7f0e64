"""The tables, in versions: what is in a database is brought up to date when it is opened.

A letter's record is kept whole, as JSON text; the other columns repeat what it is sorted by. What many letters have in
common, and is searched for, stands once in `kinds`, which counts its letters as they come and go, by triggers: a filter
chooses among the kinds, and groups are sums of them. Who holds a letter stands in `holds`, so that claims touch no
index of the letters. Each index that a letter is in costs time when it is put: so there are few.
"""

from __future__ import annotations

import sqlite3

from ninelives.errors import StoreError
from ninelives_sqlite.transactions import transaction

__all__ = ["DAMAGED", "MIGRATIONS", "empty", "upgrade"]

APPLICATION_ID = 0x394C6976
"""Says in the file's header whose it is: "9Liv"."""

DAMAGED = 1 << 62
"""The schema of a record that can't be read: newer than any."""

# What is no longer known of a kind, because the letter that was its first or last has gone, is NULL.
_PLUS = """
    UPDATE kinds SET count = count + 1,
        first = CASE count WHEN 0 THEN NEW.first_failed ELSE min(first, NEW.first_failed) END,
        last = CASE count WHEN 0 THEN NEW.last_failed ELSE max(last, NEW.last_failed) END
        WHERE number = NEW.kind;"""
_MINUS = """
    UPDATE kinds SET count = count - 1,
        first = CASE WHEN OLD.first_failed > first THEN first END,
        last = CASE WHEN OLD.last_failed < last THEN last END
        WHERE number = OLD.kind;
    DELETE FROM kinds WHERE number = OLD.kind AND count = 0;"""

_FIRST = (
    """CREATE TABLE letters (
        number INTEGER PRIMARY KEY, id TEXT NOT NULL, kind INTEGER NOT NULL, created REAL NOT NULL,
        first_failed REAL NOT NULL, last_failed REAL NOT NULL, expires REAL, record TEXT NOT NULL)""",
    """CREATE TABLE kinds (
        number INTEGER PRIMARY KEY, pipeline TEXT, fingerprint TEXT, fingerprint_version INTEGER NOT NULL,
        state TEXT NOT NULL, schema INTEGER NOT NULL, operation TEXT, error_type TEXT NOT NULL,
        count INTEGER NOT NULL DEFAULT 0, first REAL, last REAL)""",
    "CREATE TABLE holds (letter INTEGER PRIMARY KEY, token TEXT NOT NULL, taken REAL NOT NULL, until REAL NOT NULL)",
    "CREATE INDEX kinds_by_name ON kinds (fingerprint, pipeline, operation, error_type, state)",
    "CREATE UNIQUE INDEX letters_by_id ON letters (id)",
    "CREATE INDEX letters_in_order ON letters (created, id, kind, first_failed, last_failed)",
    "CREATE INDEX letters_by_kind ON letters (kind, created, id, first_failed, last_failed)",
    # Of the others the order says it: most letters are never replayed, and are put with a page less.
    "CREATE INDEX letters_by_time ON letters (last_failed, kind) WHERE last_failed <> created",
    "CREATE INDEX letters_by_expiry ON letters (expires) WHERE expires IS NOT NULL",
    f"CREATE TRIGGER letter_comes AFTER INSERT ON letters BEGIN {_PLUS} END",
    # First what it has become: a kind that is empty in between would be forgotten.
    f"""CREATE TRIGGER letter_changes AFTER UPDATE OF kind, first_failed, last_failed ON letters
        BEGIN {_PLUS} {_MINUS} END""",
    f"""CREATE TRIGGER letter_goes AFTER DELETE ON letters
        BEGIN {_MINUS} DELETE FROM holds WHERE letter = OLD.number; END""",  # noqa: S608 - nothing from outside
)

MIGRATIONS: tuple[tuple[str, ...], ...] = (_FIRST,)
"""What brings a database from each version to the next: the first of them from none to 1."""


def upgrade(connection: sqlite3.Connection, path: str) -> None:
    """Bring the database to this version, whole or not at all; one that is so already is not written to.

    Raises:
        StoreError: It is of a newer version, or someone else's: it stays as it is.
        sqlite3.Error: It can't be read or written.
    """
    with transaction(connection, "BEGIN"):  # what is read is then of one moment, also while another process makes it
        current = _version(connection, path) == len(MIGRATIONS)
    (mode,) = connection.execute("PRAGMA journal_mode = WAL").fetchone()
    if mode != "wal":
        raise StoreError(
            f"dead letter database {path}: its file system can't keep a write-ahead log; name a place on a local disk",
            transient=False,
        )
    if not current:
        with transaction(connection, "BEGIN IMMEDIATE"):
            _migrate(connection, _version(connection, path))  # another process may have done it meanwhile


def empty() -> sqlite3.Connection:
    """A database in memory with nothing in it: what is looked at where there is no file."""
    connection = sqlite3.connect(":memory:", isolation_level=None, check_same_thread=False)
    _migrate(connection, 0)
    return connection


def _migrate(connection: sqlite3.Connection, version: int) -> None:
    for statement in (one for step in MIGRATIONS[version:] for one in step):
        connection.execute(statement)
    connection.execute(f"PRAGMA application_id = {APPLICATION_ID}")
    connection.execute(f"PRAGMA user_version = {len(MIGRATIONS)}")


def _version(connection: sqlite3.Connection, path: str) -> int:
    """Which version it is of; 0: it is empty."""
    (owner,) = connection.execute("PRAGMA application_id").fetchone()
    (version,) = connection.execute("PRAGMA user_version").fetchone()
    if owner != APPLICATION_ID and (owner or version or connection.execute("SELECT 1 FROM sqlite_master").fetchone()):
        raise StoreError(
            f"dead letter database {path}: it is another program's database; name another place", transient=False
        )
    if version > len(MIGRATIONS):
        raise StoreError(
            f"dead letter database {path}: it is of version {version}, and this ninelives-sqlite reads "
            f"{len(MIGRATIONS)}: upgrade ninelives-sqlite, or name another place",
            transient=False,
        )
    return int(version)
