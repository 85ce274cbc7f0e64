"""How fast letters are replayed by a function that does nothing, and what that takes of memory.

Run with ``make bench``. Each run is a process of its own with a store of its own; what the letters were put there with
does not count.
"""

from __future__ import annotations

import asyncio
import subprocess
import sys
import tempfile
import time
import tracemalloc
from pathlib import Path

LETTERS = 10_000
FEW = 1_000
LIMIT = 2_000
"""Letters a second, at least: what `main` exits non-zero for."""

STORES = {"file": 4_096, "sqlite": 1_024}
"""How many kilobytes more ten times as many letters may take, at the peak: the file store has an index of them."""


def fill(address: str, count: int) -> None:
    """Put letters of about 900 bytes there, as failed calls leave them."""
    from datetime import UTC, datetime

    from msgspec import structs

    from ninelives import DeadLetter, default_plugins
    from ninelives.dead_letters.letter import ErrorRecord
    from ninelives.ids import new_id

    store = default_plugins().open_store(address)
    now = datetime.now(UTC)
    error = ErrorRecord(type="builtins.ConnectionError", message="no answer", traceback="  File shop.py\n" * 20)
    record = DeadLetter(
        id="",
        key="",
        args=["x" * 100],
        kwargs={},
        error=error,
        operation="bench:nothing",
        pipeline="bench",
        created=now,
        first_failed=now,
        last_failed=now,
    )
    for begin in range(0, count, 5000):
        ids = [new_id() for _ in range(begin, min(begin + 5000, count))]
        store.put_many([structs.replace(record, id=one, key=one) for one in ids])  # type: ignore[attr-defined]  # both can
    store.close()


def run(address: str, count: int, how: str, *, measured: bool) -> tuple[float, float]:
    """Replay them: seconds, and kilobytes at the peak where that is measured."""
    from ninelives import Pipeline
    from ninelives.settings import load_settings

    def nothing(_text: str) -> None:
        pass

    async def nothing_later(_text: str) -> None:
        pass

    pipeline = Pipeline("bench", settings=load_settings(environ={}), dead_letter={"store": address}, notify=False)
    pipeline.register(nothing_later if how == "async" else nothing, "bench:nothing")
    if measured:
        pipeline["dead_letter"].places[0].store.count()  # what the store knows of its letters is not the replay's
        tracemalloc.start()
    begin = time.perf_counter()
    report = asyncio.run(pipeline.areplay()) if how == "async" else pipeline.replay()
    took = time.perf_counter() - begin
    peak = tracemalloc.get_traced_memory()[1] / 1024 if measured else 0.0
    if report.replayed != count or not report.ok:
        raise SystemExit(f"not all were replayed: {report}")
    return took, peak


def apart(kind: str, count: int, how: str, *, measured: bool = False) -> tuple[float, float]:
    """The same in a process of its own."""
    with tempfile.TemporaryDirectory() as folder:
        address = f"{kind}:{Path(folder) / 'dlq'}"
        fill(address, count)
        command = [sys.executable, __file__, address, str(count), how, *(["measured"] if measured else [])]
        told = subprocess.run(command, check=True, capture_output=True, text=True).stdout.split()
    return float(told[0]), float(told[1])


def main() -> int:
    """Print the tables; 1 if a limit is not held."""
    missed: list[str] = []
    print(f"{'replaying':24} {'letters/s':>10}")
    for kind in STORES:
        for how in ("sync", "async"):
            speed = LETTERS / min(apart(kind, LETTERS, how)[0] for _ in range(3))
            print(f"{kind + ', ' + how:24} {speed:10,.0f}")
            missed += [f"{kind}, {how}"] if how == "sync" and speed < LIMIT else []
    print(f"{'memory at the peak, kB':24} {FEW:>10,} {LETTERS:>10,}")
    for kind, growth in STORES.items():
        few, many = (apart(kind, count, "sync", measured=True)[1] for count in (FEW, LETTERS))
        print(f"{kind:24} {few:10,.0f} {many:10,.0f}")
        missed += [f"memory of {kind}"] if many - few > growth else []
    print(
        f"missed: {', '.join(missed)}"
        if missed
        else f"all at least {LIMIT:,} a second, and memory grows by no more than the stores' own"
    )
    return 1 if missed else 0


if __name__ == "__main__":
    if len(sys.argv) > 1:
        print(*run(sys.argv[1], int(sys.argv[2]), sys.argv[3], measured=len(sys.argv) > 4))
    else:
        sys.exit(main())
