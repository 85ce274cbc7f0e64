"""`ninelives dlq list`."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from ninelives.dead_letters.letter import ErrorRecord
from ninelives.testing.contracts.letters import letter, whole_letter


def test_letters_are_listed(dlq, three):
    """A table has the oldest letter first, and of each its id, state, failed replays, pipeline and operation."""
    done = dlq("list")
    assert done.status == 0
    assert done.out.splitlines()[0].split() == ["id", "age", "state", "replays", "pipeline", "operation", "error"]
    assert done.ids == three
    assert done.out.splitlines()[3].split()[2:] == ["parked", "0", "shop", "shop.orders:send"]
    assert done.err == ""


def test_the_error_is_listed(dlq):
    """The error is shown by its type without the module and the begin of its message: on one line, and masked."""
    message = "no answer\nfrom https://tom:hunter2@shop.example.com \x1b[2J" + "x" * 100
    dlq.put(letter(error=ErrorRecord(type="shop.errors.Down", message=message)))
    row = dlq("list").out.splitlines()[1]
    assert r"Down: no answer\nfrom https://tom:***@shop.example.com \x1b[2Jxxx" in row
    assert row.endswith("x…")


def test_json_lines(dlq):
    """With --json each letter is an object of these keys, with times in ISO 8601, without payload; text is masked."""
    one = whole_letter()
    dlq.put(one)
    (record,) = dlq("list", "--json").json
    assert record == {
        "id": one.id,
        "created": "2025-12-01T12:00:00+00:00",
        "first_failed": "2025-12-01T11:59:58+00:00",
        "last_failed": "2025-12-01T12:00:00.123456+00:00",
        "expires": "2025-12-31T12:00:00+00:00",
        "state": "waiting",
        "reason": "exhausted",
        "pipeline": "shop",
        "operation": "shop.orders:send",
        "error_type": "shop.Down",
        "error_message": "no\nanswer",
        "fingerprint": "0f0f0f0f0f0f0f0f",
        "replay_count": 3,
        "replayable": False,
        "redacted": ["kwargs.password"],
        "tags": {"tenant": "a", "": "empty"},
    }


def test_json_is_masked_and_ascii(dlq):
    """Secrets are masked in JSON too, and nothing in it can steer a terminal."""
    error = ErrorRecord(type="Down", message="password=hunter2 \x9b2J")
    dlq.put(letter(error=error, tags={"token": "hunter2"}), letter(1))
    done = dlq("list", "--json")
    assert "hunter2" not in done.out
    assert done.out.isascii()
    assert [record["error_type"] for record in done.json] == ["Down", None]


@pytest.mark.parametrize(
    ("option", "found"),
    [
        (("--pipeline", "shop"), (0, 2)),
        (("--operation", "post:deliver"), (1,)),
        (("--fingerprint", "0a" * 8), (0, 2)),
        (("--state", "parked"), (2,)),
        (("--state", "waiting", "--pipeline", "shop"), (0,)),
        (("--since", "2025-12-01T12:00:01Z"), (1, 2)),
        (("--until", "2025-12-01T13:00:01+01:00"), (0,)),
        (("--tag", "tenant=a"), (0,)),
        (("--tag", "tenant=a", "--tag", "tenant=a"), (0,)),
        (("--tag", "tenant=a", "--tag", "run=1"), ()),
        (("--grep", "TO TOM"), (1,)),
    ],
)
def test_filters(dlq, three, option, found):
    """Each filter leaves the letters that match; several, those that match all."""
    assert dlq("list", *option, "--json").ids == [three[number] for number in found]


def test_a_filter_by_error(dlq):
    """The error's type may be given with or without its module."""
    ids = dlq.put(letter(error=ErrorRecord(type="shop.Down")), letter(1, error=ErrorRecord(type="shop.Up")))
    assert dlq("list", "--error", "Down").ids == ids[:1]
    assert dlq("list", "--error", "shop.Up").ids == ids[1:]


def test_a_filter_by_age(dlq):
    """--since and --until take ages: two hours ago is between three hours ago and one hour ago."""
    now = datetime.now(UTC)
    ids = dlq.put(*(letter(number, last_failed=now - timedelta(hours=number)) for number in (1, 3, 5)))
    assert dlq("list", "--since", "2h").ids == ids[:1]
    assert dlq("list", "--since", "4h", "--until", "120m").ids == ids[1:2]
    assert dlq("list", "--until", "0.1d").ids == ids[1:]


def test_a_time_without_a_zone_is_local(dlq, monkeypatch):
    """A moment that says no time zone is one of the machine's."""
    import time

    monkeypatch.setenv("TZ", "Asia/Kolkata")
    time.tzset()
    try:
        ids = dlq.put(letter(0), letter(3600))
        assert dlq("list", "--since", "2025-12-01T18:00").ids == ids[1:]
    finally:
        monkeypatch.undo()
        time.tzset()


@pytest.mark.parametrize(
    ("option", "said"),
    [
        (("--since", "yesterday"), "'yesterday' is no moment"),
        (("--since", "99999999999w"), "'99999999999w' is no moment"),
        (("--until", "0001-01-01T00:00+10:00"), "is no moment"),
        (("--tag", "tenant"), "'tenant' is no tag: expected NAME=VALUE"),
        (("--tag", "=a"), "'=a' is no tag"),
        (("--tag", "a=1", "--tag", "a=2"), "'a' is given twice"),
        (("--state", "lost"), "'lost' is not one of"),
        (("--limit", "0"), "0 is not in the range"),
    ],
)
def test_wrong_use(dlq, option, said):
    """What can't be understood is said, with what was expected; the exit status is 2."""
    done = dlq("list", *option)
    assert done.status == 2
    assert said in done.err


def test_pages(dlq):
    """A list that is longer than its limit says how to go on, and going on shows each letter once."""
    ids = dlq.put(*(letter(number) for number in range(5)))
    first = dlq("list", "--limit", "2")
    cursor = first.err.split()[-1]
    second = dlq("list", "--limit", "2", "--after", cursor)
    third = dlq("list", "--limit", "2", "--after", second.err.split()[-1])
    assert "There are more: go on with --after" in first.err
    assert [*first.ids, *second.ids, *third.ids] == ids
    assert third.err == ""


def test_how_many_without_a_limit(dlq):
    """Without a limit a table has 50 letters, and JSON all, however many pages that are."""
    ids = dlq.put(*(letter(number) for number in range(60)))
    assert dlq("list").ids == ids[:50]
    assert dlq("list", "--json").ids == ids
    assert dlq("list", "--limit", "55").ids == ids[:55]


def test_many_pages(dlq, monkeypatch):
    """What is read page by page is complete."""
    monkeypatch.setattr("ninelives_cli.dlq.listing.PAGE", 2)
    ids = dlq.put(*(letter(number) for number in range(5)))
    assert dlq("list", "--json").ids == ids
    assert dlq("list", "--limit", "5").ids == ids
    assert dlq("list", "--limit", "3").ids == ids[:3]


def test_nothing_matches(dlq, three):
    """A filter that matches nothing is said on stderr, and is no failure."""
    for args in ((), ("--json",)):
        done = dlq("list", "--pipeline", "shpo", *args)
        assert done.status == 0
        assert done.out == ""
        assert done.err == f"No letter matches in {dlq.address}.\n"


def test_no_file(dlq):
    """Looking into a file that is not there says so, and makes none."""
    done = dlq("list")
    assert done.status == 0
    path = dlq.folder / "letters.json"
    assert done.err == f"No letter in {dlq.address}.\nThere is no file {path}.\n"
    assert list(dlq.folder.iterdir()) == []


def test_a_store_that_does_not_work(dlq):
    """A store that can't be read is one line, without a traceback; the exit status is 1."""
    dlq.folder.joinpath("letters.json").mkdir()
    done = dlq("list")
    assert done.status == 1
    assert done.err.startswith("Error: ")
    assert len(done.err.splitlines()) == 1


def test_a_wrong_address(dlq):
    """An address of no store is wrong use."""
    done = dlq.alone("list", "--store", "redis:x")
    assert done.status == 2
    assert "expected an installed store" in done.err


@pytest.mark.parametrize("option", ["--pipeline", "--app", "--operation", "--fingerprint", "--error", "--grep"])
def test_an_option_that_says_nothing(dlq, three, option):
    """An empty text, as a variable leaves it that is not set, is wrong use, also beside another filter."""
    done = dlq("purge", "--yes", "--state", "waiting", option, "")
    assert done.status == 2
    assert f"Invalid value for '{option}': it is empty" in done.err
    assert dlq.left == three


def test_no_time_between(dlq, three):
    """A time that ends before it begins is wrong use."""
    done = dlq("list", "--since", "1h", "--until", "2h")
    assert done.status == 2
    assert "--since is not before --until" in done.err


@pytest.mark.parametrize("command", ["list", "groups"])
def test_nothing_that_can_be_read(dlq, command):
    """Where no letter is found, it is said that there are records that can't be read: they are not shown."""
    dlq.folder.joinpath("letters.json").write_text("{torn\n{torn\n")
    done = dlq(command)
    assert done.status == 0
    assert f"No letter in {dlq.address}.\nNot shown, as they can't be read, but kept: 2 records in" in done.err


def test_an_address_that_would_steer_the_terminal(dlq):
    """An address is shown without its control characters."""
    done = dlq.alone("list", "--store", "file:./a\nb\x85.json")
    assert "a\\nb\\x85.json" in done.err
    assert len(done.err.splitlines()) == 2


@pytest.mark.parametrize("text", ["0001-01-01T00:00:00+01:00", "9999-12-31T23:59:59-01:00"])
@pytest.mark.parametrize("scheme", ["file", "sqlite"])
def test_a_moment_outside_of_the_calendar_hides_nothing(dlq, text, scheme):
    """A letter of others whose moments UTC has no date for is shown with the others, by every command that looks."""
    dlq.address = f"{scheme}:{dlq.folder}/of-others.{scheme}"
    moment = datetime.fromisoformat(text)
    odd = letter(created=moment, first_failed=moment, last_failed=moment, expires=moment)
    named = dlq.put(odd, letter(1))
    for command in (["list"], ["list", "--json"], ["groups"], ["groups", "--json"], ["stats"], ["stats", "--json"]):
        assert dlq(*command).status == 0, command
    assert sorted(dlq("list").ids) == sorted(named)
    assert text[:10] in dlq("show", odd.id).out
    assert text[:10] in dlq("show", odd.id, "--json").out


@pytest.mark.parametrize("after", ["", "nonsense", "0:nonsense", "7:", "7:1/x", "0:1"])
@pytest.mark.parametrize("scheme", ["file", "sqlite"])
def test_a_cursor_that_no_list_said(dlq, after, scheme):
    """A cursor that no list has said is wrong use, in plain words."""
    dlq.address = f"{scheme}:{dlq.folder}/some.{scheme}"
    dlq.put(letter(), letter(1))
    done = dlq("list", "--after", after)
    assert done.status == 2
    assert f"{after!r} is not what a shorter list" in done.err
    assert "browse()" not in done.err


def test_a_store_that_fails_is_not_the_cursors_fault(dlq):
    """Where a list can't be gone on with because its store fails, that is what is said."""
    dlq.put(letter(), letter(1))
    cursor = dlq("list", "--limit", "1").err.split()[-1]
    assert dlq("list", "--after", cursor).status == 0
    dlq.address = f"sqlite:{dlq.folder}/letters.json"
    done = dlq("list", "--after", cursor)
    assert (done.status, "is not what a shorter list" in done.err) == (1, False)
    dlq.address = f"file:{dlq.folder}/missing/letters.json"
    done = dlq("list", "--after", cursor)
    assert (done.status, "its directory is missing" in done.err) == (1, True)


@pytest.mark.parametrize("command", [["list"], ["groups"], ["stats"], ["show", "7"], ["note", "7", "text"]])
def test_looking_at_an_empty_file_leaves_it_empty(dlq, command):
    """A file with nothing in it, as `touch` makes it, has no letters, and is made no database by that."""
    path = dlq.folder / "touched.db"
    path.touch()
    dlq.address = f"sqlite:{path}"
    dlq(*command)
    assert path.read_bytes() == b""
    dlq.put(letter())
    assert len(dlq("list").ids) == 1
