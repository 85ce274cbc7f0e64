"""What the file store adds to writing and syncing the same bytes, what threads gain, and how fast a large file opens.

Run with ``make bench``. The bare loop appends ready lines to an open file and syncs each. Rounds are interleaved, so
that what the machine does meanwhile meets all alike, and of each the median counts.
"""

from __future__ import annotations

import os
import statistics
import sys
import tempfile
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from threading import Thread
from typing import Any

LETTERS = 64
ROUNDS = 45
THREADS = 8
LARGE = 100_000
_ON_DISK = "/var/tmp"  # noqa: S108 - a private folder is made in it; /tmp is often memory, where nothing is ever synced
PUT_RATIO = 0.7
"""Of the letters a second of the bare loop, what `put` must reach."""
THREADS_RATIO = 1.5
"""Of the letters a second of one thread, what eight together must reach."""
OPENING_S = 2.0
"""Seconds that opening a large file may take, to the end of its first page."""


def letters(number: int) -> Iterator[Any]:
    """Letters of about 2 kB, as a failed call makes them."""
    from ninelives.dead_letters.letter import DeadLetter, ErrorRecord
    from ninelives.ids import new_id

    now = datetime.now(UTC)
    error = ErrorRecord(type="shop.Down", message="no answer", traceback="  File shop.py\n" * 80)
    fields: dict[str, Any] = {"args": ["x" * 100], "kwargs": {}, "error": error, "pipeline": "p", "fingerprint": "f"}
    for _ in range(number):
        name = new_id()
        yield DeadLetter(id=name, key=name, created=now, first_failed=now, last_failed=now, **fields)


class Bench:
    """The same letters, written in three ways to files of one folder."""

    def __init__(self, folder: str) -> None:
        from ninelives.dead_letters.letter import encode_letter
        from ninelives_file import FileStore

        self.letters = list(letters(LETTERS))
        self.lines = [encode_letter(letter) + b"\n" for letter in self.letters]
        self.bare = os.open(os.path.join(folder, "bare"), os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        self.alone = FileStore(os.path.join(folder, "alone"))
        self.shared = FileStore(os.path.join(folder, "shared"))

    def bare_loop(self) -> None:
        """Write and sync each line."""
        for line in self.lines:
            os.write(self.bare, line)
            os.fsync(self.bare)

    def one_thread(self) -> None:
        """Put each letter."""
        for letter in self.letters:
            self.alone.put(letter)

    def threads(self) -> None:
        """Put each letter in each of eight threads."""
        threads = [Thread(target=self._put_all) for _ in range(THREADS)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

    def _put_all(self) -> None:
        for letter in self.letters:
            self.shared.put(letter)

    def close(self) -> None:
        """Close what is open."""
        os.close(self.bare)

    def rates(self) -> tuple[float, float, float]:
        """Letters a second of each of them: the medians of interleaved rounds."""
        ways = (self.bare_loop, self.one_thread, self.threads)
        times: list[list[float]] = [[], [], []]
        for _ in range(ROUNDS):
            for way, taken in zip(ways, times, strict=True):
                begin = time.perf_counter()
                way()
                taken.append(time.perf_counter() - begin)
        bare, one, several = (LETTERS / statistics.median(taken) for taken in times)
        return bare, one, several * THREADS


def opening(folder: str) -> float:
    """Seconds until the first page of a large file is there: the least of three, as others use the machine too."""
    from ninelives.dead_letters.letter import LetterFilter
    from ninelives_file import FileStore

    path = os.path.join(folder, "large")
    FileStore(path, fsync=False).put_many(letters(LARGE))
    taken = []
    for _ in range(3):
        begin = time.perf_counter()
        page = FileStore(path).browse(LetterFilter(), limit=50)
        taken.append(time.perf_counter() - begin)
        assert len(page.letters) == 50
    return min(taken)


def main() -> int:
    """Print the tables; 1 if a limit is not held."""
    with tempfile.TemporaryDirectory(dir=_ON_DISK if os.path.isdir(_ON_DISK) else None) as folder:
        bench = Bench(folder)
        bare, one, several = bench.rates()
        bench.close()
        seconds = opening(folder)
    print(f"{'letters to a file':24} {'letters/s':>10}")
    for name, rate in (("bare loop", bare), ("put", one), (f"put, {THREADS} threads", several)):
        print(f"{name:24} {rate:10.0f}")
    checks = (
        (f"put / bare loop: {one / bare:.2f}, at least {PUT_RATIO}", one / bare >= PUT_RATIO),
        (f"{THREADS} threads / one: {several / one:.2f}, at least {THREADS_RATIO}", several / one >= THREADS_RATIO),
        (f"opening {LARGE:,} letters: {seconds:.2f} s, less than {OPENING_S:g} s", seconds < OPENING_S),
    )
    for text, holds in checks:
        print(f"{text}{'' if holds else ' - MISSED'}")
    return 0 if all(holds for _, holds in checks) else 1


if __name__ == "__main__":
    sys.exit(main())
