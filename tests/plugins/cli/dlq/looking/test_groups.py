"""`ninelives dlq groups` and `ninelives dlq stats`."""

from __future__ import annotations

import pytest

from ninelives.dead_letters.letter import ErrorRecord
from ninelives.testing.contracts.letters import letter


@pytest.fixture
def kinds(dlq):
    """Ids of three letters of the kind ``0a`` and one of the kind ``0b``."""
    down = ErrorRecord(type="shop.Down", message="password=hunter2\nno \x1b[2J")
    common = {"pipeline": "shop", "fingerprint": "0a" * 8, "operation": "shop:send", "error": down}
    return dlq.put(
        letter(0, **common),
        letter(1, **common, state="parked"),
        letter(2, pipeline="post", fingerprint="0b" * 8),
        letter(3, **common),
    )


def test_groups(dlq, kinds):
    """The largest group comes first; a row has its counts, its kind, the newest letter's id, operation and error."""
    done = dlq("groups")
    assert done.status == 0
    heading, first, second = [line.split() for line in done.out.splitlines()]
    names = ["count", "parked", "first", "last", "pipeline", "fingerprint", "example", "operation", "error"]
    assert heading == names
    assert first[:2] + first[4:8] == ["3", "1", "shop", "0a" * 8, kinds[3], "shop:send"]
    assert " ".join(first[8:]) == r"Down: password=***\nno \x1b[2J"
    assert second[:2] + second[4:] == ["1", "0", "post", "0b" * 8, kinds[2]]


def test_groups_as_json(dlq, kinds):
    """With --json each group is an object of these keys."""
    first, second = dlq("groups", "--json").json
    assert first == {
        "pipeline": "shop",
        "fingerprint": "0a" * 8,
        "fingerprint_version": 1,
        "count": 3,
        "parked": 1,
        "first": "2025-12-01T12:00:00+00:00",
        "last": "2025-12-01T12:00:03+00:00",
        "example": kinds[3],
        "operation": "shop:send",
        "error_type": "shop.Down",
        "error_message": "password=***\nno \x1b[2J",
    }
    assert second["error_type"] is None


def test_groups_of_a_filter(dlq, kinds):
    """With a filter, the letters that match are counted."""
    (group,) = dlq("groups", "--until", "2025-12-01T12:00:02Z", "--json").json
    assert (group["count"], group["example"]) == (2, kinds[1])


def test_more_groups_than_shown(dlq, kinds):
    """That there may be more groups than are shown is said."""
    done = dlq("groups", "--limit", "1")
    assert len(done.out.splitlines()) == 2
    assert done.err == "There may be more than 1: say a higher --limit.\n"
    assert dlq("groups", "--limit", "3").err == ""


def test_no_groups(dlq, kinds):
    """A filter that matches nothing is said, and is no failure."""
    done = dlq("groups", "--pipeline", "shpo")
    assert (done.status, done.out) == (0, "")
    assert done.err == f"No letter matches in {dlq.address}.\n"


def test_stats(dlq, kinds):
    """Letters are counted by state, pipeline, error and store, and the oldest and the newest are dated."""
    done = dlq("stats")
    assert done.status == 0
    rows = [line.split() for line in done.out.splitlines()]
    assert rows[:-2] == [
        ["which", "letters"],
        ["all", "4"],
        ["state", "waiting", "3"],
        ["state", "parked", "1"],
        ["pipeline", "shop", "3"],
        ["pipeline", "post", "1"],
        ["error", "shop.Down", "3"],
        ["error", "none", "1"],
        ["store", dlq.address, "4"],
    ]
    assert rows[-2][:4] == ["oldest:", "2025-12-01", "12:00:00", "UTC,"]
    assert rows[-1][:4] == ["newest:", "2025-12-01", "12:00:03", "UTC,"]


def test_stats_as_json(dlq, kinds):
    """With --json it is one object of these keys."""
    (record,) = dlq("stats", "--json").json
    assert record == {
        "total": 4,
        "by_state": {"waiting": 3, "parked": 1},
        "by_pipeline": [{"pipeline": "shop", "count": 3}, {"pipeline": "post", "count": 1}],
        "by_error": [{"error_type": "shop.Down", "count": 3}, {"error_type": None, "count": 1}],
        "oldest": "2025-12-01T12:00:00+00:00",
        "newest": "2025-12-01T12:00:03+00:00",
        "stores": [{"store": dlq.address, "letters": 4, "problem": None}],
    }


def test_stats_of_records_that_can_not_be_read(dlq, kinds, monkeypatch):
    """Records that can't be read are told on stderr, with what is wrong; of a large store not all are read for it."""
    with dlq.folder.joinpath("letters.json").open("a") as file:
        file.write("{torn\n")
    done = dlq("stats")
    assert done.status == 0
    assert done.err.startswith(f"Not shown, as they can't be read, but kept: 1 record in {dlq.address}; the first: ")
    monkeypatch.setattr("ninelives_cli.dlq.stats.MANY", 3)
    assert dlq("stats").err == ""


def test_stats_of_nothing(dlq):
    """Where there is nothing, the counts are zero."""
    done = dlq("stats")
    assert [line.split() for line in done.out.splitlines()[1:]] == [["all", "0"], ["store", dlq.address, "0"]]
    (record,) = dlq("stats", "--json").json
    assert (record["total"], record["oldest"]) == (0, None)


def test_a_store_that_can_not_be_counted(dlq, kinds):
    """A store that can't be read is told on stderr, and the others are counted."""
    spare = dlq.folder / "spare.json"
    spare.mkdir()
    dlq.folder.joinpath("ninelives.toml").write_text(
        f'[pipelines.shop]\ndead_letter = {{ store = "{dlq.address}", fallback = "file:{spare}" }}\n'
    )
    done = dlq.alone("stats", "--pipeline", "shop")
    assert done.status == 0
    assert ["all", "3"] in [line.split() for line in done.out.splitlines()]
    assert str(spare) in done.err
    (record,) = dlq.alone("stats", "--pipeline", "shop", "--json").json
    assert str(spare) in record["stores"][1]["problem"]
    assert record["stores"][1]["letters"] is None
