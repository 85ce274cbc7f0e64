"""What can't be read is shown, counted, skipped and kept; nothing else stops."""

from __future__ import annotations

import json

import pytest

from ninelives import LetterFilter, LetterNotFoundError, StoreError
from ninelives.dead_letters.letter import encode_letter
from ninelives.testing.contracts.letters import letter
from ninelives_file import FileStore

BAD = {
    "no JSON": b"no JSON at all",
    "zeros": b"\0" * 40,
    "no UTF-8": b'{"id": "\xff\xfe"}',
    "no object": b"[1, 2]",
    "too deep": b"[" * 100_000,
    "no letter": b'{"schema": 1, "id": "x"}',
    "of a wrong type": encode_letter(letter()).replace(b'"waiting"', b'"sleeping"'),
    "nothing known": b"{}",
    "an unknown operation": b'{"op": "freeze", "ids": []}',
    "half an operation": b'{"op":"claim","ids":["x"]}',
    "newer": b'{"schema": 2, "id": "x", "created": 5}',
    "newer and alike": encode_letter(letter(schema=2)),
}


@pytest.mark.parametrize("line", BAD.values(), ids=list(BAD))
def test_bad_lines_are_shown_and_skipped(path, store, line):
    """A line that can't be read is shown with its number and reason, and the letters around it are as ever."""
    store.put(letter(1))
    with path.open("ab") as file:
        file.write(line + b"\n")
    store.put(letter(2))
    assert (store.count(), len(store.browse(LetterFilter(), limit=9).letters)) == (2, 2)
    (problem,) = store.problems()
    assert (problem.line, bool(problem.why)) == (2, True)
    assert problem.text == line[:200].decode(errors="replace")
    for lease in store.receive(9, lease=60):
        store.ack(lease)
    assert (store.count(), len(store.problems())) == (0, 1)


def test_bad_lines_outlast_a_rewrite(path, store):
    """When the file is rewritten, what can't be read is kept in it as it is."""
    lines = b"\n".join(BAD.values()) + b"\n"
    path.write_bytes(lines)
    store.put(letter(1, message="x" * 300_000))
    before = path.stat().st_ino
    assert store.purge(LetterFilter(state="waiting")) == 1
    assert path.stat().st_ino != before
    assert path.read_bytes().split(b"\n", 1)[1] == lines
    assert len(store.problems()) == len(BAD)
    assert [problem.line for problem in store.problems()] == list(range(2, len(BAD) + 2))


def test_blank_lines_are_nothing(path, store):
    """Empty lines are no damage."""
    store.put(letter(1))
    with path.open("ab") as file:
        file.write(b"\n  \n\n")
    store.put(letter(2))
    assert (store.count(), store.problems()) == (2, ())


def test_a_last_line_without_its_end_counts_once(path, store):
    """A torn last line is one bad line, before and after the next letter is put."""
    store.put(letter(1))
    with path.open("ab") as file:
        file.write(b'{"id": "torn')
    assert [problem.line for problem in store.problems()] == [2]
    store.put(letter(2))
    assert [problem.line for problem in store.problems()] == [2]
    assert [problem.line for problem in FileStore(path).problems()] == [2]


def test_a_newer_record_takes_the_place_of_an_older(path, store):
    """A letter that a newer version has written anew is not shown as it was before, and is gone when that one is."""
    old = letter(1)
    store.put(old)
    newer = json.loads(encode_letter(old)) | {"schema": 2, "state": "resting"}
    with path.open("a") as file:
        file.write(json.dumps(newer) + "\n")
    assert store.count() == 0
    with pytest.raises(LetterNotFoundError):
        store.get(old.id)
    (problem,) = store.problems()
    assert "schema 2" in problem.why
    assert "upgrade" in problem.why
    with path.open("a") as file:
        file.write(
            f'{{"op":"claim","token":"t","ids":["{old.id}"],"at":"2025-01-01T00:00:00Z","until":"2025-01-02T00:00:00Z"}}\n'
        )
        file.write(f'{{"op":"ack","ids":["{old.id}"]}}\n')
    assert store.problems() == ()
    store.put(old)
    assert store.get(old.id) == old


def test_lines_may_be_written_by_other_tools(path, store):
    """Lines with blanks, with their parts in another order, or without the newest fields, are read all the same."""
    one, two = letter(1), letter(2, extra={"op": "ack", "ids": ["x"]})
    record = json.loads(encode_letter(one))
    minimal = {name: record[name] for name in ("last_failed", "first_failed", "created", "key", "id")}
    path.write_text(json.dumps(minimal) + "\r\n")
    with path.open("ab") as file:
        file.write(encode_letter(two) + b"\n")
    assert store.browse(LetterFilter(), limit=9).letters == (one, two)
    with path.open("a") as file:
        file.write(f'{{ "ids": ["{one.id}"], "op": "purge" }}\n')
    assert store.browse(LetterFilter(), limit=9).letters == (two,)
    assert store.problems() == ()


def test_a_file_changed_in_its_middle_is_read_anew(path, store):
    """Where another program changes what was read already, the store says so once, and then reads it anew."""
    one, two = letter(1), letter(2)
    store.put_many([one, two])
    assert store.count() == 2
    content = path.read_bytes()
    with path.open("r+b") as file:
        file.write(content.replace(two.id.encode(), b"x" * len(two.id)))
    with pytest.raises(StoreError, match="try again"):
        store.get(two.id)
    with pytest.raises(LetterNotFoundError):
        store.get(two.id)
    with path.open("r+b") as file:
        file.write(content.replace(b'"waiting"', b"-waiting-"))
    with pytest.raises(StoreError, match="try again"):
        store.get(one.id)
    assert (store.count(), len(store.problems())) == (0, 2)


@pytest.mark.parametrize("letters", [1, 9])
def test_a_file_written_anew_in_place_is_read_anew(path, store, letters):
    """Where another program empties the file and fills it again, the store forgets what it knew."""
    store.put_many([letter(number) for number in range(3)])
    assert store.count() == 3
    with path.open("r+b") as file:
        file.truncate()
        for number in range(letters):
            file.write(encode_letter(letter(number)) + b"\n")
    assert store.count() == letters


def test_a_read_that_fails_is_begun_anew(path, store, monkeypatch):
    """A read error in the middle leaves no half of it behind: the next read tells the whole."""
    store.put_many([letter(1), letter(2)])
    with monkeypatch.context() as patch:
        patch.setattr("os.pread", _raising(OSError(5, "Input/output error")))
        with pytest.raises(StoreError, match="sound"):
            store.count()
    assert store.count() == 2


def _raising(error):
    def call(*_args):
        raise error

    return call
