"""A large file is opened quickly, and not held in memory."""

from __future__ import annotations

import os

import pytest

from ninelives import LetterFilter
from ninelives.dead_letters.letter import encode_letter
from ninelives.ids import new_id
from ninelives.testing.contracts.letters import letter
from ninelives_file import FileStore
from ninelives_file.entries import Hold


def test_a_large_file_is_not_held_in_memory(path, output):
    """Opening a file of 100,000 letters and reading its first page stays under 150 MB."""
    one = letter(args=["x" * 1000])
    record, name = encode_letter(one) + b"\n", one.id.encode()
    with path.open("wb") as file:
        file.writelines(record.replace(name, new_id().encode()) for _ in range(100_000))
    ((peak, shown, there),) = (map(int, line.split()) for line in output("large", path))
    assert (shown, there) == (50, 100_000)
    assert peak < 150


@pytest.fixture
def bytes_read(monkeypatch):
    """Says how many bytes of files were read since it was asked last."""
    sizes = []
    pread = os.pread

    def counted(*args):
        data = pread(*args)
        sizes.append(len(data))
        return data

    def since():
        total = sum(sizes)
        sizes.clear()
        return total

    monkeypatch.setattr(os, "pread", counted)
    return since


def test_put_reads_nothing(path, store, bytes_read):
    """A put reads a few bytes of the file, however large it is."""
    store.put_many([letter(number, message="x" * 1000) for number in range(1000)])
    store.put(letter())
    assert bytes_read() < 200


def test_only_what_was_appended_is_read(path, store, bytes_read):
    """A second look reads what was appended since the first, and no more."""
    store.put_many([letter(number, message="x" * 1000) for number in range(1000)])
    assert store.count() == 1000
    store.put(letter())
    assert bytes_read() > 1_000_000
    assert store.count() == 1001
    assert bytes_read() < 2000


def test_what_another_process_appended_is_all_that_is_read(path, store, output, bytes_read):
    """A letter that another process puts is seen at the next look, which reads that letter and no more of the file."""
    store.put_many([letter(number, message="x" * 1000) for number in range(1000)])
    assert store.count() == 1000
    before = path.stat().st_size
    output("writers", path, 1, 1)
    bytes_read()
    assert store.count() == 1001
    assert bytes_read() < path.stat().st_size - before + 500


def test_ids_and_groups_are_known_without_reading(store, bytes_read):
    """Ids are listed and groups told from what is known; records are read of a group's example, or to find tags."""
    store.put_many([letter(number, message="x" * 1000, tags={"a": "b"}) for number in range(100)])
    assert store.count() == 100
    bytes_read()
    page = store.list_ids(LetterFilter(state="waiting"), limit=60)
    assert len(store.list_ids(LetterFilter(), limit=60, cursor=page.cursor).ids) == 40
    assert bytes_read() < 1000
    (group,) = store.groups(LetterFilter(), limit=5)
    assert group.count == 100
    assert 1000 < bytes_read() < 3000
    assert len(store.list_ids(LetterFilter(tags={"a": "b"}), limit=10).ids) == 10
    assert 11_000 < bytes_read() < 20_000


def test_what_is_held_is_not_gone_past(store, clock, monkeypatch):
    """A receiver does not look at those that others hold, or that are parked, each time that it asks."""
    store.put_many([letter(number, state="parked") for number in range(100)])
    store.put_many([letter(number) for number in range(1000)])
    assert len(store.receive(900, lease=60)) == 900
    looked = []
    holds_at = Hold.holds_at
    monkeypatch.setattr(Hold, "holds_at", lambda hold, now: looked.append(now) or holds_at(hold, now))
    for _ in range(10):
        assert len(store.receive(2, lease=60)) == 2
    assert len(looked) <= 900 + 10 * 4  # those of the first claim are dropped once
    clock.advance(61)
    assert len(store.receive(2000, lease=60)) == 1000


def test_a_rewrite_copies_in_blocks(path, store, bytes_read):
    """A file is rewritten block by block, wherever something is left out; it is not read again afterwards."""
    kept = [letter(number, message="x" * 3000) for number in range(1500)]
    store.put_many(kept)
    gone = {one.id for number, one in enumerate(kept) if number >= 1000 or number == 500}
    store.put_many([letter(number, message="x" * 3000) for number in range(1500, 2600)])
    before = path.stat().st_ino
    store.ack_many(store.claim([one.id for one in kept if one.id in gone], lease=60))
    bytes_read()
    store.purge(LetterFilter(since=kept[-1].last_failed))
    assert bytes_read() < path.stat().st_size + 100_000
    assert path.stat().st_ino != before
    store.put(letter(9999))
    assert store.count() == 1000
    assert bytes_read() < 2000
    page = store.browse(LetterFilter(), limit=2000).letters
    assert page[:-1] == tuple(one for one in kept if one.id not in gone)
    assert FileStore(path).browse(LetterFilter(), limit=2000).letters == page
