"""Receiving, and finding letters where nothing can be searched: what is asked of SQS, and that it is all given back."""

from __future__ import annotations

import pytest

from ninelives import LetterFilter, LetterNotFoundError, StoreError, UnsupportedError
from ninelives.testing.contracts.letters import letter
from ninelives_sqs.outgoing import message_of


class Shelf:
    """Messages that are delivered in their order, each once until it is given back; as a stub's answers."""

    def __init__(self, delivered, letters):
        self.waiting = [delivered(message_of(one).body, f"m{n}", f"r{n}") for n, one in enumerate(letters)]
        self.away = {}
        self.batches = []

    def receive(self, request):
        count = request["MaxNumberOfMessages"]
        taken, self.waiting = self.waiting[:count], self.waiting[count:]
        self.away |= {message["ReceiptHandle"]: message for message in taken}
        return {"Messages": taken} if taken else {}

    def hide(self, request):
        self.batches.append([(entry["ReceiptHandle"], entry["VisibilityTimeout"]) for entry in request["Entries"]])
        for entry in request["Entries"]:
            if entry["VisibilityTimeout"] == 0:
                self.waiting.append(self.away.pop(entry["ReceiptHandle"]))
        return {"Successful": [{"Id": entry["Id"]} for entry in request["Entries"]]}


@pytest.fixture
def shelved(stubbed, delivered):
    """Makes a store over a shelf with these letters, and gives both and the client."""

    def make(letters, **answers):
        shelf = Shelf(delivered, letters)
        hide = answers.pop("change_message_visibility_batch", shelf.hide)
        store, client = stubbed(receive_message=shelf.receive, change_message_visibility_batch=hide, **answers)
        return store, shelf, client

    return make


def letters(count, **fields):
    return [letter(number, **fields) for number in range(count)]


def counts(client):
    return [request["MaxNumberOfMessages"] for request in client.requests("receive_message")]


# --- receiving ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("there", "wanted", "asked"),
    [(0, 10, [10]), (3, 10, [10, 7]), (10, 10, [10]), (30, 11, [10, 1]), (30, 25, [10, 10, 5]), (5, 0, [])],
)
def test_ten_are_received_at_once(shelved, there, wanted, asked):
    """Ten letters come with one request; it is asked until there are enough, or no more."""
    store, _, client = shelved(letters(there))
    assert len(store.receive(wanted, lease=60)) == min(there, wanted)
    assert counts(client) == asked


def test_only_the_first_request_waits(shelved, make_store):
    """An empty queue is waited for; when something has come already, what else there is comes at once or not."""
    store, _, client = shelved(letters(12))
    store._wait = 7
    store.receive(20, lease=60)
    assert [request["WaitTimeSeconds"] for request in client.requests("receive_message")] == [7, 0, 0]


def test_parked_letters_go_back_and_are_not_asked_for_for_ever(shelved):
    """Parked letters that others have put there are given back; a queue full of them ends the search."""
    waiting = letter(5)
    store, shelf, client = shelved([*letters(3, state="parked"), waiting])
    assert [lease.letter for lease in store.receive(2, lease=60)] == [waiting]
    assert len(shelf.waiting) == 3
    store, shelf, client = shelved(letters(120, state="parked"))
    assert store.receive(10, lease=60) == []
    assert counts(client) == 10 * [10]
    assert len(shelf.waiting) == 120


def test_a_lease_of_nothing_ends_the_search(stubbed, delivered):
    """With a lease of 0 SQS gives the same messages again: that is noticed."""
    body = message_of(letter()).body
    store, client = stubbed(receive_message=lambda request: {"Messages": [delivered(body)]})
    assert len(store.receive(5, lease=0)) == 1
    assert counts(client) == [5, 4]


def test_what_has_been_claimed_is_not_lost_to_an_error(stubbed, delivered, refusal):
    """When a later request fails, what the first ones claimed is handed out, for nobody else would know of it."""
    first = {"Messages": [delivered(message_of(letter()).body)]}
    down = refusal("ServiceUnavailable", status=503)
    store, _ = stubbed(receive_message=[first, down, down])
    assert len(store.receive(5, lease=60)) == 1
    with pytest.raises(StoreError):
        store.receive(5, lease=60)


# --- browsing -------------------------------------------------------------------------------------------------------


def test_looking_stops_at_a_hundred(shelved):
    """Of a long queue a hundred messages are looked at, ten at a time, and all of them given back."""
    store, shelf, client = shelved(letters(130))
    page = store.browse(LetterFilter(), limit=500)
    assert (len(page.letters), page.cursor) == (100, None)
    assert counts(client) == 10 * [10]
    assert len(shelf.waiting) == 130
    assert [len(batch) for batch in shelf.batches] == 10 * [10]


@pytest.mark.parametrize(("limit", "asked"), [(3, [10]), (10, [10]), (11, [10, 10]), (0, []), (-1, [])])
def test_no_more_is_looked_at_than_is_wanted(shelved, limit, asked):
    """Every look raises a message's receive count: it is stopped when there are enough."""
    store, _, client = shelved(letters(40))
    assert len(store.browse(LetterFilter(), limit=limit).letters) == max(limit, 0)
    assert counts(client) == asked


def test_browsing_shows_what_matches_oldest_first(shelved):
    """The filter chooses among what was looked at; parked letters of others are shown too."""
    kept = letters(4)
    parked = letter(9, state="parked")
    store, _, _ = shelved([kept[2], letter(7, pipeline="shop"), parked, kept[0]])
    assert store.browse(LetterFilter(), limit=10).letters[0] == kept[0]
    assert [one.pipeline for one in store.browse(LetterFilter(pipeline="shop"), limit=10).letters] == ["shop"]
    assert store.browse(LetterFilter(state="parked"), limit=10).letters == (parked,)


def test_what_is_held_needs_no_look(shelved):
    """Letters that this store holds are shown without asking SQS."""
    store, _, client = shelved(letters(2))
    held = [lease.letter for lease in store.receive(2, lease=60)]
    client.asked.clear()
    assert store.browse(LetterFilter(), limit=2).letters == tuple(held)
    assert [store.get(one.id) for one in held] == held
    assert client.asked == []


def test_there_is_no_second_page(shelved):
    """A cursor is refused, since none was given."""
    store, _, _ = shelved([])
    with pytest.raises(StoreError, match="no second page"):
        store.browse(LetterFilter(), limit=1, cursor="x")


def test_a_message_that_comes_again_is_one(stubbed, delivered):
    """A look that takes long may meet a message again: it is shown once, and given back by its newest receipt."""
    body = message_of(letter()).body
    answers = [{"Messages": [delivered(body, receipt=f"r{number}")]} for number in range(2)]
    store, client = stubbed(receive_message=answers)
    assert len(store.browse(LetterFilter(), limit=10).letters) == 1
    (request,) = client.requests("change_message_visibility_batch")
    assert [entry["ReceiptHandle"] for entry in request["Entries"]] == ["r1"]


@pytest.mark.parametrize("hides", ["not at all", "in part"])
def test_what_can_not_be_given_back_comes_back_later(shelved, refusal, caplog, hides):
    """What fails in giving back does not hide what was found; the log says that some come back later."""
    failed = {"Failed": [{"Id": "0", "Code": "InternalError"}], "Successful": [{"Id": "1"}]}
    answer = refusal("ServiceUnavailable", status=503) if hides == "not at all" else failed
    store, _, _ = shelved(letters(2), change_message_visibility_batch=answer)
    assert len(store.browse(LetterFilter(), limit=10).letters) == 2
    (record,) = caplog.records
    assert "come back a little later" in record.getMessage()


def test_a_look_that_fails_gives_back_what_it_has(stubbed, delivered, refusal):
    """When SQS fails in the middle of a look, what was received is given back."""
    first = {"Messages": [delivered(message_of(letter()).body)]}
    store, client = stubbed(receive_message=[first, refusal("ServiceUnavailable", status=503)])
    with pytest.raises(StoreError):
        store.browse(LetterFilter(), limit=10)
    assert len(client.requests("change_message_visibility_batch")) == 1


# --- getting --------------------------------------------------------------------------------------------------------


def test_what_was_just_seen_needs_no_second_look(shelved, clock):
    """A letter that was shown within the last minute is given as it was; after that it is looked for."""
    store, _, client = shelved(letters(12))
    shown = store.browse(LetterFilter(), limit=12).letters
    client.asked.clear()
    clock.advance(59)
    assert store.get(shown[3].id) == shown[3]
    assert client.asked == []
    clock.advance(1)
    assert store.get(shown[3].id) == shown[3]
    assert len(client.requests("receive_message")) == 1


def test_what_is_gone_or_changed_is_not_remembered(shelved):
    """A letter that was ended, given back or put again is not shown as it was before."""
    (kept,) = letters(1)
    for end in (
        lambda store, lease: store.ack(lease),
        lambda store, lease: store.ack_many([lease]),
        lambda store, lease: store.release(lease),
        lambda store, lease: (store.release(lease), store.put(kept)),
    ):
        store, shelf, _ = shelved([kept])
        store.get(kept.id)
        (lease,) = store.receive(1, lease=60)
        end(store, lease)
        shelf.waiting.clear()
        with pytest.raises(LetterNotFoundError):
            store.get(kept.id)


def test_what_is_put_again_is_not_remembered(shelved):
    """Of letters that are put again, alone or together, what was seen before is no longer known."""
    (kept,) = letters(1)
    for put in (lambda store: store.put(kept), lambda store: store.put_many(iter([kept]))):
        store, shelf, _ = shelved([kept])
        store.get(kept.id)
        put(store)
        shelf.waiting.clear()
        with pytest.raises(LetterNotFoundError):
            store.get(kept.id)


def test_what_may_be_gone_is_not_remembered(shelved, refusal):
    """When not all of several letters could be deleted, none of them is shown as it was before."""
    (kept,) = letters(1)
    store, _, _ = shelved([kept], delete_message_batch=refusal("ServiceUnavailable", status=503))
    store.get(kept.id)
    (lease,) = store.receive(1, lease=0)
    with pytest.raises(StoreError):
        store.ack_many([lease])
    with pytest.raises(LetterNotFoundError):
        store.get(kept.id)


def test_not_found_says_how_many_were_looked_at(shelved):
    """The error says how many messages were looked at, why that may not be all, and what works instead."""
    store, shelf, _ = shelved(letters(130))
    with pytest.raises(LetterNotFoundError, match=r"not among the 100 messages .* held by someone else.*replay\(\)"):
        store.get("none")
    with pytest.raises(LetterNotFoundError, match="100 messages"):
        store.claim(["none"], lease=60)
    assert len(shelf.waiting) == 130


def test_only_so_many_are_remembered(shelved):
    """However much is looked at, the letters of one look are remembered and no more."""
    store, _, _ = shelved(letters(250))
    for _ in range(3):
        store.browse(LetterFilter(), limit=100)
    assert len(store._seen._letters) == 100


# --- claiming -------------------------------------------------------------------------------------------------------


def test_a_claim_keeps_what_it_wants_and_no_more(shelved):
    """The look stops at the letters that are wanted; they are held for the lease, the others given back."""
    kept = letters(30)
    store, shelf, client = shelved(kept)
    leases = store.claim([kept[12].id, kept[1].id, kept[12].id], lease=300)
    assert [lease.letter for lease in leases] == [kept[12], kept[1]]
    assert counts(client) == [10, 10]
    assert shelf.batches[0] == [("r12", 300), ("r1", 300)]
    assert shelf.away.keys() == {"r1", "r12"}


def test_a_look_hides_for_a_minute_only(shelved):
    """A program that is killed while it looks hides nothing for as long as the lease."""
    kept = letters(3)
    store, _, client = shelved(kept)
    store.claim([kept[0].id], lease=43_200)
    assert {request["VisibilityTimeout"] for request in client.requests("receive_message")} == {60}


def test_many_are_claimed_ten_at_a_time(shelved):
    """Eleven claims are held with two requests; none with none."""
    kept = letters(11)
    store, shelf, client = shelved(kept)
    assert store.claim([], lease=60) == []
    assert counts(client) == []
    assert len(store.claim([one.id for one in kept], lease=60)) == 11
    assert [len(batch) for batch in shelf.batches] == [10, 1]


@pytest.mark.parametrize(("sender", "transient"), [(True, False), (False, True)])
def test_a_claim_that_fails_holds_nothing(shelved, sender, transient):
    """When one of the letters can't be held, none is: all are given back."""
    kept = letters(3)
    failed = [{"Id": "1", "Code": "Odd", "SenderFault": sender}]
    store, shelf, client = shelved(kept)
    client.answers["change_message_visibility_batch"] = [
        {"Successful": [{"Id": "0"}], "Failed": failed},
        shelf.hide,
    ]
    with pytest.raises(StoreError, match=f"{kept[1].id} can't be claimed: Odd") as caught:
        store.claim([one.id for one in kept[:2]], lease=60)
    assert caught.value.transient is transient
    assert len(shelf.waiting) == 3


# --- counting -------------------------------------------------------------------------------------------------------


def test_a_count_is_about_all(stubbed):
    """Waiting, held and delayed messages are counted, as far as SQS knows."""
    said = {"ApproximateNumberOfMessages": "5", "ApproximateNumberOfMessagesNotVisible": "2"}
    store, _ = stubbed(get_queue_attributes={"Attributes": {**said, "ApproximateNumberOfMessagesDelayed": "1"}})
    assert store.count() == store.count(LetterFilter()) == 8


def test_only_some_can_not_be_counted(stubbed):
    """A filter is refused, with what works instead, and nothing is asked."""
    store, client = stubbed()
    with pytest.raises(UnsupportedError, match=r"SQS has no search: .* how many there are in all"):
        store.count(LetterFilter(pipeline="shop"))
    assert client.asked == []
