"""The file is rewritten when most of it is of no use any more, whole or not at all, and everyone notices."""

from __future__ import annotations

import os
import stat

import pytest
from msgspec import structs

from ninelives import LeaseLostError, LetterFilter, StoreError
from ninelives.testing.contracts.letters import letter
from ninelives_file import FileStore


def big(number, **fields):
    return letter(number, args=["x" * 5000], **fields)


def fill(store, number=10):
    kept = [big(number) for number in range(number)]
    store.put_many(kept)
    return kept


def test_what_is_done_leaves_the_file(path, store):
    """When most letters are done, the file holds the others and little else."""
    kept = fill(store)
    for lease in store.receive(8, lease=60):
        store.ack(lease)
    assert path.stat().st_size < 2 * 6000
    assert store.browse(LetterFilter(), limit=9).letters == tuple(kept[8:])
    assert FileStore(path).browse(LetterFilter(), limit=9).letters == tuple(kept[8:])


def test_small_or_useful_files_are_left_alone(path, store):
    """A file is not rewritten for a few bytes, nor while most of it is of use."""
    before = _number(path, store, letter(1))
    for lease in store.receive(1, lease=60):
        store.ack(lease)
    assert path.stat().st_ino == before
    fill(store)
    store.ack_many(store.receive(4, lease=60))
    assert path.stat().st_ino == before


def _number(path, store, one):
    store.put(one)
    return path.stat().st_ino


def test_claims_outlast_a_rewrite(path, store, clock):
    """Who holds a letter holds it after a rewrite too, to the same moment; who is late but alone still ends it."""
    fill(store)
    first, second, third, *others = store.receive(10, lease=60)
    clock.advance(0.123457)
    third = store.renew(third, 60)
    before = path.stat().st_ino
    store.ack_many(others)
    assert path.stat().st_ino != before
    clock.advance(59.876542)
    assert store.receive(9, lease=1) == []
    clock.advance(0.000001)
    (taken,) = FileStore(path, clock=clock).receive(1, lease=60)
    assert taken.letter == first.letter
    with pytest.raises(LeaseLostError):
        store.ack(first)
    store.ack(second)
    clock.advance(0.123456)
    assert store.receive(9, lease=1) == []
    clock.advance(0.000001)
    assert [one.letter.id for one in store.receive(9, lease=1)] == [third.letter.id]


def test_other_handles_notice(path, store, clock):
    """A store that has read the file before it was replaced, once or twice, reads the new one."""
    other = FileStore(path, clock=clock, fsync=False)
    for round_ in range(1, 4):
        fill(store)
        assert other.count() == 10
        store.purge(LetterFilter(state="waiting"))
        assert other.count() == 0
        other.put(letter(round_))
        assert store.count() == 1
        store.purge(LetterFilter(state="waiting"))


def test_a_number_used_again_is_not_taken_for_the_old_file(path, store):
    """A new and longer file that has got the old one's inode number is still known for another."""
    fill(store)
    assert store.count() == 10
    number = path.stat().st_ino
    FileStore(f"{path}.new", fsync=False).put_many([big(number) for number in range(50)])
    with path.open("r+b") as file, open(f"{path}.new", "rb") as new:
        file.truncate()
        file.write(new.read())
    assert path.stat().st_ino == number
    assert store.count() == 50


def test_rights_stay_as_they_were_set(path, store):
    """Who has given others the right to read the file finds it so after it was rewritten."""
    fill(store)
    path.chmod(0o640)
    store.purge(LetterFilter(state="waiting"))
    assert path.stat().st_size < 1000
    assert stat.S_IMODE(path.stat().st_mode) == 0o640


def test_the_owner_stays_where_the_system_allows_it(path, store, monkeypatch):
    """The new file is given to the old one's owner; a system that refuses that to anyone but root is no error."""
    given = []

    def refuse(_descriptor, user, group):
        given.append((user, group))
        raise PermissionError

    monkeypatch.setattr(os, "fchown", refuse)
    fill(store)
    owner = path.stat()
    store.purge(LetterFilter(state="waiting"))
    assert given == [(owner.st_uid, owner.st_gid)]
    assert path.stat().st_size < 1000


def test_a_link_stays_a_link(tmp_path, clock):
    """Where the path is a symbolic link, what it points to is rewritten."""
    (tmp_path / "real").mkdir()
    link = tmp_path / "dlq.json"
    link.symlink_to(tmp_path / "real" / "letters.json")
    store = FileStore(link, clock=clock)
    fill(store)
    store.purge(LetterFilter(state="waiting"))
    assert link.is_symlink()
    assert link.stat().st_size < 1000
    assert [entry.name for entry in (tmp_path / "real").iterdir()] == ["letters.json"]


def test_a_rewrite_that_fails_changes_nothing(path, store, monkeypatch):
    """On a full disk the old file stays, what was asked for is done, and it is not tried again each time."""
    kept = fill(store, 30)
    claimed = store.claim([one.id for one in kept[:28]], lease=60)
    tried = []

    def full(descriptor, _mode):
        tried.append(descriptor)
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(os, "fchmod", full)  # the new file is there by then
        store.ack_many(claimed[:16])
        store.ack(claimed[16])
    assert len(tried) == 1
    assert store.count() == 13
    assert os.listdir(path.parent) == [path.name]
    store.ack_many(claimed[17:])
    assert path.stat().st_size < 3 * 6000
    assert store.browse(LetterFilter(), limit=9).letters == tuple(kept[28:])


def test_what_a_killed_rewriter_left_is_cleared_away(path, store):
    """A half-written new file, left by one who was killed, does not stand in the way of the next."""
    (path.parent / ".dlq.json.ninelives-new").write_bytes(b"half a li")
    fill(store)
    store.purge(LetterFilter(state="waiting"))
    assert os.listdir(path.parent) == [path.name]
    assert (store.count(), store.problems()) == (0, ())


def test_records_written_anew_count_once(path, store):
    """A letter that comes back again and again does not make the file grow without end."""
    one = big(1)
    store.put(one)
    for number in range(1, 31):
        (lease,) = store.receive(1, lease=60)
        store.release(lease, structs.replace(lease.letter, replay_count=number))
    assert path.stat().st_size < 10 * 6000
    assert store.get(one.id).replay_count == 30


def test_looking_through_stays_right_while_letters_go(store):
    """Pages are right whatever has gone, come or changed its age between two looks."""
    kept = [letter(number) for number in range(200)]
    store.put_many(kept)
    assert len(store.browse(LetterFilter(), limit=500).letters) == 200
    store.ack_many(store.receive(150, lease=60))
    store.put_many([letter(300), structs.replace(kept[199], created=kept[0].created), letter(-1)])
    seconds = [
        one.created.timestamp() - kept[0].created.timestamp() for one in store.browse(LetterFilter(), limit=500).letters
    ]
    assert seconds == [-1, 0, *range(150, 199), 300]
    with pytest.raises(StoreError):
        store.browse(LetterFilter(), limit=1, cursor="-")


def test_looking_again_shows_what_came(path, store):
    """What comes between two looks stands in its place, newer than all or older than some."""
    kept = [letter(number) for number in range(5)]
    store.put(kept[1])
    for number in (2, 4, 3, 0):
        store.put(kept[number])
        shown = store.browse(LetterFilter(), limit=9).letters
        assert shown == tuple(one for one in kept if one in shown)
    assert shown == tuple(kept)
