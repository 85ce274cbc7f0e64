"""What a success costs over the bare call, beside other libraries, in one process.

Run with ``make bench``. Rounds are interleaved, so that what the machine does meanwhile meets all alike; of each the
median counts. Ratios are what can be compared between machines: the first column is for orientation.
"""

from __future__ import annotations

import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

ROUNDS = 25
CALLS = 10_000
IMPORTS = 15

LIMITS = {"circuitbreaker": 1.3, "nopanic retry(breaker)": 1.0}
"""How often the overhead of these may fit into ours, at most: what `main` exits non-zero for."""

Function = Callable[[int], int]


def bare(value: int) -> int:
    """The call itself."""
    return value


def contenders(folder: Path) -> dict[str, Function]:
    """The bare call in each library's wrapping, as its documentation shows it."""
    import backoff
    import circuitbreaker
    import nopanic
    import pybreaker
    import stamina
    import tenacity

    from ninelives import Pipeline

    pipeline = Pipeline("bench", dead_letter={"store": f"file:{folder / 'dlq.json'}"}, notify={"channels": ["log:"]})
    return {
        "bare": bare,
        "ninelives @pipeline": pipeline(bare),
        "ninelives pipeline.run": lambda value: pipeline.run(bare, value),
        "circuitbreaker": circuitbreaker.circuit(name="bench")(bare),
        "pybreaker": pybreaker.CircuitBreaker()(bare),
        "nopanic retry(breaker)": nopanic.retry(attempts=3)(nopanic.circuit_breaker(name="bench")(bare)),
        "tenacity": tenacity.retry(stop=tenacity.stop_after_attempt(3))(bare),
        "stamina": stamina.retry(on=OSError, attempts=3)(bare),
        "backoff": backoff.on_exception(backoff.expo, OSError, max_tries=3)(bare),
    }


def measure(functions: dict[str, Function]) -> dict[str, float]:
    """Microseconds a call over the bare call: the median of interleaved rounds."""
    seconds: dict[str, list[float]] = {name: [] for name in functions}
    for _ in range(ROUNDS):
        for name, function in functions.items():
            seconds[name].append(_round(function))
    medians = {name: statistics.median(rounds) / CALLS * 1e6 for name, rounds in seconds.items()}
    return {name: median - medians["bare"] for name, median in medians.items() if name != "bare"}


def _round(function: Function) -> float:
    begin = time.perf_counter()
    for number in range(CALLS):
        function(number)
    return time.perf_counter() - begin


def import_times(modules: list[str]) -> dict[str, float]:
    """Milliseconds that an import takes over the start of Python: the smallest of interleaved runs."""
    best = dict.fromkeys(["", *modules], float("inf"))
    for _ in range(IMPORTS):
        for module in best:
            code = f"import {module}" if module else ""
            begin = time.perf_counter()
            subprocess.run([sys.executable, "-I", "-c", code], check=True)
            best[module] = min(best[module], time.perf_counter() - begin)
    return {module: (best[module] - best[""]) * 1e3 for module in modules}


def main() -> int:
    """Print the table; 1 if a limit is not held."""
    with tempfile.TemporaryDirectory() as folder:
        overhead = measure(contenders(Path(folder)))
    ours = overhead["ninelives @pipeline"]
    print(f"{'a success costs over the bare call':38} {'µs':>8} {'ninelives / it':>16}")
    for name, microseconds in sorted(overhead.items(), key=lambda item: item[1]):
        print(f"{name:38} {microseconds:8.3f} {ours / microseconds:16.2f}")
    imports = import_times(["ninelives", "nopanic"])
    print(f"\n{'import':38} {'ms':>8}")
    for name, milliseconds in imports.items():
        print(f"{name:38} {milliseconds:8.1f}")
    missed = [f"{name}: {ours / overhead[name]:.2f}" for name, limit in LIMITS.items() if ours > limit * overhead[name]]
    if imports["ninelives"] > imports["nopanic"]:
        missed.append(f"import: {imports['ninelives'] / imports['nopanic']:.2f}")
    print("\n" + (f"over the limit: {', '.join(missed)}" if missed else "all limits are held"))
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())
