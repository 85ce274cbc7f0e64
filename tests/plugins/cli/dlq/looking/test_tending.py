"""`ninelives dlq note`, `park`, `unpark` and `purge`."""

from __future__ import annotations

import getpass
import re
from contextlib import nullcontext

import pytest

from ninelives.machine import hostname
from ninelives.testing.contracts.letters import letter
from ninelives_cli.dlq.signals import Stop


def said_by(command):
    """The begin of a note, up to what is said."""
    who = f"{getpass.getuser()}@{hostname()} (ninelives dlq {command})"
    return rf"\d{{4}}-\d\d-\d\dT\d\d:\d\d:\d\d\+00:00 {re.escape(who)}: "


# --- note -----------------------------------------------------------------------------------------------------------


def test_a_note(dlq, three):
    """A note stands in each letter that was named, with who wrote it, where, when, and by which command."""
    done = dlq("note", three[0], three[2], "they are down")
    assert (done.status, done.out, done.err) == (0, "noted 2 letters\n", "")
    for number, count in enumerate((1, 0, 1)):
        notes = dlq.letter(three[number]).notes
        assert len(notes) == count
        assert all(re.fullmatch(said_by("note") + "they are down", note) for note in notes)


def test_a_note_that_says_nothing(dlq, three):
    """A note without a text is wrong use, and so is one without a letter."""
    assert dlq("note", three[0], " ").status == 2
    done = dlq("note", three[0])
    assert done.status == 2
    assert "and then the note, in quotation marks" in done.err
    assert dlq("note").status == 2
    assert dlq.letter(three[0]).notes == ()


def test_a_note_without_quotation_marks(dlq, three):
    """Words between the ids and the last word that are no ids are taken for a note that the shell has split."""
    done = dlq("note", three[0], "they", "are", "down")
    assert done.status == 2
    assert "there is no letter 'they'; if it belongs to the note, put all of the note in quotation marks" in done.err
    assert dlq.letter(three[0]).notes == ()
    (named,) = dlq.put(letter(7, id="by-hand"))
    done = dlq("note", three[0], named, "019ad9c8-gone", "down")
    assert (done.status, done.out) == (1, "noted 2 letters, 1 not there\n")


def test_no_such_letter(dlq, three):
    """An id that is not there is said, the others are done; the exit status is 1."""
    done = dlq("note", "nonsense", three[0], "hello")
    assert done.status == 1
    assert done.out == "noted 1 letter, 1 not there\n"
    assert done.err.startswith("nonsense: there is no letter nonsense")
    assert len(dlq.letter(three[0]).notes) == 1


def test_an_id_that_would_steer_the_terminal(dlq, three):
    """An id from anywhere is shown without its control characters."""
    assert dlq("note", "\x1b[2J", "hello").err.startswith(r"\x1b[2J: ")


def test_a_letter_that_someone_holds(dlq, three):
    """A letter that is held by someone else is left alone and said; the exit status is 1."""
    dlq.store.claim(three[:1], lease=60)
    done = dlq("park", three[0])
    assert done.status == 1
    assert done.out == "parked 0 letters, 1 held by someone else\n"
    assert done.err.startswith(f"{three[0]}: ")
    assert dlq.letter(three[0]).state == "waiting"


def test_json(dlq, three):
    """With --json what came of it is one object of these keys."""
    (record,) = dlq("park", three[0], three[2], "nonsense", "--json").json
    reasons = record.pop("reasons")
    assert record == {
        "did": "parked",
        "done": 1,
        "skipped": 1,
        "busy": 0,
        "missing": 1,
        "failed": 0,
        "stopped": False,
    }
    assert reasons.keys() == {three[2], "nonsense"}


# --- park and unpark ------------------------------------------------------------------------------------------------


def test_park(dlq, three):
    """Letters that match are parked, with the reason in a note; those that are parked already need nothing."""
    done = dlq("park", "--pipeline", "shop", "--reason", "waits for the fix")
    assert (done.status, done.out, done.err) == (0, "parked 1 letter\n", "")
    assert dlq.letter(three[0]).state == "parked"
    assert re.fullmatch(said_by("park") + "parked: waits for the fix", dlq.letter(three[0]).notes[0])
    assert dlq.letter(three[1]).state == "waiting"
    assert dlq.letter(three[2]).notes == ()


def test_unpark(dlq, three):
    """Letters that match wait again; those that do already need nothing."""
    done = dlq("unpark", "--all")
    assert (done.status, done.out, done.err) == (0, "unparked 1 letter\n", "")
    assert dlq.letter(three[2]).state == "waiting"
    assert dlq.letter(three[0]).notes == ()


def test_what_needs_nothing_is_said(dlq, three):
    """Of letters that are named, those that are like that already are counted; that is no failure."""
    done = dlq("park", three[2])
    assert (done.status, done.out) == (0, "parked 0 letters, 1 needed nothing\n")
    assert dlq("park", "--state", "parked").out == "parked 0 letters, 1 needed nothing\n"


@pytest.mark.parametrize("command", ["park", "unpark", "purge"])
def test_nothing_matches(dlq, three, command):
    """A filter that matches nothing is said, and is no failure."""
    done = dlq(command, "--pipeline", "shpo")
    assert done.status == 0
    assert done.err == f"No letter matches in {dlq.address}.\n"
    assert done.out.endswith("ed 0 letters\n")
    (record,) = dlq(command, "--pipeline", "shpo", "--json").json
    assert record["done"] == 0


@pytest.mark.parametrize("command", ["park", "unpark", "purge"])
@pytest.mark.parametrize(
    ("args", "said"),
    [
        ((), "say --all for all of them"),
        (("",), "it is empty"),
        (("an-id", "--state", "waiting"), "ids and a filter can't be given together"),
        (("an-id", "--all"), "ids and --all"),
        (("--all", "--state", "waiting"), "--all and a filter can't be given together"),
    ],
)
def test_which_letters_must_be_said(dlq, three, command, args, said):
    """Changing letters with neither ids nor a filter is refused unless --all is said, and so is what contradicts."""
    done = dlq(command, *args, "--yes") if command == "purge" else dlq(command, *args)
    assert done.status == 2
    assert said in done.err
    assert dlq.left == three


def test_all_of_a_pipeline(dlq, three):
    """--all with --pipeline means all of that pipeline; ids with --pipeline say where they are."""
    assert dlq("park", "--all", "--pipeline", "shop").out == "parked 1 letter\n"
    assert dlq("unpark", three[0], "--pipeline", "shop").out == "unparked 1 letter\n"


def test_a_store_that_does_not_work(dlq):
    """A store that can't be reached is one line, without a traceback; the exit status is 1."""
    dlq.folder.joinpath("letters.json").mkdir()
    done = dlq("park", "--all")
    assert done.status == 1
    assert len(done.err.splitlines()) == 1


# --- purge ----------------------------------------------------------------------------------------------------------


def test_purge(dlq, three):
    """Letters that match are gone, and no others."""
    done = dlq("purge", "--pipeline", "shop", "--yes")
    assert (done.status, done.out, done.err) == (0, "purged 2 letters\n", "")
    assert dlq.left == three[1:2]
    assert dlq("purge", three[1], "--yes").out == "purged 1 letter\n"
    assert dlq.left == []


def test_purge_all(dlq, three):
    """With --all every letter is gone."""
    assert dlq("purge", "--all", "--yes").out == "purged 3 letters\n"
    assert dlq.left == []


def test_nobody_to_ask(dlq, three):
    """Deleting asks; where nobody can be asked it is refused, and says how many it is about and what to say."""
    for args, count in ((("--all",), "3 letters"), ((three[0],), "1 letter")):
        done = dlq("purge", *args)
        assert done.status == 2
        assert f"Delete {count} from {dlq.address} for good?" in done.err
        assert "say --yes" in done.err
    assert dlq.left == three


def test_events_are_not_logged(dlq, three):
    """Events go to whoever keeps logs, and do not fill the terminal; the logger is left as it was."""
    import logging

    before = list(logging.getLogger("ninelives").handlers)
    done = dlq("park", "--pipeline", "post")
    assert done.err == ""
    assert logging.getLogger("ninelives").handlers == before


def test_warnings_are_shown(dlq, three):
    """What a store warns of goes to stderr: letters of a store that can't be read are not shown."""
    spare = dlq.folder / "spare.json"
    spare.mkdir()
    dlq.folder.joinpath("ninelives.toml").write_text(
        f'[pipelines.shop]\ndead_letter = {{ store = "{dlq.address}", fallback = "file:{spare}" }}\n'
    )
    done = dlq.alone("list", "--pipeline", "shop")
    assert done.ids == [three[0], three[2]]
    assert done.err.startswith(f"Warning: letters in file:{spare} are not shown: ")


def test_a_letter_of_another_world(dlq, three):
    """SQLite does as the file does."""
    pytest.importorskip("ninelives_sqlite")
    dlq.address = f"sqlite:{dlq.folder}/dlq.db"
    assert dlq("list").err.endswith(f"There is no file {dlq.folder}/dlq.db.\n")
    assert not dlq.folder.joinpath("dlq.db").exists()
    ids = dlq.put(letter(0, pipeline="shop"), letter(1), letter(2, state="parked"))
    assert dlq("list").ids == ids
    assert dlq("unpark", "--all").out == "unparked 1 letter\n"
    assert dlq("purge", "--pipeline", "shop", "--yes").out == "purged 1 letter\n"
    assert dlq("list", "--json").ids == ids[1:]


def test_being_stopped(dlq, three, monkeypatch):
    """Once someone asks for the end, letters whose turn has not come stay as they are; the exit status says so."""
    stop = Stop()
    stop.status = 143
    stop.set()
    monkeypatch.setattr("ninelives_cli.dlq.tending.stopping", lambda: nullcontext(stop))
    done = dlq("park", "--all")
    assert (done.status, done.out, done.err) == (143, "parked 0 letters\n", "")
    assert dlq.letter(three[0]).state == "waiting"
