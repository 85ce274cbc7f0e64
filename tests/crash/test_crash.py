"""A process is killed at any moment of what is done to letters, and none is lost: `make crash-test` in small."""

from __future__ import annotations

import pytest

STORES = ["file", "sqlite"]
OPERATIONS = [
    "put",
    "receive",
    "ack",
    "release",
    "purge",
    "compaction",
    "bulk",
    "create",
    "threads",
    "replay",
    "move",
    "import",
    "desk",
]
ROUNDS, TORN = 6, 2

BROKEN = {
    "put": {
        "forgetful": "lost",
        "dropping": "lost",
        "inplace": "lost",
        "joining": "lost",
        "mixing": "changed",
        "locking": "shut",
    },
    "ack": {"lazy": "doubled"},
    "release": {"popping": "lost", "popping-sqlite": "lost", "copying": "stray"},
    "receive": {"generous": "doubled", "clinging": "stuck"},
    "popping-move": {"file": "lost"},
    "popping-replay": {"file": "lost"},
    "crowd": {"forgetful": "lost", "lazy": "doubled", "greedy": "doubled"},
}


@pytest.mark.parametrize("operation", OPERATIONS)
def test_a_killed_process_loses_nothing(crash, operation):
    """What was acknowledged as stored and not as done is there, once, and the store opens at once."""
    status, tallies = crash(operation, *STORES, rounds=ROUNDS, torn=TORN)
    assert [tally["faults"] for tally in tallies] == [[], []]
    assert status == 0
    for tally in tallies:
        assert (tally["killed"], tally["torn"]) == (ROUNDS, TORN)
        assert tally["inside"].get("(between)", 0) <= ROUNDS / 2, "hardly one was in the middle of something"


def test_a_killed_conversion_loses_nothing(crash):
    """A file of letters in an older form is converted whole, or is as it was."""
    status, (tally,) = crash("convert", "file", rounds=ROUNDS, torn=TORN)
    assert (tally["faults"], status) == ([], 0)


def test_the_sum_of_eight_processes_holds(crash):
    """Of eight processes that put, receive, acknowledge and give back no two hold a letter, and none is lost."""
    status, totals = crash("crowd", *STORES, turns=120)
    assert [total["faults"] for total in totals] == [[], []]
    assert status == 0
    assert all(min(total["put"], total["acked"], total["there"]) > 0 for total in totals)


@pytest.mark.parametrize("store", STORES)
def test_eight_processes_may_make_the_store_at_once(crash, store):
    """Whoever comes first makes it; none of those who come at the same moment is refused."""
    status, totals = crash("crowd", *[store] * 10, turns=2)
    assert [total["faults"] for total in totals] == [[]] * 10
    assert status == 0


@pytest.mark.parametrize("operation", BROKEN)
def test_what_is_broken_is_found(crash, operation):
    """A store that loses letters, or gives them out twice, does not get through: these tests are not blind."""
    options = {"turns": 40} if operation == "crowd" else {"rounds": 12, "torn": 4}
    status, tallies = crash(operation, *BROKEN[operation], **options)
    for tally, kind in zip(tallies, BROKEN[operation].values(), strict=True):
        assert kind in {fault["kind"] for fault in tally["faults"]}, tally["store"]
    assert status == 1
