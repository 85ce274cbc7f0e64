"""What is put is in the database, whole, whoever is killed and whoever else writes."""

from __future__ import annotations

from datetime import UTC, datetime

from ninelives import LetterFilter
from ninelives.testing import FakeClock
from ninelives.testing.contracts.letters import letter
from ninelives_sqlite import SqliteStore


def whole(store):
    """All letters by their ids; each is what was put."""
    letters, cursor = {}, None
    while True:
        page = store.browse(LetterFilter(), limit=500, cursor=cursor)
        assert all(set(one.message) == {one.id} for one in page.letters)
        letters.update((one.id, one) for one in page.letters)
        if (cursor := page.cursor) is None:
            return letters


def test_killed_writers_lose_nothing(path, store, output, sql):
    """60 writers killed at any moment lose no letter that `put` returned for, damage nothing, and count right."""
    returned = output("killed", path, 60, "nine lives")
    letters = whole(store)
    assert len(returned) >= 60
    assert set(returned) <= letters.keys()
    assert store.count() == len(letters)
    assert store.problems() == ()
    assert sql("PRAGMA integrity_check") == [("ok",)]


def test_processes_at_once_write_whole_letters(path, store, output):
    """4 processes that write 100 letters each at once leave 400 whole letters."""
    output("writers", path, 4, 100)
    assert len(whole(store)) == store.count() == 400


def test_processes_at_once_receive_each_letter_once(path, store, output):
    """Of 4 processes that receive at once no two get the same letter, and together they get all."""
    kept = [letter(number) for number in range(200)]
    store.put_many(kept)
    received = output("receivers", path, 4)
    assert sorted(received) == sorted(one.id for one in kept)


def test_the_sum_holds(path, store, output, sql):
    """4 processes that put, receive, acknowledge and give back at once leave what was put and not ended."""
    told = [line.split() for line in output("hammer", path, 4, 60)]
    put = {name for what, name in told if what == "put"}
    ended = {name for what, name in told if what == "ended"}
    assert len(put) == 240
    assert whole(store).keys() == put - ended
    assert store.count() == sum(group.count for group in store.groups(LetterFilter(), limit=9)) == len(put - ended)
    assert sql("PRAGMA integrity_check") == [("ok",)]


def test_letters_of_a_killed_receiver_come_back(path, store, child):
    """What a killed receiver held comes back when its lease ends, and no sooner."""
    store.put_many([letter(1), letter(2), letter(3)])
    process = child("holder", path)
    assert process.stdout.readline() == "2\n"
    process.kill()
    process.wait()
    clock = FakeClock(datetime.now(UTC))
    later = SqliteStore(path, clock=clock)
    (third,) = later.receive(10, lease=600)
    assert third.letter.created.second == 3
    clock.advance(61)
    assert [one.letter.created.second for one in later.receive(10, lease=60)] == [1, 2]
    later.close()
