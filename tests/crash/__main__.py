"""Kill processes at random moments, and see that no letter is lost and none is there twice: ``python tests/crash``."""

from __future__ import annotations

import argparse
import logging
import sys
from collections import Counter
from collections.abc import Iterator
from typing import Any

import msgspec

from proof.broken import BROKEN_KINDS, BROKEN_SCENARIOS
from proof.checking import Fault
from proof.crowd import PROCESSES, Sum, crowd
from proof.rounds import Rounds, Tally
from proof.scenarios import SCENARIOS
from proof.stores import KINDS

CROWD = "crowd"

HEADS = ("operation", "store", "killed", "torn", "inside", "letters", "lost", "doubled", "other", "slowest")
ROW = "{:<10} {:<8} {:>7} {:>6} {:>7} {:>8} {:>6} {:>8} {:>6} {:>9}"
SHOWN = 10


def main() -> int:
    """Try what is asked for; 1 if anything was wrong."""
    usual = [*SCENARIOS, CROWD], list(KINDS)
    SCENARIOS.update(BROKEN_SCENARIOS)
    KINDS.update(BROKEN_KINDS)
    given = arguments(*usual)
    logging.disable()  # what fails here fails on purpose
    if not given.json:
        say(ROW.format(*HEADS))
    faults = [
        fault for operation in given.operations for store in given.stores for fault in one(operation, store, given)
    ]
    return 1 if faults else 0


def arguments(operations: list[str], stores: list[str]) -> argparse.Namespace:
    """What is asked for; without more, everything."""
    parser = argparse.ArgumentParser(prog="python tests/crash", description=__doc__)
    parser.add_argument("--operations", nargs="+", choices=[*SCENARIOS, CROWD], default=operations)
    parser.add_argument("--stores", nargs="+", choices=KINDS, default=stores)
    parser.add_argument("--rounds", type=int, default=200, help="processes to kill by SIGKILL (200)")
    parser.add_argument("--torn", type=int, default=50, help="processes to kill in the middle of a write (50)")
    parser.add_argument("--turns", type=int, help="what each process of the crowd does; else it goes by time")
    parser.add_argument("--seconds", type=float, default=20.0, help="how long the crowd goes on (20)")
    parser.add_argument("--seed", default="nine lives", help="makes every moment what it is")
    parser.add_argument("--json", action="store_true", help="a line of JSON for each operation and store")
    return parser.parse_args()


def one(operation: str, store: str, given: argparse.Namespace) -> list[Fault]:
    """Try one operation on one kind of store, and show what came of it."""
    result: Tally | Sum
    if operation == CROWD:
        result = crowd(store, given.seed, turns=given.turns, seconds=None if given.turns else given.seconds)
        shown = of_a_crowd(result)
    elif not SCENARIOS[operation].stores or store in SCENARIOS[operation].stores:
        result = Rounds(operation, store, given.seed).run(given.rounds, given.torn)
        shown = of_rounds(result)
    else:
        return []
    say(msgspec.json.encode(result).decode() if given.json else "\n".join([*shown, *wrong(result.faults)]))
    return result.faults


def of_rounds(tally: Tally) -> Iterator[str]:
    """What killing has shown."""
    numbers = tally.killed, tally.torn, tally.hits, tally.letters
    yield row(tally.operation, tally.store, numbers, tally.faults, f"{tally.slowest * 1000:.0f} ms")
    yield f"    in {most(tally.inside)}; at {most(tally.at)}"


def of_a_crowd(total: Sum) -> Iterator[str]:
    """What eight at once have shown."""
    yield row(CROWD, total.store, ("-", "-", "-", total.put), total.faults, "-")
    yield (
        f"    {PROCESSES} processes in {total.seconds:.0f} s: {total.put} letters put, {total.received} times given "
        f"out, {total.acked} acknowledged, {total.there} there; {total.late} times too late"
    )


def row(operation: str, store: str, numbers: tuple[Any, ...], faults: list[Fault], slowest: str) -> str:
    """A line of the table."""
    kinds = Counter(fault.kind for fault in faults)
    lost, doubled = kinds["lost"], kinds["doubled"]
    return ROW.format(operation, store, *numbers, lost, doubled, kinds.total() - lost - doubled, slowest)


def most(counted: Counter[str]) -> str:
    """What was counted, the most frequent first."""
    return ", ".join(f"{name} {number}" for name, number in counted.most_common(8)) or "nothing"


def wrong(faults: list[Fault]) -> Iterator[str]:
    """What was wrong."""
    yield from (f"    {fault.kind}: {fault.about[-1500:]}" for fault in faults[:SHOWN])


def say(text: str) -> None:
    """One or more lines for whoever has started it."""
    print(text, flush=True)


if __name__ == "__main__":
    sys.exit(main())
