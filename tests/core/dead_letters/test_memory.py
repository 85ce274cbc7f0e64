"""Letters in memory."""

from __future__ import annotations

import pytest

from ninelives import Address, ConfigurationError, LetterFilter, StoreError
from ninelives.checkable import Checkable
from ninelives.dead_letters.memory import MemoryStore
from ninelives.dead_letters.shared_memory import memory_store
from ninelives.testing.contracts import StoreContract
from ninelives.testing.contracts.letters import letter


class TestMemoryStore(StoreContract):
    """It keeps every promise of a store."""

    @pytest.fixture
    def store(self, clock):
        return MemoryStore(clock=clock)


def test_letters_are_copied_in_and_out():
    """What is done to a letter outside changes nothing in the store."""
    store = MemoryStore()
    given = letter(message={"to": ["Tom"]})
    store.put(given)
    given.message["to"].append("Ann")
    store.get(given.id).message.clear()
    (lease,) = store.receive(1, lease=60)
    lease.letter.message["to"].clear()
    store.browse(LetterFilter(), limit=1).letters[0].message.clear()
    assert store.get(given.id).message == {"to": ["Tom"]}


def test_a_check_says_how_long_they_last():
    """That they are gone with the program is said to whoever asks whether the store works."""
    store = MemoryStore()
    assert isinstance(store, Checkable)
    assert store.check(timeout=5) == "letters are kept in memory, until the program ends"
    assert store.count() == 0


def test_what_json_can_not_hold_is_refused():
    """A letter that no other store could keep is refused here too, and none of its batch is kept."""
    store = MemoryStore()
    with pytest.raises(StoreError, match="can't be kept") as caught:
        store.put_many([letter(1), letter(2, message=object())])
    assert not caught.value.transient
    assert store.count() == 0


def test_a_release_keeps_the_id():
    """A letter can't be given back as another one."""
    store = MemoryStore()
    store.put(letter(1))
    (lease,) = store.receive(1, lease=60)
    with pytest.raises(StoreError, match="can't become"):
        store.release(lease, letter(2))
    assert store.get(lease.letter.id) == lease.letter


def test_a_claim_names_a_letter_once():
    """An id that is given twice is claimed once."""
    store = MemoryStore()
    store.put(letter())
    (name,) = (one.id for one in store.browse(LetterFilter(), limit=9).letters)
    (lease,) = store.claim([name, name], lease=60)
    store.ack(lease)


@pytest.mark.parametrize("cursor", ["", "x", "soon/id", "5"])
def test_a_foreign_cursor_is_refused(cursor):
    """A cursor that no page has given is refused, with what is expected."""
    with pytest.raises(StoreError, match="one that browse"):
        MemoryStore().browse(LetterFilter(), limit=1, cursor=cursor)


def test_a_page_of_nothing_goes_nowhere():
    """A page of no letters leaves the cursor where it was."""
    store = MemoryStore()
    store.put_many([letter(1), letter(2)])
    first = store.browse(LetterFilter(), limit=1)
    assert store.browse(LetterFilter(), limit=0, cursor=first.cursor) == type(first)((), first.cursor)


def test_a_name_is_shared_in_the_process():
    """`memory:` is a store of its own each time; `memory:NAME` is the same store for all who name it."""
    shared = memory_store(Address.parse("memory:shared"))
    assert memory_store(Address.parse("memory:shared")) is shared
    assert memory_store(Address.parse("memory:other")) is not shared
    assert memory_store(Address.parse("memory:")) is not memory_store(Address.parse("memory:"))


def test_options_are_refused():
    """It has no options, and says so."""
    with pytest.raises(ConfigurationError, match="no options"):
        memory_store(Address.parse("memory:?size=5"))
