"""A letter with masked values is not run as it is: they are put back first, by an edit."""

from __future__ import annotations

import json
import logging

import pytest

from ninelives import DeadLetterQueue, LetterFilter
from ninelives.dead_letters.desk import Desk
from ninelives.dead_letters.letter import encode_letter
from ninelives.dead_letters.memory import MemoryStore
from ninelives.dead_letters.paths import get_path, set_path
from ninelives.dead_letters.put_back import masked_again, masked_in
from ninelives.errors import StoreError
from ninelives.testing.contracts.letters import letter as make
from ninelives_file import FileStore

PHONE = "+1 555 123 0000"
PATHS = ["kwargs.user.phone", "args[0]", "message.to"]


class Phone:
    """The service: what it was called with; it fails while it is down."""

    def __init__(self):
        self.down = True
        self.rung = []

    def __call__(self, *args, **kwargs):
        if self.down:
            raise ConnectionError(f"no answer from {kwargs['user']['phone']}")
        self.rung.append((args, kwargs))


@pytest.fixture
def phone():
    return Phone()


@pytest.fixture
def pipeline(shop, phone):
    options = {"store": "memory:", "redact": PATHS}
    pipeline = shop.pipeline(backoff=False, breaker=False, dead_letter=options)
    pipeline.using(operation="ring").try_run(phone, "secret", 7, user={"phone": PHONE, "name": "Tom"})
    yield pipeline
    pipeline.close()


def only(pipeline):
    (shown,) = pipeline["dead_letter"].receive_from_dlq()
    return pipeline["dead_letter"].desk().get(shown["message_id"])


def edit(pipeline, **values):
    def put_back(payload):
        for path, value in {"phone": "kwargs.user.phone", "first": "args[0]"}.items():
            if path in values:
                payload = set_path(payload, value, values[path])
        return payload

    return pipeline["dead_letter"].desk().edit(only(pipeline).id, put_back)


def test_a_masked_letter_is_not_replayed(pipeline, phone):
    """A replay leaves it as it is and names it, with what was masked and what to do; a dry run says the same."""
    phone.down = False
    before = only(pipeline)
    for report in (pipeline.replay(dry_run=True), pipeline.replay(), pipeline.replay(before.id)):
        assert (report.skipped, report.replayed, report.ok) == (1, 0, False)
        assert report.reasons == {
            before.id: "its payload lacks args[0], kwargs.user.phone, masked when it was written: put it back with "
            f"ninelives dlq edit {before.id} --set PATH=VALUE"
        }
    assert phone.rung == []
    assert only(pipeline) == before


async def test_likewise_without_blocking(pipeline, phone):
    """`areplay` leaves it too."""
    phone.down = False
    report = await pipeline.areplay()
    assert (report.skipped, report.replayed) == (1, 0)


def test_what_is_put_back_can_be_replayed(pipeline, phone):
    """Each path that is edited goes from the list; when none is left the letter is run with what was put back."""
    letter = edit(pipeline, phone=PHONE)
    assert (letter.redacted, letter.replayable) == (("args[0]",), False)
    assert pipeline.replay().skipped == 1
    letter = edit(pipeline, first="secret")
    assert (letter.redacted, letter.replayable) == ((), True)
    assert letter.original == {"args": ["***", 7], "kwargs": {"user": {"phone": "***", "name": "Tom"}}}
    phone.down = False
    assert pipeline.replay().replayed == 1
    assert phone.rung == [(("secret", 7), {"user": {"phone": PHONE, "name": "Tom"}})]


def test_what_was_put_back_is_not_told_by_the_next_error(pipeline):
    """A replay that fails keeps what was put back, and masks it in what is said of the new error."""
    edit(pipeline, phone=PHONE, first="secret")
    assert pipeline.replay().failed == 1
    letter = only(pipeline)
    assert get_path({"args": letter.args, "kwargs": letter.kwargs}, "kwargs.user.phone") == PHONE
    assert letter.replay_count == 1
    assert letter.error.message == letter.attempts[-1].message == "no answer from ***"
    assert PHONE not in letter.error.traceback


def test_where_nobody_can_tell_what_was_masked(monkeypatch, pipeline):
    """Where it can't be told what was put back, the new error's words are not kept."""

    def broken(letter):
        raise RuntimeError("broken")

    edit(pipeline, phone=PHONE, first="secret")
    monkeypatch.setattr("ninelives.dead_letters.put_back._put_back", broken)
    assert pipeline.replay().failed == 1
    assert only(pipeline).error.message == "***"


@pytest.mark.parametrize("kind", ["dict", "tuple", "custom", "set"])
def test_what_someone_else_wrote_is_survived(kind):
    """A letter whose parts are not what their tags say, or are nested without end, has no masked values there."""
    deep = "***"
    for _ in range(500):
        deep = [deep]
    odd = {"args": [{"$type": kind, "value": 7}, deep], "kwargs": {"a": "***"}}
    assert list(masked_in(odd)) == ["kwargs.a"]
    letter = masked_again(make(args=[1], kwargs={"a": 7, "b": 8}, original=odd))
    assert (letter.args, letter.kwargs) == ([1], {"a": "***", "b": 8})
    message = make(message={"a": 7}, original={"message": {"a": "***", "gone": "***"}})
    assert masked_again(message).message == {"a": "***"}
    endless = "***"
    for _ in range(2_000):
        endless = [endless]
    letter = make(args=["Tom", endless], kwargs={}, original={"args": ["***", endless], "kwargs": {}})
    assert (letter := masked_again(letter)).args == letter.kwargs == "***"


def test_parts_that_are_gone_are_put_back_by_nobody(pipeline):
    """A masked part that an edit removes is masked no more."""

    def without(payload):
        return {"args": payload["args"][1:], "kwargs": {"user": {"phone": "*"}}}

    letter = pipeline["dead_letter"].desk().edit(only(pipeline).id, without)
    assert (letter.redacted, letter.replayable) == ((), True)
    assert pipeline.replay().failed == 1


def test_a_mask_that_moves_stays_one(pipeline):
    """What is masked at another place of a list after an edit is still masked."""

    def moved(payload):
        return payload | {"args": [0, *payload["args"]]}

    letter = pipeline["dead_letter"].desk().edit(only(pipeline).id, moved)
    assert sorted(letter.redacted) == ["args[1]", "kwargs.user.phone"]
    assert not letter.replayable


def test_a_mask_that_the_program_gave_is_none(shop, phone):
    """Three asterisks that were there of themselves are no mask, whatever is edited beside them."""
    options = {"store": "memory:", "redact": ["kwargs.user.phone"]}
    pipeline = shop.pipeline(backoff=False, breaker=False, dead_letter=options)
    pipeline.try_run(phone, "***", user={"phone": PHONE})
    desk = pipeline["dead_letter"].desk()
    letter = desk.edit(only(pipeline).id, lambda payload: {"args": ["***", 1], "kwargs": {"user": {"phone": "1"}}})
    assert (letter.redacted, letter.replayable) == ((), True)


def test_what_else_is_edited_puts_nothing_back(pipeline):
    """An edit of another part leaves the list as it is."""
    desk = pipeline["dead_letter"].desk()
    letter = desk.edit(only(pipeline).id, lambda payload: set_path(payload, "kwargs.user.name", "Tim"))
    assert letter.redacted == ("args[0]", "kwargs.user.phone")


def test_what_could_not_be_held_is_put_back_too(shop, phone):
    """An object that was masked whole, because only its `repr` was kept, is replaced like any other value."""
    options = {"store": "memory:", "redact": ["args[0].phone"]}
    pipeline = shop.pipeline(backoff=False, breaker=False, dead_letter=options)
    pipeline.try_run(phone, object(), user={"phone": PHONE})
    assert only(pipeline).redacted == ("args[0]",)
    letter = edit(pipeline, first=1)
    assert (letter.redacted, letter.unserialisable, letter.replayable) == ((), (), True)


@pytest.mark.parametrize("asynchronous", [False, True])
async def test_a_reprocessor_does_not_run_it_either(caplog, asynchronous):
    """`reprocess_message` is False and the log says why; a message that was put back is run."""
    done = []
    queue = DeadLetterQueue(store="memory:", redact=PATHS, reprocessor=done.append)
    letter_id = queue.send_to_dlq({"to": PHONE})

    async def reprocessed():
        return await queue.areprocess_message(letter_id) if asynchronous else queue.reprocess_message(letter_id)

    with caplog.at_level(logging.WARNING, "ninelives"):
        assert not await reprocessed()
    assert (
        f"letter {letter_id} was not run again: its payload lacks message.to, masked when it was written" in caplog.text
    )
    assert [item["redacted"] for item in queue.receive_from_dlq()] == [["message.to"]]
    queue.desk().edit(letter_id, lambda payload: set_path(payload, "message.to", PHONE))
    assert await reprocessed()
    assert done == [{"to": PHONE}]


class Down(MemoryStore):
    def put(self, letter):
        raise StoreError("down")

    put_many = put


@pytest.mark.parametrize("fallback", [True, False])
def test_no_store_sees_it(shop, phone, tmp_path, capsys, fallback):
    """It is masked in the fallback, on stderr when that fails too, and when it is exported and imported again."""
    refuge = FileStore(tmp_path / "refuge.json") if fallback else Down()
    options = {"store": Down(), "fallback": refuge, "redact": PATHS}
    pipeline = shop.pipeline(backoff=False, breaker=False, dead_letter=options)
    pipeline.try_run(phone, user={"phone": PHONE})
    pipeline.close()
    err = capsys.readouterr().err
    if not fallback:
        record = json.loads(err.splitlines()[0])
        assert (record["kwargs"], record["redacted"]) == ({"user": {"phone": "***"}}, ["kwargs.user.phone"])
    else:
        (one,) = refuge.browse(LetterFilter(), limit=2).letters
        assert PHONE.encode() not in encode_letter(one)
        assert PHONE not in (tmp_path / "refuge.json").read_text()
        exported = list(Desk.at(refuge).export())
        with Desk.at("memory:imported") as other:
            assert other.import_lines(exported).imported == 1
            assert other.get(one.id).redacted == ("kwargs.user.phone",)
    assert PHONE not in err


def test_events_say_nothing_of_it(shop, pipeline):
    """The events of a letter carry ids and reasons, and none of the payload."""
    edit(pipeline, phone=PHONE, first="secret")
    pipeline.replay()
    told = [
        event for event in shop.events.recorded if getattr(event, "letter_id", None) and event.name != "call_failed"
    ]
    assert {event.name for event in told} >= {"letter_stored", "letter_changed", "replay_failed"}
    assert not any(PHONE in repr(event) for event in told)
