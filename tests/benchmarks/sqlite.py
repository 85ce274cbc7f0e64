"""What SQLite costs: putting a letter, beside a bare loop; and finding some among a million.

The bare loop writes and syncs the same bytes: the same rows into the same tables and indexes, in the same folder, one a
transaction, with a write-ahead log and a sync for each, and nothing around it: no other threads, no other processes, no
file that may be replaced. A third way shows, without a limit, what a table costs that has nothing but ids and records:
what is lost beside it is the price of finding, counting and grouping a million letters at once. All take turns in short
rounds, so that what else the disk does meets each of them.

Run it with ``python tests/benchmarks/sqlite.py [LETTERS]``.
"""

from __future__ import annotations

import sqlite3
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from datetime import UTC, datetime, timedelta
from threading import Thread
from typing import Any

ROUNDS, PUTS, THREADS = 30, 160, 8
LETTERS = 1_000_000
GROUPS = 1_000

PUT_RATIO, CROWD_RATIO, LIMIT_MS = 0.7, 1.5, 100.0
"""What `main` exits non-zero for: `put` at least so fast beside the bare loop, eight threads at least so much faster
than one, and what is asked of a million letters answered within so many milliseconds."""


def letters(number: int, first: int = 0) -> list[Any]:
    """Letters of about 2 kB, as failed calls make them, of a thousand kinds."""
    from ninelives.dead_letters.letter import DeadLetter, ErrorRecord
    from ninelives.ids import new_id

    error = ErrorRecord(type="shop.Down", message="no answer", traceback="  File shop.py\n" * 80)
    made = []
    for count in range(first, first + number):
        one, now, kind = new_id(), datetime.now(UTC), count * 7919 % GROUPS
        fields: dict[str, Any] = {"args": ["x" * 100], "kwargs": {}, "error": error, "operation": f"shop:{kind % 50}"}
        fields |= {"pipeline": f"p{kind % 20}", "fingerprint": f"{kind:016x}"}
        fields |= {"created": now, "first_failed": now - timedelta(seconds=3), "last_failed": now}
        made.append(DeadLetter(id=one, key=one, **fields))
    return made


def bare(path: str) -> Callable[[Sequence[Any]], None]:
    """What a loop with nothing around it does, for the same rows."""
    from ninelives_sqlite.rows import Values
    from ninelives_sqlite.rows import put as write
    from ninelives_sqlite.schema import upgrade

    connection = sqlite3.connect(path, isolation_level=None)
    connection.execute("PRAGMA page_size = 1024")
    upgrade(connection, path)
    connection.execute("PRAGMA synchronous = FULL")
    connection.execute("PRAGMA wal_autocheckpoint = 4096")

    def put(some: Sequence[Any]) -> None:
        for one in some:
            connection.execute("BEGIN IMMEDIATE")
            write(connection, Values.of(one))
            connection.execute("COMMIT")

    return put


def heap(path: str) -> Callable[[Sequence[Any]], None]:
    """What a table costs in which nothing can be found but by its id."""
    from ninelives.dead_letters.letter import encode_letter

    connection = sqlite3.connect(path, isolation_level=None)
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute("PRAGMA synchronous = FULL")
    connection.execute("CREATE TABLE letters (id TEXT PRIMARY KEY, record TEXT)")

    def put(some: Sequence[Any]) -> None:
        for one in some:
            connection.execute("BEGIN IMMEDIATE")
            connection.execute("INSERT INTO letters VALUES (?, ?)", (one.id, encode_letter(one).decode()))
            connection.execute("COMMIT")

    return put


def alone(store: Any) -> Callable[[Sequence[Any]], None]:
    """One thread that puts one letter after another."""

    def put(some: Sequence[Any]) -> None:
        for one in some:
            store.put(one)

    return put


def crowd(store: Any) -> Callable[[Sequence[Any]], None]:
    """Several threads that do so at once."""

    def put(some: Sequence[Any]) -> None:
        threads = [Thread(target=alone(store), args=(some[number::THREADS],)) for number in range(THREADS)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

    return put


def puts(folder: str) -> bool:
    """Print what a put takes; whether the limits are held."""
    from ninelives_sqlite import SqliteStore

    with closing(SqliteStore(f"{folder}/put.db")) as store:
        ways = {"ids and records": heap(f"{folder}/heap.db"), "bare loop": bare(f"{folder}/bare.db")}
        ways |= {"store": alone(store), f"{THREADS} threads": crowd(store)}
        rounds = [{name: timed(put, letters(PUTS)) for name, put in ways.items()} for _ in range(ROUNDS)]
    # What the first rounds do is to let the files grow.
    found = {name: statistics.median(times[name] for times in rounds[ROUNDS // 5 :]) / PUTS * 1e6 for name in ways}
    for name, microseconds in found.items():
        print(f"{name:28} {microseconds:8.0f} us a letter {1e6 / microseconds:8.0f} letters/s")
    heap_us, bare_us, store_us, crowd_us = found.values()
    ratio, together = bare_us / store_us, store_us / crowd_us
    print(f"{'store / ids and records':28} {heap_us / store_us:8.2f}")
    print(f"{'store / bare loop':28} {ratio:8.2f}    (at least {PUT_RATIO})")
    print(f"{f'{THREADS} threads / one':28} {together:8.2f}    (at least {CROWD_RATIO})")
    return ratio >= PUT_RATIO and together >= CROWD_RATIO


def timed(action: Callable[..., object], *given: Any) -> float:
    """Seconds that it takes."""
    begin = time.perf_counter()
    action(*given)
    return time.perf_counter() - begin


def searches(folder: str, number: int) -> bool:
    """Print what is asked of so many letters, and what it takes; whether the limits are held."""
    from ninelives_sqlite import SqliteStore

    with closing(SqliteStore(f"{folder}/many.db", fsync=False)) as store:
        filling = sum(
            timed(store.put_many, letters(min(1_000, number - first), first)) for first in range(0, number, 1_000)
        )
        print(f"{number} letters put in {filling:.0f} s")
        slow = [name for name, limited, asked in questions(store) if best(name, asked) > LIMIT_MS and limited]
    print(f"over {LIMIT_MS:g} ms: {', '.join(slow)}" if slow else f"all within {LIMIT_MS:g} ms that are to be")
    return not slow


def questions(store: Any) -> Iterator[tuple[str, bool, Callable[[], object]]]:
    """What is asked, whether it must be answered quickly, and how."""
    from ninelives.dead_letters.letter import LetterFilter

    kind = f"{GROUPS // 2:016x}"
    middle = store.browse(LetterFilter(), limit=1).letters[0].created + timedelta(seconds=30)
    cursor = f"{middle.timestamp()!r}/"
    yield "first page", True, lambda: store.browse(LetterFilter(), limit=50)
    yield "a page in the middle", True, lambda: store.browse(LetterFilter(), limit=50, cursor=cursor)
    yield "groups", True, lambda: store.groups(LetterFilter(), limit=50)
    yield "all groups", False, lambda: store.groups(LetterFilter(), limit=GROUPS)
    yield "by fingerprint", True, lambda: store.browse(LetterFilter(fingerprint=kind), limit=50)
    yield "by pipeline", True, lambda: store.browse(LetterFilter(pipeline="p7"), limit=50)
    yield "by state (none is parked)", True, lambda: store.browse(LetterFilter(state="parked"), limit=50)
    yield (
        "by error and operation",
        True,
        lambda: store.browse(LetterFilter(error_type="Down", operation="shop:7"), limit=50),
    )
    yield "those before a moment", False, lambda: store.browse(LetterFilter(until=middle), limit=50)
    yield "those since a moment", False, lambda: store.browse(LetterFilter(since=middle), limit=50)
    yield "count", True, store.count
    yield "receive and give back", True, lambda: [store.release(one) for one in store.receive(10, lease=60)]
    yield "groups again", True, lambda: store.groups(LetterFilter(), limit=50)
    yield "ids of all", False, lambda: store.list_ids(LetterFilter(), limit=10_000_000)


def best(name: str, asked: Callable[[], object]) -> float:
    """Milliseconds of the best of three, which counts; the time before them may have to wait for the disk."""
    first, *more = (timed(asked) * 1e3 for _ in range(4))
    print(f"{name:28} {min(more):8.1f} ms {first:12.1f} ms the first time")
    return min(more)


def main() -> int:
    """Print both tables; 1 if a limit is not held."""
    number = int(sys.argv[1]) if len(sys.argv) > 1 else LETTERS
    with tempfile.TemporaryDirectory(prefix="ninelives-bench-") as folder:
        held = [puts(folder), searches(folder, number)]
    return 0 if all(held) else 1


if __name__ == "__main__":
    sys.exit(main())
