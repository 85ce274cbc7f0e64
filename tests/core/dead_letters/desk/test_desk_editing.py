"""Editing: one wins, the other is told; the original stays; what is no payload changes nothing."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal

import pytest

from ninelives import DeadLetterQueue, LetterBusyError, LetterNotFoundError, StoreError
from ninelives.dead_letters.letter import LetterFilter
from ninelives.dead_letters.paths import set_path
from ninelives.dead_letters.payload import encode

CALL = {"operation": "shop:send", "args": [{"to": "Tmo"}], "kwargs": {"limit": 3}}


def to_tom(payload):
    return set_path(payload, "args[0].to", "Tom")


@pytest.fixture
def one(office, make):
    """A desk, its store, and the one letter in it."""
    letter = make(pipeline="shop", **CALL)
    store = office.store("store", letter)
    return office.desk(store), store, letter


def test_an_edit_changes_the_payload_and_keeps_the_original(one):
    """The new payload is in the store, the old one in `original`; the letter is free again, and all else as it was."""
    desk, store, letter = one
    edited = desk.edit(letter.id, to_tom)
    assert desk.get(letter.id) == edited
    assert (edited.args, edited.kwargs) == ([{"to": "Tom"}], {"limit": 3})
    assert edited.original == {"args": [{"to": "Tmo"}], "kwargs": {"limit": 3}}
    assert (edited.replayable, edited.state, edited.created) == (True, "waiting", letter.created)
    assert len(store.receive(1, lease=60)) == 1


def test_the_original_is_that_before_the_first_edit(one):
    """A second edit changes no more than the payload: the original stays."""
    desk, _, letter = one
    desk.edit(letter.id, to_tom)
    again = desk.edit(letter.id, lambda payload: set_path(payload, "kwargs.limit", 4))
    assert again.original["args"] == [{"to": "Tmo"}]
    assert again.original["kwargs"] == {"limit": 3}


def test_a_message_is_edited_too(office, make):
    """A letter that was sent by hand has a message, and keeps that as its original."""
    letter = make(message="to Tmo")
    desk = office.desk(office.store("store", letter))
    edited = desk.edit(letter.id, lambda payload: {"message": payload["message"].replace("Tmo", "Tom")})
    assert (edited.message, edited.original) == ("to Tom", {"message": "to Tmo"})


def test_an_edit_is_noted_and_told(one, office):
    """Who edited what is in the notes and in the event: the paths, and no values, which may be secret."""
    desk, _, letter = one
    edited = desk.edit(letter.id, to_tom, note="a typing error")
    moment = office.clock.now().astimezone(UTC).isoformat(timespec="seconds")
    assert edited.notes == (f"{moment} alice@web-1 (ninelives dlq): edited args[0].to: a typing error",)
    (event,) = office.told("letter_changed")
    assert (event.action, event.letter_id, event.pipeline, event.call_id) == ("edited", letter.id, "shop", letter.id)
    assert (event.user, event.host, event.note) == ("alice", "web-1", "args[0].to: a typing error")


def test_many_changes_are_told_in_part(one):
    """Of many paths ten are named, the rest counted."""
    desk, _, letter = one
    edited = desk.edit(letter.id, lambda payload: payload | {"kwargs": {f"k{number}": 1 for number in range(20)}})
    assert edited.notes[0].endswith("k8 and 11 more")


def test_an_edit_that_changes_nothing(one, office):
    """Nothing is noted or told, and the letter is free again."""
    desk, store, letter = one
    assert desk.edit(letter.id, lambda payload: payload, note="why?") == letter
    assert office.told("letter_changed") == []
    assert len(store.receive(1, lease=60)) == 1


def test_of_two_edits_at_once_one_wins(one):
    """While one edits, the other is told that the letter is held."""
    desk, _, letter = one

    def during(payload):
        with pytest.raises(LetterBusyError):
            desk.edit(letter.id, lambda _: {"args": [], "kwargs": {}})
        return to_tom(payload)

    assert desk.edit(letter.id, during).args == [{"to": "Tom"}]


@pytest.mark.parametrize("meanwhile", ["edited", "parked"])
def test_a_letter_that_was_changed_since(one, meanwhile):
    """With `expected`, a letter with another payload or state is refused, with its last note, and left as it is."""
    desk, _, letter = one
    if meanwhile == "edited":
        desk.edit(letter.id, to_tom)
    else:
        desk.park(letter.id)
    there = desk.get(letter.id)
    with pytest.raises(StoreError, match=rf"was changed since it was looked at.*alice@web-1.*{meanwhile}") as caught:
        desk.edit(letter.id, lambda payload: payload | {"args": []}, expected=letter)
    assert not caught.value.transient
    assert desk.get(letter.id) == there
    assert desk.edit(letter.id, lambda payload: payload | {"args": []}, expected=there).args == []


def test_another_letter_is_not_the_expected_one(one, make):
    """`expected` is a letter with this id; one without notes says none."""
    desk, _, letter = one
    with pytest.raises(StoreError, match=r"look at it again$"):
        desk.edit(letter.id, to_tom, expected=make(**CALL))


def test_a_note_alone_does_not_stand_in_the_way(one):
    """`expected` is about payload and state: a note that came meanwhile does no harm."""
    desk, _, letter = one
    desk.note(letter.id, "asked Tom")
    assert desk.edit(letter.id, to_tom, expected=letter).args == [{"to": "Tom"}]


@pytest.mark.parametrize(
    ("new", "said"),
    [
        (None, 'the payload is None: expected an object with "args" and "kwargs", and no more'),
        ({"args": []}, 'expected an object with "args" and "kwargs"'),
        ({"args": [], "kwargs": {}, "message": 1}, "and no more"),
        ({"args": {}, "kwargs": {}}, "args is {}: expected a list"),
        ({"args": [], "kwargs": []}, r"kwargs is \[\]: expected an object"),
        ({"args": [], "kwargs": {"$type": "tuple", "value": []}}, "kwargs is .*: expected an object"),
        ({"args": [datetime.now(UTC)], "kwargs": {}}, r"args\[0\] is datetime.*: expected what JSON has"),
        ({"args": [{"a": (1,)}], "kwargs": {}}, r"args\[0\].a is \(1,\): expected what JSON has"),
        ({"args": [{1: 2}], "kwargs": {}}, r"args\[0\] has the key 1: expected text"),
        ({"args": [{"\ud800": 2}], "kwargs": {}}, r"has the key '\\ud800': expected text"),
        ({"args": [{"$type": "bytes", "value": 7}], "kwargs": {}}, r"args holds a tagged object \(one with \$type\)"),
        ({"args": [{"$type": "tuple"}], "kwargs": {}}, "args holds a tagged object"),
    ],
)
def test_what_is_no_payload(one, new, said):
    """What is no payload for the letter is refused with what is expected; the letter is as it was, and free."""
    desk, store, letter = one
    with pytest.raises(ValueError, match=said):
        desk.edit(letter.id, lambda _: new)
    assert desk.get(letter.id) == letter
    assert len(store.receive(1, lease=60)) == 1


def test_secrets_in_what_is_refused_are_masked(one):
    """What the error shows of a payload that is refused holds no passwords: errors are logged."""
    desk, _, letter = one
    secret = "hunter2" * 2
    for new in (
        {"password": secret},
        {"args": {"token": secret}, "kwargs": {}},
        {"args": [], "kwargs": {"password": {secret}}},
        {"args": [], "kwargs": {"$type": "tuple", "value": [{"password": secret}]}},
        {"args": [{"$type": "int", "value": f"password={secret}"}], "kwargs": {}},
    ):
        with pytest.raises(ValueError, match=r"expected|decoded") as caught:
            desk.edit(letter.id, lambda _, new=new: new)
        assert secret not in str(caught.value)


def test_nesting_without_end(one):
    """A payload that is nested deeper than can be read again is refused."""
    desk, _, letter = one
    deep: list = []
    deep.append(deep)
    with pytest.raises(ValueError, match="expected at most 200 levels"):
        desk.edit(letter.id, lambda _: {"args": deep, "kwargs": {}})


def test_numbers_and_text_that_json_lacks(one):
    """Numbers of any size and NaN, which Python's reader of JSON makes, are kept as they are in any letter."""
    desk, _, letter = one
    edited = desk.edit(letter.id, lambda payload: payload | {"args": [2**70, float("inf"), "\ud800", None, True]})
    assert edited.args == encode([2**70, float("inf"), "\ud800", None, True], "args")[0]


def test_an_error_of_the_change_comes_out(one):
    """What the function raises comes out; the letter is as it was, and free."""
    desk, store, letter = one
    with pytest.raises(KeyboardInterrupt):
        desk.edit(letter.id, interrupt)
    assert desk.get(letter.id) == letter
    assert len(store.receive(1, lease=60)) == 1


def interrupt(_payload):
    raise KeyboardInterrupt


def test_a_letter_that_is_not_there(one):
    """The error names the id, and where it was looked for."""
    desk, _, _ = one
    with pytest.raises(LetterNotFoundError, match="there is no letter nope in store:"):
        desk.edit("nope", to_tom)


def test_a_letter_of_a_newer_schema(bureau, make):
    """It is refused, as what it means is not known here."""
    letter = make(schema=2, **CALL)
    desk = bureau.desk(bureau.store("store", letter))
    with pytest.raises(StoreError, match="is of schema 2, and this version knows 1: upgrade ninelives"):
        desk.edit(letter.id, to_tom)
    assert desk.get(letter.id) == letter


def test_a_lease_that_ended(bureau, make):
    """An edit that takes longer than its lease changes nothing if someone else took the letter meanwhile."""
    letter = make(**CALL)
    store = bureau.store("store", letter)

    def slowly(payload):
        bureau.clock.advance(61)
        store.receive(1, lease=60)
        return to_tom(payload)

    with pytest.raises(StoreError, match="is over"):
        bureau.desk(store).edit(letter.id, slowly)
    assert store.get(letter.id) == letter


# --- what could not be held -------------------------------------------------------------------------------------------


class Order:
    def __repr__(self):
        return "<order>"


@pytest.fixture
def marked(bureau):
    """A desk, and a letter with two parts that could not be held, beside one of its error_info."""
    store = bureau.store()
    queue = DeadLetterQueue(store=store)
    letter_id = queue.send_to_dlq([Order(), {"at": Order()}, Decimal(1)], {"where": Order()})
    return bureau.desk(store), letter_id


def test_an_edit_can_mend_what_could_not_be_held(marked):
    """A mark goes with the part that is replaced; the letter can be replayed when all are gone."""
    desk, letter_id = marked
    half = desk.edit(letter_id, lambda payload: set_path(payload, "message[0]", 7))
    assert ([mark["path"] for mark in half.unserialisable], half.replayable) == (
        ["message[1].at", "error_info.where"],
        False,
    )
    whole = desk.edit(letter_id, lambda payload: set_path(payload, "message[1].at", 8))
    assert ([mark["path"] for mark in whole.unserialisable], whole.replayable) == (["error_info.where"], True)
    assert whole.message[2] == {"$type": "decimal", "value": "1"}


def test_an_edit_elsewhere_mends_nothing(marked):
    """What is still not whole can't be replayed."""
    desk, letter_id = marked
    edited = desk.edit(letter_id, lambda payload: set_path(payload, "message[2]", 1))
    assert (len(edited.unserialisable), edited.replayable) == (3, False)


def test_an_edit_can_break_a_payload(one):
    """A part that stands for what could not be held, put in by hand, is told as such."""
    desk, _, letter = one
    edited = desk.edit(letter.id, lambda payload: payload | {"args": [{"$type": "unserialisable", "value": "<x>"}]})
    assert not edited.replayable or edited.unserialisable == ()


def test_marks_that_nothing_in_the_payload_tells(bureau, make):
    """Of a letter that could hardly be made, each argument that is given anew takes its mark along."""
    told = tuple({"path": path, "repr": "?"} for path in ("", "args", "kwargs"))
    letter = make(operation="shop:send", args=[], kwargs={}, replayable=False, unserialisable=told)
    desk = bureau.desk(bureau.store("store", letter))
    half = desk.edit(letter.id, lambda payload: payload | {"args": [1]})
    assert ([mark["path"] for mark in half.unserialisable], half.replayable) == (["", "kwargs"], False)
    whole = desk.edit(letter.id, lambda payload: payload | {"kwargs": {"limit": 3}})
    assert (whole.unserialisable, whole.replayable) == ((), True)


def test_a_letter_that_someone_calls_not_replayable(bureau, make):
    """Without a mark that says why, no edit can tell that it may be replayed."""
    letter = make(message=1, replayable=False)
    desk = bureau.desk(bureau.store("store", letter))
    assert not desk.edit(letter.id, lambda _: {"message": 2}).replayable


def test_what_was_masked_is_so_no_more(bureau, make):
    """The path of a value that was masked goes when the value is replaced."""
    letter = make(
        message={"token": "***", "user": {"password": "***"}}, redacted=("message.token", "message.user.password")
    )
    desk = bureau.desk(bureau.store("store", letter))
    edited = desk.edit(letter.id, lambda payload: set_path(payload, "message.token", "t"))
    assert edited.redacted == ("message.user.password",)
    edited = desk.edit(letter.id, lambda payload: set_path(payload, "message.user", {"password": "p"}))
    assert edited.redacted == ()


def test_an_edit_is_found_by_its_text(one):
    """What was edited is what the store searches, and the original too: the letter stays findable."""
    desk, _, letter = one
    desk.edit(letter.id, to_tom)
    for text in ("Tom", "Tmo"):
        assert [found.id for found in desk.letters(LetterFilter(text=text), limit=5).letters] == [letter.id]
