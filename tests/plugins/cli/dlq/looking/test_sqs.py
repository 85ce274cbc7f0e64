"""`ninelives dlq` on a queue that has no search: what works does, and of the rest is said what works instead."""

from __future__ import annotations

import pytest

from ninelives.testing.contracts.letters import letter

pytest.importorskip("ninelives_sqs")


@pytest.fixture
def queue(dlq, aws):
    """The ids of two letters in a queue."""
    url = aws.client("sqs").create_queue(QueueName="letters")["QueueUrl"]
    dlq.address = f"sqs:{url}?region={aws.region}&wait=0"
    return dlq.put(letter(0, pipeline="shop", kwargs={"amount": 1}, args=[]), letter(1, pipeline="post"))


def test_list(dlq, queue):
    """The letters that can be seen are listed, and it is said that these may not be all, and what to do about it."""
    done = dlq("list")
    assert done.status == 0
    assert sorted(done.ids) == sorted(queue)
    assert "has no search: only the first letters in it were looked at" in done.err
    assert "ninelives dlq move --all --to sqlite:./dlq.db" in done.err
    assert dlq("list", "--pipeline", "post", "--json").ids == queue[1:]


def test_show(dlq, queue):
    """One of them can be shown."""
    assert dlq("show", queue[1]).status == 0
    assert dlq("show", "nonsense").status == 1


@pytest.mark.parametrize("command", ["groups", "park"])
def test_what_it_can_not(dlq, queue, command):
    """What can't be done is one line that says what works instead; the exit status is 1."""
    done = dlq(command, *(["--pipeline", "shop"] if command == "park" else []))
    assert done.status == 1
    assert len(done.err.splitlines()) == 1
    assert "file:" in done.err
    assert "sqlite:" in done.err


def test_stats(dlq, queue):
    """They are counted, about; by kind they can't be, which is said."""
    done = dlq("stats")
    assert done.status == 0
    assert [line.split()[0] for line in done.out.splitlines()[1:]] == ["all", "store"]
    assert done.err.startswith(f"{dlq.address.partition('?')[0]} has no search: its letters can't be grouped; ")


def test_by_id(dlq, queue):
    """By its id a letter can be edited and deleted."""
    assert dlq("edit", queue[0], "--set", "kwargs.amount=2").out == "kwargs.amount: 1 -> 2\n"
    assert dlq("purge", queue[1], "--yes").out == "purged 1 letter\n"
    assert dlq("list", "--json").ids == queue[:1]


def test_delete_all(dlq, queue):
    """By a filter none can be deleted, but all can; nobody can say how many, so the question does not."""
    done = dlq("purge", "--pipeline", "shop", "--yes")
    assert done.status == 1
    assert "name letters by their ids" in done.err
    done = dlq("purge", "--all")
    assert done.status == 2
    assert "Delete all letters from sqs:" in done.err
    done = dlq.alone("purge", "--all", "--store", dlq.address, stdin="y\n", terminal=True)
    assert done.out.strip() == "purged 2 letters"  # old versions of click print a blank when they ask
    assert dlq("list", "--json").ids == []
    assert dlq("purge", "--all", "--yes").out == "purged 0 letters\n"


def test_a_place_for_parked_letters(dlq, queue):
    """Where the pipeline has a place for parked letters, those of the queue are parked there, also all of them."""
    text = f'[pipelines.shop]\ndead_letter = {{ store = "{dlq.address}", fallback = "file:{dlq.folder}/spare.json" }}\n'
    dlq.folder.joinpath("ninelives.toml").write_text(text)
    assert dlq.alone("park", queue[0], "--pipeline", "shop").out == "parked 1 letter\n"
    dlq.address = f"file:{dlq.folder}/spare.json"
    assert dlq.left == queue[:1]
    assert dlq.alone("park", "--all").out == "parked 1 letter, 1 needed nothing\n"
    assert dlq.left == queue
