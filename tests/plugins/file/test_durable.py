"""What is put is on disk, whole, whoever is killed and whoever else writes."""

from __future__ import annotations

import fcntl
import os
from datetime import UTC, datetime

import pytest

from ninelives import LetterFilter, StoreError
from ninelives.testing import FakeClock
from ninelives.testing.contracts.letters import letter
from ninelives_file import FileStore, disk


class Recorder:
    """Writes down what is asked of the system, in order, by the names of the files."""

    def __init__(self, monkeypatch):
        self.calls = []
        self._names = {}
        # With it, macOS would be asked in another way.
        monkeypatch.setattr(disk, "_FULL_SYNC", None)
        for name in ("open", "write", "fsync", "replace", "link"):
            monkeypatch.setattr(os, name, self._recording(name, getattr(os, name)))

    def _recording(self, name, call):
        def recorded(target, *args, **kwargs):
            result = call(target, *args, **kwargs)
            if name == "open":
                self._names[result] = os.path.basename(target)
            else:
                self.calls.append((name, self._names.get(target, os.path.basename(str(target)))))
            return result

        return recorded


def test_a_letter_is_synced_before_put_returns(tmp_path, monkeypatch):
    """The name is made durable in its directory, then the letter is written, then synced, and then `put` returns."""
    store = FileStore(tmp_path / "dlq.json")
    recorder = Recorder(monkeypatch)
    store.put(letter(1))
    recorder.calls.append("returned")
    store.put(letter(2))
    recorder.calls.append("returned")
    assert recorder.calls == [
        ("fsync", tmp_path.name),
        ("write", "dlq.json"),
        ("fsync", "dlq.json"),
        "returned",
        ("write", "dlq.json"),
        ("fsync", "dlq.json"),
        "returned",
    ]


def test_what_another_process_made_is_made_durable_too(tmp_path, monkeypatch):
    """A file that another process has made, and may not have synced in its directory, is synced there before use."""
    path = tmp_path / "dlq.json"
    path.touch()
    (tmp_path / "given.json").write_bytes(b"{}\n")
    recorder = Recorder(monkeypatch)
    FileStore(path).put(letter())
    FileStore(tmp_path / "given.json").put(letter())
    for name in ("dlq.json", "given.json"):
        assert recorder.calls[:3] == [("fsync", tmp_path.name), ("write", name), ("fsync", name)]
        del recorder.calls[:3]


def test_every_change_is_synced(tmp_path, monkeypatch):
    """A claim, a release, a renewal, an acknowledgement and a purge are each written and synced before they return."""
    store = FileStore(tmp_path / "dlq.json")
    store.put_many([letter(1), letter(2)])
    store.close()
    recorder = Recorder(monkeypatch)

    def synced():
        calls, recorder.calls = recorder.calls, []
        return calls == [("write", "dlq.json"), ("fsync", "dlq.json")]

    first, second = store.receive(2, lease=60)
    assert synced()
    store.renew(first, 60)
    assert synced()
    store.release(second)
    assert synced()
    store.ack(first)
    assert synced()
    store.purge(LetterFilter(state="waiting"))
    assert synced()


def test_a_new_file_is_synced_before_it_replaces_the_old(tmp_path, monkeypatch):
    """A rewritten file is written and synced, then takes the old one's place, then the directory is synced."""
    store = FileStore(tmp_path / "dlq.json")
    store.put(letter(1, message="x" * 40_000))
    recorder = Recorder(monkeypatch)
    store.purge(LetterFilter(state="waiting"))
    fresh = ".dlq.json.ninelives-new"
    assert recorder.calls[2:] == [
        ("write", fresh),
        ("fsync", fresh),
        ("replace", fresh),
        ("fsync", tmp_path.name),
    ]


def test_a_converted_array_is_kept_before_it_is_replaced(tmp_path, monkeypatch):
    """A converted file is written and synced, the old one gets its second name, then the new one takes its place."""
    (tmp_path / "dlq.json").write_text('[{"message_id": "a", "message": 1}]')
    recorder = Recorder(monkeypatch)
    FileStore(tmp_path / "dlq.json").put(letter())
    fresh = ".dlq.json.ninelives-new"
    assert recorder.calls == [
        ("write", fresh),
        ("fsync", fresh),
        ("link", "dlq.json"),
        ("replace", fresh),
        ("fsync", tmp_path.name),
        ("fsync", tmp_path.name),
        ("write", "dlq.json"),
        ("fsync", "dlq.json"),
    ]


def test_without_fsync_nothing_is_synced(tmp_path, monkeypatch):
    """Who says `fsync=off` gets no syncs, when a file is rewritten neither."""
    recorder = Recorder(monkeypatch)
    store = FileStore(tmp_path / "dlq.json", fsync=False)
    store.put(letter(1, message="x" * 40_000))
    store.purge(LetterFilter(state="waiting"))
    assert {name for name, _ in recorder.calls} == {"write", "replace"}


@pytest.mark.parametrize("works", [True, False])
def test_the_drives_own_cache_is_flushed(tmp_path, monkeypatch, works):
    """Where the system can flush the drive's own cache it is asked to, and where that fails it syncs as elsewhere."""
    asked = []

    def full(descriptor, command):
        asked.append(command)
        if not works:
            raise OSError

    monkeypatch.setattr(disk, "_FULL_SYNC", 51)
    monkeypatch.setattr(fcntl, "fcntl", full)
    monkeypatch.setattr(os, "fsync", lambda descriptor: asked.append("fsync"))
    with (tmp_path / "file").open("wb") as file:
        disk.sync(file.fileno())
    assert asked == ([51] if works else [51, "fsync"])


def test_killed_writers_lose_nothing(path, output):
    """200 writers killed at any moment lose no letter that `put` returned for, and damage no other."""
    returned = output("killed", path, 200, "nine lives")
    store = FileStore(path)
    letters = {one.id: one for one in store.browse(LetterFilter(), limit=100_000).letters}
    assert len(returned) >= 200
    assert set(returned) <= letters.keys()
    assert all(set(one.message) == {one.id} for one in letters.values())
    assert len(store.problems()) <= 200


def test_a_torn_line_costs_one_letter(path, store):
    """A write that ends anywhere within a letter costs that letter only; the next one does not join what is left."""
    store.put(letter(1))
    before = path.stat().st_size
    store.put(letter(2))
    whole = path.read_bytes()
    for cut in range(before, len(whole)):
        path.write_bytes(whole[:cut])
        reader = FileStore(path)
        there = 2 if cut == len(whole) - 1 else 1  # only its end is missing: it is whole
        assert reader.count() == there
        FileStore(path, fsync=False).put(letter(3))
        seconds = [one.created.second for one in reader.browse(LetterFilter(), limit=9).letters]
        assert seconds == ([1, 2, 3] if there == 2 else [1, 3])
        assert len(reader.problems()) == (0 if cut in (before, len(whole) - 1) else 1)


def test_processes_at_once_write_whole_letters(path, output):
    """8 processes that write 1,000 letters each at once leave 8,000 whole letters."""
    output("writers", path, 8, 1000)
    store = FileStore(path)
    assert (store.count(), store.problems()) == (8000, ())
    cursor = None
    while True:
        page = store.browse(LetterFilter(), limit=500, cursor=cursor)
        assert all(set(one.message) == {one.id} for one in page.letters)
        if (cursor := page.cursor) is None:
            break


def test_processes_at_once_receive_each_letter_once(path, store, output):
    """Of 4 processes that receive at once no two get the same letter, and together they get all."""
    kept = [letter(number) for number in range(200)]
    store.put_many(kept)
    received = output("receivers", path, 4)
    assert sorted(received) == sorted(one.id for one in kept)


def test_letters_of_a_killed_receiver_come_back(path, child):
    """What a killed receiver held comes back when its lease ends, and no sooner."""
    FileStore(path).put_many([letter(1), letter(2), letter(3)])
    process = child("holder", path)
    assert process.stdout.readline() == "2\n"
    process.kill()
    process.wait()
    clock = FakeClock(datetime.now(UTC))
    store = FileStore(path, clock=clock)
    (third,) = store.receive(10, lease=600)
    assert third.letter.created.second == 3
    clock.advance(61)
    assert [one.letter.created.second for one in store.receive(10, lease=60)] == [1, 2]


def test_a_full_disk_damages_nothing(path, output):
    """A letter that finds no room is refused with the path, and what is in the file stays as it is."""
    *kept, error = output("limited", path, 20_000)
    assert str(path) in error
    assert "ulimit" in error
    store = FileStore(path)
    assert len(kept) > 5
    assert [one.id for one in store.browse(LetterFilter(), limit=100).letters] == kept
    assert (store.problems(), path.read_bytes()[-1:]) == ((), b"\n")
    store.put(letter())
    assert store.count() == len(kept) + 1


def test_short_writes_are_continued(path, store, monkeypatch):
    """A system that takes a few bytes at a time gets all of them."""
    write = os.write
    monkeypatch.setattr(os, "write", lambda descriptor, data: write(descriptor, data[:7]))
    kept = letter(message="m" * 100)
    store.put(kept)
    assert store.get(kept.id) == kept


@pytest.mark.parametrize("error", [OSError(28, "No space left on device"), KeyboardInterrupt()])
def test_a_write_that_ends_in_the_middle_is_undone(path, store, monkeypatch, error):
    """Whatever ends a write in the middle, a full disk or Ctrl-C, the file is as long as before."""
    store.put(letter(1))
    before = path.read_bytes()
    write, parts = os.write, iter([40])

    def stop(descriptor, data):
        for size in parts:
            return write(descriptor, data[:size])
        raise error

    with monkeypatch.context() as patch:
        patch.setattr(os, "write", stop)
        with pytest.raises((StoreError, KeyboardInterrupt)):
            store.put(letter(2))
    assert path.read_bytes() == before
