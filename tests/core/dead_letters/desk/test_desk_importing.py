"""Export and import: JSON Lines from any store to any store, ids kept, none twice, nothing overwritten."""

from __future__ import annotations

import io
from threading import Event

import msgspec
import pytest

from ninelives import LetterNotFoundError, StoreError
from ninelives.dead_letters.desk import importing
from ninelives.dead_letters.desk.importing import read_lines
from ninelives.dead_letters.letter import Attempt, LetterFilter, decode_letter, encode_letter
from ninelives.dead_letters.memory import MemoryStore
from ninelives.testing.contracts.letters import whole_letter

ALL = LetterFilter()


def ids(letters):
    return [letter.id for letter in letters]


def inside(store):
    return store.browse(ALL, limit=1000).letters


@pytest.fixture
def letters(make):
    """Some letters, one with all there is."""
    return [*(make(number, message=number) for number in range(3)), whole_letter()]


# --- export -----------------------------------------------------------------------------------------------------------


def test_what_is_exported(office, letters):
    """Each letter is one line, wherever it is, and once; a filter and ids choose."""
    desk = office.desk(office.store("a", *letters[:2]), office.store("b", *letters[1:]))
    lines = [*desk.export()]
    assert all(line.endswith(b"\n") and line.count(b"\n") == 1 for line in lines)
    assert sorted(ids(map(decode_letter, lines))) == sorted(ids(letters))
    assert [*map(decode_letter, desk.export(LetterFilter(pipeline="shop")))] == [letters[3]]
    assert [*desk.export([letters[2].id])] == [encode_letter(letters[2]) + b"\n"]


def test_export_of_an_id_that_is_not_there(office, letters):
    """The letters before it are given out, then it is told."""
    lines = office.desk(office.store("a", *letters)).export([letters[0].id, "nope"])
    assert decode_letter(next(lines)) == letters[0]
    with pytest.raises(LetterNotFoundError, match="nope"):
        next(lines)


def test_export_reads_page_by_page(bureau, make):
    """Only some letters are in memory at once: the store is asked for a page when the one before is through."""

    class Counting(MemoryStore):
        pages = 0

        def browse(self, filter, *, limit, cursor=None):
            self.pages += 1
            return super().browse(filter, limit=limit, cursor=cursor)

    store = Counting()
    store.put_many(make(number) for number in range(1000))
    lines = bureau.desk(store).export()
    next(lines)
    assert store.pages == 1
    assert len([*lines]) == 999


# --- import -----------------------------------------------------------------------------------------------------------


def test_there_and_back(office, letters):
    """What was exported is imported: the same letters, with a note and an event each."""
    lines = [*office.desk(office.store("a", *letters)).export()]
    store = office.store("b")
    report = office.desk(store).import_lines(lines)
    assert (report.imported, report.ok) == (4, True)
    for letter in letters:
        there = store.get(letter.id)
        assert there.notes[-1].endswith("alice@web-1 (ninelives dlq): imported")
        assert msgspec.structs.replace(there, notes=letter.notes) == letter
    assert sorted(event.letter_id for event in office.told("letter_changed")) == sorted(ids(letters))
    assert {event.action for event in office.told("letter_changed")} == {"imported"}


def test_importing_twice_changes_nothing(office, letters):
    """The second import finds all of them there, and leaves them as they are."""
    store = office.store("a")
    desk = office.desk(store)
    lines = [encode_letter(letter) + b"\n" for letter in letters]
    desk.import_lines(lines)
    before = inside(store)
    report = desk.import_lines(lines)
    assert (report.imported, report.there, report.ok) == (0, 4, True)
    assert inside(store) == before
    assert len(office.told("letter_changed")) == 4


def test_what_is_there_stays(office, make):
    """A letter that is there, in any of the places, keeps its newer state and whoever holds it."""
    letters = [make(number, message=number) for number in range(3)]
    store, park = office.store("a", letters[0]), office.store("p")
    desk = office.desk(store, park=park)
    desk.park(letters[0].id)
    (lease,) = park.claim([letters[0].id], lease=60)
    report = desk.import_lines(map(encode_letter, letters))
    assert (report.imported, report.there) == (2, 1)
    assert (ids(inside(store)), park.get(letters[0].id).state) == (ids(letters[1:]), "parked")
    park.release(lease)


def test_a_letter_twice_in_one_import(bureau, letters):
    """The first line of an id is imported; the others find it there."""
    store = bureau.store("a")
    again = msgspec.structs.replace(letters[0], message="another")
    report = bureau.desk(store).import_lines(map(encode_letter, [*letters, again]))
    assert (report.imported, report.there) == (4, 1)
    assert store.get(letters[0].id).message == 0


def test_broken_lines_are_told_and_the_rest_imported(office, letters):
    """Each broken line is told by its number with what is wrong; blank ones are nothing; the rest is imported."""
    good = [encode_letter(letter) for letter in letters]
    lines = [
        b"\xef\xbb\xbf" + good[0] + b"\r\n",
        b"{torn\n",
        b"\n",
        good[1],
        b'{"id": "x"}',
        b"[1]",
        b"  \r\n",
        b'{"schema": "one"}',
        b"\xff\xfe",
        b"[" * 100_000,
        b'{"op": torn',
        good[2],
        good[3].replace(b'"state":"waiting"', b'"state":"lost"'),
    ]
    store = office.store("a")
    report = office.desk(store).import_lines(lines)
    assert (report.imported, report.broken, report.ok) == (3, 8, False)
    assert sorted(report.reasons) == [2, 5, 6, 8, 9, 10, 11, 13]
    assert all(why.startswith("it is no letter: ") for why in report.reasons.values())
    assert "missing required field" in report.reasons[5]
    assert sorted(ids(inside(store))) == sorted(ids(letters[:3]))


@pytest.mark.parametrize("moment", ["0001-01-01T00:00:00+23:59", "9999-12-31T23:59:59-00:01"])
@pytest.mark.parametrize("name", ["created", "first_failed", "last_failed", "expires", "at"])
def test_a_moment_that_utc_has_not(bureau, make, name, moment):
    """A line with a moment outside of the calendar is broken: it could not be shown among others."""
    record = msgspec.json.decode(encode_letter(make(1, attempts=(Attempt(at=bureau.clock.now(), type="x"),))))
    (record["attempts"][0] if name == "at" else record)[name] = moment
    report = bureau.desk(bureau.store("a")).import_lines([msgspec.json.encode(record)])
    assert (report.imported, report.broken) == (0, 1)
    assert report.reasons == {1: "it is no letter: one of its moments is before the year 1 or after 9999 in UTC"}


def test_letters_of_a_newer_schema(bureau, letters):
    """A letter of a newer schema is told, with what it takes, and not imported."""
    newer = encode_letter(letters[0]).replace(b'"schema":1', b'"schema":2')
    store = bureau.store("a")
    report = bureau.desk(store).import_lines([newer, encode_letter(letters[1])])
    assert (report.imported, report.newer, report.broken, report.ok) == (1, 1, 0, False)
    assert report.reasons == {1: "it is of schema 2, and this version knows 1: upgrade ninelives"}


def test_of_very_many_broken_lines_some_are_told(bureau):
    """The report stays small, whatever the number of lines."""
    report = bureau.desk(bureau.store()).import_lines(b"x" for _ in range(500))
    assert (report.broken, len(report.reasons)) == (500, 100)


def test_stopping_an_import(bureau, letters):
    """Once `stop` is set no line is read; what was read is imported."""
    stop, store = Event(), bureau.store("a")
    report = bureau.desk(store).import_lines(map(encode_letter, letters), stop=stop, progress=lambda _: stop.set())
    assert (report.imported, report.stopped, report.ok) == (1, True, False)
    assert store.count() == 1


def test_the_progress_of_an_import(bureau, letters):
    """After each line the callback is told how many were read; how many there are is not known."""
    told = []
    bureau.desk(bureau.store()).import_lines([b"x", *map(encode_letter, letters)], progress=told.append)
    assert [(one.done, one.total, one.failed) for one in told][:5] == [(n, None, 1) for n in range(1, 6)]
    assert bureau.desk(bureau.store()).import_lines([]).ok


def test_many_letters_are_imported_in_batches(bureau, make, monkeypatch):
    """More than a batch, of letters or of bytes, are imported all the same."""
    letters = [make(number, message="x" * 200) for number in range(350)]
    store = bureau.store("a")
    assert bureau.desk(store).import_lines(map(encode_letter, letters[:250])).imported == 250
    monkeypatch.setattr(importing, "_BATCH_BYTES", 1000)
    assert bureau.desk(store).import_lines(map(encode_letter, letters)).imported == 100
    assert store.count() == 350


class Target(MemoryStore):
    """A store that refuses letters as `refuses` says, by id."""

    def __init__(self, refuses):
        super().__init__()
        self.refuses = refuses

    def put(self, letter):
        if letter.id in self.refuses:
            raise self.refuses[letter.id]
        super().put_many([letter])

    def put_many(self, letters):
        raise StoreError("one by one, please", transient=False)


def test_what_the_store_refuses_is_told(bureau, letters):
    """A letter that the store refuses is told by its line, and the others are imported."""
    store = Target({letters[1].id: StoreError("too large", transient=False)})
    report = bureau.desk(store).import_lines(map(encode_letter, letters))
    assert (report.imported, report.failed, report.ok) == (3, 1, False)
    assert report.reasons == {2: "store:: too large"}


def test_a_store_that_is_down(bureau, letters):
    """It ends with what the store said, and how many letters were imported; to import again goes on."""
    store = Target({letters[1].id: StoreError("full"), letters[2].id: StoreError("full")})
    with pytest.raises(StoreError, match=r"^1 letters were imported, then store:.*full$"):
        bureau.desk(store).import_lines(map(encode_letter, letters))
    store.refuses = {}
    report = bureau.desk(store).import_lines(map(encode_letter, letters))
    assert (report.imported, report.there) == (3, 1)


def test_a_store_that_can_not_be_asked_what_is_there(bureau, letters):
    """Nothing is put into a store while it is not known what is there."""

    class Blind(MemoryStore):
        def list_ids(self, filter, *, limit, cursor=None):
            raise StoreError("no answer")

    store = Blind()
    with pytest.raises(StoreError, match=r"^0 letters were imported, then store:.*no answer$"):
        bureau.desk(store).import_lines(map(encode_letter, letters))
    assert store.count() == 0


def test_a_store_without_search_is_sent_all(bureau, letters):
    """Where it can't be known what is there, all are sent."""
    store = bureau.only()
    assert bureau.desk(store).import_lines(map(encode_letter, letters)).imported == 4
    assert store.inside.count() == 4


# --- lines ------------------------------------------------------------------------------------------------------------


class Pipe(io.BytesIO):
    """What can be read once only, as stdin."""

    def seekable(self):
        return False


def test_the_lines_of_a_file(letters):
    """Files and pipes are read line by line; the last line needs no end."""
    for kind in (io.BytesIO, Pipe):
        assert [*read_lines(kind(b"a\nb\n\nc"))] == [b"a\n", b"b\n", b"\n", b"c"]


def test_a_line_without_end_is_not_read_whole(bureau, letters, monkeypatch):
    """Of a line that is too long no more is read than shows it; it is told, and the lines behind it are imported."""
    monkeypatch.setattr(importing, "MAX_LINE", 5_000)
    monkeypatch.setattr(importing, "_BATCH_BYTES", 1_000)
    good = encode_letter(letters[0]) + b"\n"
    assert len(good) < 5_000
    for kind in (io.BytesIO, Pipe):
        store = bureau.store("a")
        lines = [*read_lines(kind(b"x" * 50_000 + b"\n" + good + b"y" * 7_000))]
        assert [len(line) for line in lines] == [5_001, len(good), 5_001]
        report = bureau.desk(store).import_lines(lines)
        assert (report.imported, report.broken) == (1, 2)
        assert report.reasons[1] == "it is longer than 5,000 bytes"


def test_the_file_of_a_store_is_refused(bureau, letters, tmp_path):
    """A store's own file also says which of its letters are done: it is refused before anything is imported."""
    from ninelives_file import FileStore

    path = tmp_path / "dlq.json"
    store = FileStore(path, clock=bureau.clock)
    store.put_many(letters[:3])
    (lease,) = store.receive(1, lease=60)
    store.ack(lease)
    target = bureau.store("a")
    with (
        path.open("rb") as file,
        pytest.raises(ValueError, match=r"the file of a store itself.*export them from file:PATH"),
    ):
        bureau.desk(target).import_lines(read_lines(file))
    assert target.count() == 0
    with path.open("rb") as file, pytest.raises(ValueError, match=r"line 4 is no letter.*0 were imported by then"):
        bureau.desk(target).import_lines(read_lines(Pipe(file.read())))
    assert target.count() == 0


def test_a_file_of_letters_only_is_imported(bureau, letters, tmp_path):
    """A store's file that holds letters and nothing else is as good as an export."""
    from ninelives_file import FileStore

    path = tmp_path / "dlq.json"
    FileStore(path, clock=bureau.clock).put_many(letters)
    with path.open("rb") as file:
        assert bureau.desk(bureau.store("a")).import_lines(read_lines(file)).imported == 4
