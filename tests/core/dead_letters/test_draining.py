"""Moving letters: put there, then gone here; what can't be moved stays, and nothing is ever in neither store."""

from __future__ import annotations

import pytest
from msgspec import structs

from ninelives.dead_letters import carrying, draining
from ninelives.dead_letters.draining import Drain, TargetError
from ninelives.dead_letters.letter import LetterFilter
from ninelives.dead_letters.memory import MemoryStore
from ninelives.errors import LetterTooLargeError, StoreError
from ninelives.testing.contracts.letters import letter


class OneByOne:
    """A store that can do no more than every store can."""

    def __init__(self, *letters):
        self.inside = MemoryStore()
        self.inside.put_many(letters)
        self.receive, self.release, self.ack, self.close = (
            getattr(self.inside, name) for name in ("receive", "release", "ack", "close")
        )

    def put(self, letter):
        self.inside.put(letter)

    @property
    def letters(self):
        return ids(self.inside)


class Target(MemoryStore):
    """A store that refuses some letters, each with its own error; `at_once` says what several at once raise."""

    def __init__(self, refused=None, at_once=None, stored=()):
        super().__init__()
        self.refused = refused or {}
        self.at_once = at_once
        self.stored = stored
        self.puts = 0

    def put(self, letter):
        self.puts += 1
        if letter.id in self.refused:
            raise self.refused[letter.id]
        super().put_many([letter])

    def put_many(self, letters):
        if self.at_once is None and not self.refused:
            super().put_many(letters)
            return
        super().put_many(one for one in letters if one.id in self.stored)
        error = self.at_once or StoreError("some are refused", transient=False)
        error.stored = frozenset(self.stored)
        raise error


def ids(store):
    return [one.id for one in store.browse(LetterFilter(), limit=1000).letters]


def filled(*letters):
    store = MemoryStore()
    store.put_many(letters)
    return store


class Moved(list):
    def __init__(self):
        super().__init__()
        self.refused = []
        self.done = None

    def refuse(self, letter, problem):
        self.refused.append((letter.id, str(problem)))


def move(source, target, wanted=lambda _: True, go_on=lambda: True):
    moved = Moved()
    try:
        move = Drain(source, target, wanted, lambda one: moved.append(one.id), moved.refuse, go_on)
        moved.done = move.run()
    except TargetError as error:
        return moved, error.problem
    return moved, None


LETTERS = [letter(number) for number in range(3)]
NAMES = [one.id for one in LETTERS]


@pytest.mark.parametrize("target", [MemoryStore, OneByOne])
@pytest.mark.parametrize("source", [filled, OneByOne])
def test_all_of_them(source, target):
    """Whatever the two stores can, every letter arrives once, oldest first, and is gone from where it was."""
    here, there = source(*LETTERS), target()
    moved, error = move(here, there)
    assert (moved, error) == (NAMES, None)
    assert ids(getattr(there, "inside", there)) == NAMES
    assert ids(getattr(here, "inside", here)) == []


def test_in_batches(monkeypatch):
    """No more than a batch is in hand at once; between two it is asked whether to go on."""
    monkeypatch.setattr(draining, "BATCH", 2)
    letters = [letter(number) for number in range(7)]
    asked = []
    here, there = filled(*letters), MemoryStore()
    moved, _ = move(here, there, go_on=lambda: asked.append(len(ids(there))) or len(asked) < 4)
    assert asked == [0, 2, 4, 6]
    assert len(moved) == 6
    assert len(ids(here)) == 1
    source = OneByOne(*letters)
    assert len(move(source, MemoryStore(), go_on=iter([True, False]).__next__)[0]) == 2
    assert len(source.letters) == 5


@pytest.mark.parametrize("source", [filled, OneByOne])
def test_only_what_is_wanted(source):
    """Letters that are not wanted stay, for others to take at once; parked ones stay too."""
    parked = letter(9, state="parked")
    here, there = source(*LETTERS, parked), MemoryStore()
    assert move(here, there, wanted=lambda one: one.id != NAMES[1])[0] == [NAMES[0], NAMES[2]]
    assert [one.letter.id for one in here.receive(10, lease=60)] == [NAMES[1]]
    assert ids(getattr(here, "inside", here)) == [NAMES[1], parked.id]


def test_what_others_hold_is_left():
    """A letter that someone else holds, or has just taken away, is passed by; the others are moved."""
    here, there = filled(*LETTERS), MemoryStore()
    here.claim([NAMES[1]], lease=60)
    assert move(here, there) == ([NAMES[0], NAMES[2]], None)
    moved, error = move(here, there)
    assert (moved, moved.done, error) == ([], False, None)


@pytest.mark.parametrize("source", [filled, OneByOne])
def test_what_is_too_large_stays(source):
    """A letter that the target will never take is told, and stays where it is; the others arrive."""
    there = Target({NAMES[0]: LetterTooLargeError("2 MB")}, stored=[NAMES[1]])
    here = source(*LETTERS)
    moved, error = move(here, there)
    assert (moved, error) == (NAMES[1:], None)
    assert moved.refused == [(NAMES[0], "2 MB")]
    assert ids(getattr(here, "inside", here)) == NAMES[:1]


def test_what_is_refused_for_good_stays():
    """A letter that is refused for another reason stays too, and is told with the reason."""
    there = Target({NAMES[1]: StoreError("odd", transient=False)})
    moved, error = move(filled(*LETTERS), there)
    assert (moved, moved.refused, error) == ([NAMES[0], NAMES[2]], [(NAMES[1], "odd")], None)


def test_a_store_that_fails_ends_it():
    """Where the target fails twice, what has arrived is gone from the source, and the rest is back."""
    there = Target({name: StoreError("down") for name in NAMES[1:]})
    here = filled(*LETTERS)
    moved, error = move(here, there)
    assert (moved, str(error)) == (NAMES[:1], "down")
    assert [one.letter.id for one in here.receive(10, lease=60)] == NAMES[1:]


@pytest.mark.parametrize("place", range(2))
def test_a_letter_that_fails_alone(place):
    """A letter at which the target fails, and takes the next, stays for another time; the others arrive."""
    there = Target({NAMES[place]: OSError("odd")})
    moved, error = move(filled(*LETTERS), there)
    assert (moved, error) == ([name for name in NAMES if name != NAMES[place]], None)
    assert moved.done is False


def test_several_of_which_some_were_stored():
    """Of several that could not all be stored at once, those that were are not sent again."""
    there = Target(at_once=StoreError("throttled"), stored=NAMES[:2])
    here = filled(*LETTERS)
    moved, error = move(here, there)
    assert (moved, str(error), there.puts) == (NAMES[:2], "throttled", 0)
    assert ids(here) == NAMES[2:]


def test_a_store_that_refuses_everything():
    """So many refusals one after the other mean that the store refuses: it is not asked for each letter."""
    letters = [letter(number) for number in range(carrying.MOST_REFUSED + 5)]
    there = Target({one.id: StoreError("denied", transient=False) for one in letters})
    moved, error = move(filled(*letters), there)
    assert (moved, str(error), there.puts) == ([], "denied", carrying.MOST_REFUSED)


def test_what_a_store_raises_against_its_contract():
    """An error that is no `StoreError` counts as one that may pass."""
    error = move(filled(LETTERS[0]), Target({NAMES[0]: OSError("broken")}))[1]
    assert str(error) == "builtins.OSError: broken"
    assert error.transient
    assert isinstance(error.__cause__, OSError)


def test_what_can_not_be_removed_stands_in_both():
    """Where the source can't forget what has arrived, the letter is in both stores, and in no case in none."""

    class Stuck(MemoryStore):
        def ack_many(self, leases):
            raise StoreError("read-only")

    here, there = Stuck(), MemoryStore()
    here.put_many(LETTERS)
    with pytest.raises(StoreError, match="read-only"):
        move(here, there)
    assert ids(here) == ids(there) == NAMES


@pytest.mark.parametrize("error", [StoreError("down"), OSError("down")])
def test_a_target_that_can_not_be_asked(error):
    """Where it can't be seen whether both are one store nothing is put; what was in hand is back."""
    here, there = filled(*LETTERS), MemoryStore()
    there.claim = lambda ids, *, lease: (_ for _ in ()).throw(error)
    moved, problem = move(here, there)
    assert moved == []
    assert str(problem).endswith("down")
    assert len(here.receive(9, lease=1)) == 3


def test_a_copy_that_is_there_already():
    """A letter that stands in both stores, as after a crash, is put once more and is then at home only."""
    here, there = filled(*LETTERS), filled(LETTERS[0])
    assert move(here, there) == (NAMES, None)
    assert ids(there) == NAMES
    assert [one.letter.id for one in there.receive(9, lease=1)] == NAMES


def test_a_target_that_may_only_be_written_to():
    """A store from which nothing may ever be claimed is not the one that the letters were claimed from."""
    here, there = filled(*LETTERS), MemoryStore()
    there.claim = lambda ids, *, lease: (_ for _ in ()).throw(StoreError("denied", transient=False))
    assert move(here, there) == (NAMES, None)


@pytest.mark.parametrize(
    "newer", [{"replay_count": 2}, {"notes": ("parked", "looked at")}, {"last_failed": letter(9).created}]
)
def test_an_older_copy_never_replaces_a_newer_one(newer):
    """A letter that stands in both, and was replayed or tended in the target since, stays there as it is."""
    old = letter(1, notes=("parked",), replay_count=1)
    other = letter(2)
    source, target = filled(old, other), filled(structs.replace(old, **newer))
    moved, error = move(source, target)
    assert (set(moved), error) == ({old.id, other.id}, None)
    assert ids(source) == []
    assert target.get(old.id) == structs.replace(old, **newer)
    assert [one.letter.id for one in target.receive(9, lease=1)] == [old.id, other.id]


def test_nothing_but_newer_copies():
    """Where the target has newer copies of all, nothing is put, and they are gone from the source."""
    old = letter(1)
    source, target = filled(old), Target()
    MemoryStore.put_many(target, [structs.replace(old, replay_count=1)])
    assert move(source, target) == ([old.id], None)
    assert (ids(source), target.puts, target.get(old.id).replay_count) == ([], 0, 1)
