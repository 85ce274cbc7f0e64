"""How long ``ninelives dlq list`` takes to print its first page of a hundred thousand letters in SQLite.

Run with ``make bench``. The start of Python counts; the page is piped, and drawn on a terminal. Of several runs of each
the median counts.
"""

from __future__ import annotations

import errno
import os
import pty
import statistics
import subprocess
import sys
import tempfile
import time
from datetime import UTC, datetime, timedelta
from typing import Any

LETTERS = 100_000
PAGE = 50
ROUNDS = 9
LIMIT = 0.4
"""Seconds for the first page, at most: what `main` exits non-zero for."""

_PROGRAM = (sys.executable, "-m", "ninelives_cli", "dlq", "list", "--store")


def fill(address: str, count: int) -> None:
    """Put letters of some kinds there, each of about 1,200 bytes."""
    from ninelives import DeadLetter, default_plugins
    from ninelives.dead_letters.letter import ErrorRecord
    from ninelives.dead_letters.store import Batched
    from ninelives.ids import new_id

    store = default_plugins().open_store(address)
    assert isinstance(store, Batched)
    begin = datetime.now(UTC) - timedelta(days=7)
    error = ErrorRecord(type="builtins.TimeoutError", message="no answer", traceback="  File shop.py\n" * 20)
    for first in range(0, count, 5000):
        letters = []
        for number in range(first, min(first + 5000, count)):
            name, at = new_id(), begin + timedelta(seconds=number)
            moments: dict[str, Any] = {"created": at, "first_failed": at, "last_failed": at}
            kind: dict[str, Any] = {
                "pipeline": f"p{number % 5}",
                "operation": "shop:order",
                "fingerprint": f"{number % 20:016x}",
            }
            letters.append(DeadLetter(id=name, key=name, args=["x" * 100], kwargs={}, error=error, **moments, **kind))
        store.put_many(letters)
    store.close()


def piped(address: str) -> float:
    """Seconds until a page has been printed into a pipe, and the program has ended."""
    begin = time.perf_counter()
    done = subprocess.run([*_PROGRAM, address], check=True, capture_output=True)
    seconds = time.perf_counter() - begin
    assert len(done.stdout.splitlines()) == PAGE + 1
    return seconds


def drawn(address: str) -> float:
    """Seconds until a page has been drawn on a terminal, and the program has ended."""
    ours, theirs = pty.openpty()
    environ = {**os.environ, "TERM": "xterm", "COLUMNS": "200", "PYTHONUTF8": "1"}
    begin = time.perf_counter()
    with subprocess.Popen([*_PROGRAM, address], stdout=theirs, stderr=theirs, env=environ) as process:
        os.close(theirs)
        shown = b"".join(iter(lambda: _read(ours), b""))
    seconds = time.perf_counter() - begin
    os.close(ours)
    assert process.returncode == 0
    assert shown.count(b"shop:order") == PAGE
    return seconds


def _read(terminal: int) -> bytes:
    try:
        return os.read(terminal, 65_536)
    except OSError as error:  # how Linux says that nobody holds the other end any more
        if error.errno != errno.EIO:
            raise
        return b""


def main() -> int:
    """Print both; 1 if the limit is not held."""
    with tempfile.TemporaryDirectory() as folder:
        address = f"sqlite:{folder}/dlq.db"
        fill(address, LETTERS)
        rounds = [(piped(address), drawn(address)) for _ in range(ROUNDS + 1)][1:]  # the first one compiles
    medians = {}
    for name, times in zip(("piped", "on a terminal"), zip(*rounds, strict=True), strict=True):
        medians[name] = statistics.median(times)
        said = f"first page of {LETTERS:,} letters in SQLite, {name}: {medians[name]:.3f} s"
        print(f"{said}, at best {min(times):.3f} s (limit {LIMIT:g} s)")
    return 0 if max(medians.values()) < LIMIT else 1


if __name__ == "__main__":
    sys.exit(main())
