"""`ninelives dlq expire`."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from ninelives.testing.contracts.letters import letter


@pytest.fixture
def four(dlq):
    """The ids of four letters: two that have expired, one that has not yet, one that never does."""
    now = datetime.now(UTC)
    over, later = now - timedelta(seconds=1), now + timedelta(days=1)
    return dlq.put(
        letter(0, expires=over, pipeline="shop"),
        letter(1, expires=over, state="parked"),
        letter(2, expires=later),
        letter(3),
    )


def test_expired_letters_are_deleted(dlq, four):
    """Letters whose time is over are deleted, parked ones too, and no others."""
    done = dlq("expire", "--yes")
    assert (done.status, done.out, done.err) == (0, "purged 2 letters\n", "")
    assert dlq.left == four[2:]
    (record,) = dlq("expire", "--yes", "--json").json
    assert (record["did"], record["done"], record["stopped"]) == ("purged", 0, False)


def test_it_asks(dlq, four):
    """It asks first, where it can; else it is refused unless --yes is said."""
    done = dlq("expire")
    assert done.status == 2
    assert f"Delete all expired letters from {dlq.address} for good?" in done.err
    assert dlq.alone("expire", "--store", dlq.address, stdin="n\n", terminal=True).status == 1
    assert dlq.left == four
    assert dlq.alone("expire", "--store", dlq.address, stdin="y\n", terminal=True).status == 0
    assert dlq.left == four[2:]


def test_the_stores_of_a_pipeline(dlq, four):
    """With --pipeline it is the stores of that pipeline, and all letters in them that have expired."""
    dlq.folder.joinpath("ninelives.toml").write_text(f'[pipelines.shop]\ndead_letter = {{ store = "{dlq.address}" }}\n')
    assert dlq.alone("expire", "--pipeline", "shop", "--yes").out == "purged 2 letters\n"
