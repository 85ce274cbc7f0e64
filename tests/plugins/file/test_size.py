"""A large file is opened quickly, and not held in memory."""

from __future__ import annotations

import os

import pytest

from ninelives.dead_letters.letter import encode_letter
from ninelives.ids import new_id
from ninelives.testing.contracts.letters import letter


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
