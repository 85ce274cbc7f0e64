"""What stays in memory: after a million successful calls, and with a file of a hundred thousand letters open.

Run with ``make bench``.
"""

from __future__ import annotations

import gc
import subprocess
import sys
import tempfile
import tracemalloc
from pathlib import Path

CALLS = 1_000_000
LETTERS = 100_000
PAGE_LIMIT_MB = 150
GROWTH_LIMIT_KB = 64

_READ_A_PAGE = """
import resource, sys
from ninelives import LetterFilter, default_plugins
store = default_plugins().open_store("file:" + sys.argv[1])
page = store.browse(LetterFilter(), limit=50)
assert len(page.letters) == 50 and store.count() == int(sys.argv[2])
print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024)
"""


def growth_of_calls() -> float:
    """Kilobytes more after `CALLS` successful calls than after the first thousand."""
    from ninelives import Pipeline

    pipeline = Pipeline("memory", dead_letter={"store": "memory:"})
    for number in range(1000):
        pipeline.run(abs, number)
    gc.collect()
    tracemalloc.start()
    before = tracemalloc.get_traced_memory()[0]
    for number in range(CALLS):
        pipeline.run(abs, number)
    gc.collect()
    return (tracemalloc.get_traced_memory()[0] - before) / 1024


def write_letters(path: Path, count: int) -> None:
    """A file of letters, each of some 700 bytes."""
    from datetime import UTC, datetime

    from msgspec import structs

    from ninelives import DeadLetter, default_plugins
    from ninelives.ids import new_id

    store = default_plugins().open_store(f"file:{path}")
    now = datetime.now(UTC)
    record = DeadLetter(
        id="", key="", args=["x" * 100], kwargs={}, pipeline="p", created=now, first_failed=now, last_failed=now
    )
    for begin in range(0, count, 5000):
        ids = [new_id() for _ in range(begin, min(begin + 5000, count))]
        letters = [structs.replace(record, id=one, key=one) for one in ids]
        store.put_many(letters)  # type: ignore[attr-defined]  # the file store can


def megabytes_for_a_page(count: int = LETTERS) -> int:
    """The peak of a process that opens a file of `count` letters and reads its first page."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "dlq.json"
        write_letters(path, count)
        command = [sys.executable, "-c", _READ_A_PAGE, str(path), str(count)]
        return int(subprocess.run(command, check=True, capture_output=True, text=True).stdout)


def main() -> int:
    """Print both; 1 if a limit is not held."""
    growth, page = growth_of_calls(), megabytes_for_a_page()
    print(f"growth after {CALLS:,} successful calls: {growth:.1f} kB (limit {GROWTH_LIMIT_KB})")
    print(f"peak for the first page of {LETTERS:,} letters: {page} MB (limit {PAGE_LIMIT_MB})")
    return 0 if growth <= GROWTH_LIMIT_KB and page <= PAGE_LIMIT_MB else 1


if __name__ == "__main__":
    sys.exit(main())
