"""What a letter masks is not said by what else is told of the call's failure: its event and its alert."""

from __future__ import annotations

import pytest

from ninelives import DeadLetterQueue
from ninelives.dead_letters.paths import set_path
from ninelives.dead_letters.put_back import masked_again
from ninelives.events import CallFailed
from ninelives.testing import RecordingChannel

PHONE = "tom-the-cat"  # no pattern finds it


class Ring:
    """A service that fails, and says whom it was to ring."""

    def __call__(self, phone):
        raise ConnectionError(f"no answer from {phone}")


@pytest.fixture
def world(shop):
    """Makes pipelines of the shop that notify, and knows what was told."""

    class World:
        channel = RecordingChannel()

        def pipeline(self, **options):
            notify = {"channels": [self.channel]}
            options = {"dead_letter": {"store": "memory:", "redact": ["kwargs.phone"]}, **options}
            return shop.pipeline(backoff=False, breaker=False, notify=notify, **options)

        def errors(self):
            """What the last event and the last alert say."""
            event = shop.events.of(CallFailed)[-1]
            return event.error_message, self.channel.notifications[-1].details["error"]["message"]

    return World()


def put_back(pipeline):
    (shown,) = pipeline["dead_letter"].receive_from_dlq()
    edited = (
        pipeline["dead_letter"]
        .desk()
        .edit(shown["message_id"], lambda payload: set_path(payload, shown["redacted"][0], PHONE))
    )
    return edited.id


@pytest.mark.parametrize("masked", [True, False])
def test_the_event_and_the_alert(world, masked):
    """They say the error's text without the values that the letter masks; of one that masks none, as it is."""
    pipeline = world.pipeline(dead_letter={"store": "memory:", "redact": ["kwargs.phone"] if masked else []})
    pipeline.try_run(Ring(), PHONE)
    assert world.errors() == (f"no answer from {'***' if masked else PHONE}",) * 2
    assert world.channel.notifications[-1].letter_id is not None


@pytest.mark.parametrize(
    ("argument", "lacks"),
    [
        (PHONE, "args[0], masked when it was written: put it back by an edit before the replay"),
        ([object()], "args[0][0], which could not be kept: put it back by an edit before the replay"),
        (7, None),
    ],
)
def test_what_the_letter_lacks(world, argument, lacks):
    """The alert says what the letter can't be replayed without: what was masked, or what could not be kept."""
    paths = ["kwargs.phone"] if argument == PHONE else []
    world.pipeline(dead_letter={"store": "memory:", "redact": paths}).try_run(Ring(), argument)
    assert world.channel.notifications[-1].details["letter"].get("lacks") == lacks


async def test_of_an_asynchronous_call(world):
    """Those of an asynchronous call do too."""

    async def ring(phone):
        Ring()(phone)

    await world.pipeline().atry_run(ring, phone=PHONE)
    assert world.errors() == ("no answer from ***",) * 2


def test_of_a_replay(world, shop):
    """Those of a replay that fails again do not say what was put back."""
    pipeline, ring = world.pipeline(), Ring()
    pipeline.using(operation="ring").try_run(ring, PHONE)
    put_back(pipeline)
    shop.clock.advance(300)
    assert pipeline.replay().failed == 1
    pipeline["notify"].flush()
    assert len(world.channel.notifications) == 2
    assert world.errors() == ("no answer from ***",) * 2


@pytest.mark.parametrize(
    "moved",
    [
        {"args": [], "kwargs": {"phone": PHONE}},
        {"args": ["Tim", PHONE], "kwargs": {}},
        {"args": [{"$type": "tuple", "value": [PHONE]}], "kwargs": {}},
    ],
)
def test_wherever_it_was_put_back(world, moved):
    """Nor does the new error where an edit has moved it, nor the report, nor what is shown of the letter."""

    def ring(phone, *more):
        raise ConnectionError(f"no answer from {phone}, {more}")

    pipeline = world.pipeline()
    pipeline.using(operation="ring").try_run(ring, PHONE)
    desk = pipeline["dead_letter"].desk()
    letter = desk.edit(pipeline["dead_letter"].receive_from_dlq()[0]["message_id"], lambda _payload: moved)
    assert letter.replayable
    report = pipeline.replay()
    assert (report.failed, PHONE in repr(report)) == (1, False)
    letter = desk.get(letter.id)
    assert "no answer from" in letter.error.message
    assert PHONE not in repr(letter.error)
    assert PHONE not in repr(masked_again(letter))
    assert PHONE in repr(letter)


def test_an_edit_where_nothing_was_masked(world):
    """What is edited in a letter of which nothing was masked is shown as it is."""
    pipeline = world.pipeline(dead_letter={"store": "memory:", "redact": []})
    pipeline.using(operation="ring").try_run(Ring(), "Tim")
    desk = pipeline["dead_letter"].desk()
    shown = pipeline["dead_letter"].receive_from_dlq()[0]["message_id"]
    letter = desk.edit(shown, lambda payload: set_path(payload, "args[0]", "Tom"))
    assert masked_again(letter) == letter


def test_what_can_not_be_decoded(world, caplog):
    """Nor does the reason why a letter can't be decoded: neither in the replay's report nor in the log."""

    def decode(value):
        raise ValueError(f"what is {value}?")

    options = {"store": "memory:", "redact": ["kwargs.phone", "message"], "decode": decode}
    custom = {"$type": "custom", "value": PHONE}
    pipeline, ring = world.pipeline(dead_letter=options), Ring()
    pipeline.using(operation="ring").try_run(ring, 7)
    queue = DeadLetterQueue(reprocessor=print, **options)
    queue.send_to_dlq(7)
    for one, path in ((pipeline["dead_letter"], "args[0]"), (queue, "message")):
        (shown,) = one.receive_from_dlq()
        one.desk().edit(shown["message_id"], lambda payload, path=path: set_path(payload, path, custom))
    (reason,) = pipeline.replay().reasons.values()
    assert reason == "its payload can't be decoded: builtins.ValueError: what is ***?"
    assert not queue.reprocess_message(shown["message_id"])
    assert reason in caplog.text
    assert PHONE not in caplog.text


def test_of_a_message_that_is_run_again(world):
    """Nor do those of a pipeline's call that a queue's reprocessor makes with a message that was put back."""
    queue = DeadLetterQueue(
        store="memory:",
        redact=["message"],
        fingerprint=lambda error: f"{error}",
        reprocessor=lambda message: pipeline.run(Ring(), message),
    )
    pipeline = world.pipeline(dead_letter=queue)
    queue.send_to_dlq(PHONE)
    assert not queue.reprocess_message(put_back(pipeline))
    assert world.errors() == ("no answer from ***",) * 2
    assert world.channel.notifications[-1].key == "shop:builtins.ConnectionError:no answer from ***"


def test_of_a_letter_that_could_not_be_made(world, monkeypatch):
    """Where nobody can tell what would have been masked, nothing of the error's text is said."""

    def broken(maker, call, error):
        raise RuntimeError("broken")

    monkeypatch.setattr("ninelives.dead_letters.making.LetterMaker._whole", broken)
    world.pipeline().try_run(Ring(), PHONE)
    assert world.errors() == ("***", "***")
