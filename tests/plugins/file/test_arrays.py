"""A file that holds a JSON array is read as letters, and converted at the first write."""

from __future__ import annotations

import json
import os
import stat
from datetime import UTC, datetime

import pytest

from ninelives import LetterFilter, StoreError
from ninelives.dead_letters.letter import encode_letter
from ninelives.testing.contracts.letters import letter, whole_letter
from ninelives_file import FileStore

ITEM = {
    "message_id": "m-1",
    "message": {"to": "Tom", "$type": "tuple"},
    "error_info": {"error_type": "api_error"},
    "timestamp": "2024-05-06T07:08:09",
    "replay_count": 2,
    "attempts": "many",
    "priority": 5,
}


@pytest.fixture
def letters(path, store):
    """What the store shows of an array of these items."""

    def shown(*items, text=None):
        path.write_text(json.dumps(items, indent=2) if text is None else text)
        return store.browse(LetterFilter(), limit=100).letters

    return shown


def test_items_are_read_as_letters(letters):
    """An item of a hand-written queue becomes a letter with the same id, message, error, time and count."""
    (one,) = letters(ITEM)
    assert (one.id, one.key, one.replay_count, one.reason) == ("m-1", "m-1", 2, "manual")
    assert one.error_info == {"error_type": "api_error"}
    assert one.created == one.last_failed == datetime(2024, 5, 6, 7, 8, 9, tzinfo=UTC)
    assert one.extra == {"converted": {"attempts": "many", "priority": 5}}


def test_messages_come_back_as_they_were(letters):
    """A message that looks like one of our own tags is still taken for what it was."""
    from ninelives.dead_letters.payload import decode

    (one,) = letters(ITEM)
    assert decode(one.message) == ITEM["message"]


def test_reading_changes_nothing(path, letters, store):
    """Looking through an array leaves the file as it is, and tells the same each time."""
    first = letters(ITEM, {"message": "no id"})
    before = path.read_bytes()
    assert store.browse(LetterFilter(), limit=100).letters == first
    assert store.get(first[1].id) == first[1]
    assert store.count() == 2
    assert path.read_bytes() == before
    assert os.listdir(path.parent) == [path.name]


@pytest.mark.parametrize("write", ["put", "receive", "purge"])
def test_the_first_write_converts(path, letters, store, write):
    """The first write turns the array into lines, whatever it is, and keeps the old file beside it."""
    before = letters(ITEM, {"message": "no id"})
    content, inode = path.read_bytes(), path.stat().st_ino
    new = letter(9)
    {
        "put": lambda: store.put(new),
        "receive": lambda: store.release(store.receive(1, lease=60)[0]),
        "purge": lambda: store.purge(LetterFilter(pipeline="none")),
    }[write]()
    backup = path.with_name("dlq.json.bak")
    assert backup.read_bytes() == content
    assert backup.stat().st_ino == inode
    expected = {one.id: one for one in before} | ({new.id: new} if write == "put" else {})
    assert {one.id: one for one in store.browse(LetterFilter(), limit=9).letters} == expected
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert all(json.loads(line) for line in path.read_text().splitlines())


def test_earlier_backups_are_kept(path, letters, store):
    """An old file that was kept is never overwritten."""
    for number in range(3):
        letters({"message": number})
        store.put(letter())
    names = ["dlq.json.bak", "dlq.json.bak2", "dlq.json.bak3"]
    assert [json.loads(path.with_name(name).read_text()) for name in names] == [[{"message": n}] for n in range(3)]


def test_whole_letters_stay_whole(letters, store):
    """An array of whole letters loses nothing."""
    kept = whole_letter()
    (one,) = letters(json.loads(encode_letter(kept)))
    assert one == kept
    store.put(letter())
    assert store.get(kept.id) == kept


def test_ids_are_unique(letters):
    """Items without an id, and items that share one, are letters of their own."""
    found = letters({"message": 1}, {"message": 1}, {"message_id": 7, "message": 1}, {"id": 7, "message": 2})
    assert len({one.id for one in found}) == len(found) == 4
    assert "7" in {one.id for one in found}


@pytest.mark.parametrize(
    ("stamp", "expected"),
    [
        ("2024-05-06T09:08:09+02:00", datetime(2024, 5, 6, 7, 8, 9, tzinfo=UTC)),
        ("2024-05-06T07:08:09Z", datetime(2024, 5, 6, 7, 8, 9, tzinfo=UTC)),
        (1714979289.0, datetime(2024, 5, 6, 7, 8, 9, tzinfo=UTC)),
        ("yesterday", datetime(2025, 1, 1, tzinfo=UTC)),
        (1e300, datetime(2025, 1, 1, tzinfo=UTC)),
        (None, datetime(2025, 1, 1, tzinfo=UTC)),
    ],
)
def test_times_of_every_kind(path, letters, store, stamp, expected):
    """A time may be ISO 8601 with or without a zone, or seconds; where there is none, it is the file's."""
    letters({"message": 1, "timestamp": stamp})
    moment = datetime(2025, 1, 1, tzinfo=UTC).timestamp()
    os.utime(path, (moment, moment))
    (one,) = store.browse(LetterFilter(), limit=9).letters
    assert one.created == expected


def test_what_is_no_letter_is_kept(path, letters, store):
    """An item that is no letter is shown, and stands in the converted file as a line of its own."""
    assert letters([1, "two"], {"name": "x"}, 3, {"message_id": "half \ud800"}) == ()
    assert len(store.problems()) == 4
    store.put(letter())
    assert len(store.problems()) == 4
    assert [json.loads(line) for line in path.read_text().splitlines()][1:3] == [[1, "two"], {"name": "x"}]


@pytest.mark.parametrize("text", ["[]", "  \n[ ]\n", "[", "[,", " [ \n\n"])
def test_empty_arrays(path, letters, store, text):
    """An array of nothing, ended or not, is no letters and no damage."""
    assert letters(text=text) == ()
    store.put(letter())
    assert (store.count(), store.problems()) == (1, ())


def test_a_torn_array_keeps_what_is_whole(path, letters, store):
    """Of an array that was not written to its end, the whole items are letters and the rest is kept as it is."""
    text = json.dumps([ITEM, {"message": "b"}, {"message": "half"}])
    torn = text[: text.index("half")]
    assert sorted(one.id for one in letters(text=torn))[1] == "m-1"
    store.put(letter())
    (problem,) = store.problems()
    assert problem.text == '{"message": "'
    assert store.count() == 3


def test_lines_behind_an_array_are_letters(path, letters, store):
    """What a program of ours has appended to an array, or to half of one, is not lost."""
    one, two = letter(1), letter(2)
    assert letters(text=f"[]\n{encode_letter(one).decode()}\n") == (one,)
    assert letters(text=f"[nonsense\n{encode_letter(two).decode()}\n") == (two,)
    assert [problem.text for problem in store.problems()] == ["nonsense"]


def test_bytes_that_are_no_text_are_kept(path, store):
    """An array with bytes that are no UTF-8 is read, and those bytes are not changed."""
    path.write_bytes(b'[{"message_id": "a", "message": "\xff"}, \xfe')
    (one,) = store.browse(LetterFilter(), limit=9).letters
    assert one.id == "a"
    store.put(letter())
    assert b"\xfe\n" in path.read_bytes()


def test_too_deep_arrays_are_kept(path, store):
    """What is nested deeper than can be read is kept as it is."""
    path.write_text("[" * 100_000)
    assert (store.count(), len(store.problems())) == (0, 1)


def test_a_conversion_that_fails_changes_nothing(path, letters, store, monkeypatch):
    """Where the old file can't be kept, the array stays as it is and the letter is refused."""
    letters(ITEM)
    before = path.read_bytes()
    with monkeypatch.context() as patch:

        def refuse(*_args):
            raise PermissionError(1, "Operation not permitted")

        patch.setattr(os, "link", refuse)
        with pytest.raises(StoreError, match=r"dlq\.json"):
            store.put(letter())
    assert path.read_bytes() == before
    assert os.listdir(path.parent) == [path.name]


def test_another_handle_reads_on(path, letters, store):
    """A store that has read the array reads the lines after another one has converted it."""
    letters(ITEM)
    FileStore(path).put(letter())
    assert store.count() == 2
