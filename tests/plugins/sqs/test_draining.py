"""Letters that come home to SQS from their fallback."""

from __future__ import annotations

import pytest

from ninelives import DeadLetterQueue, StoreError
from ninelives.dead_letters.letter import LetterFilter
from ninelives.dead_letters.memory import MemoryStore
from ninelives.plugins import Plugins
from ninelives.testing.contracts.letters import letter


def test_they_come_in_batches_of_ten(stubbed):
    """Draining 25 letters costs three requests, and one that asks how large a message may be."""
    store, client = stubbed()
    fallback = MemoryStore()
    fallback.put_many(letter(number) for number in range(25))
    queue = DeadLetterQueue(store=store, fallback=fallback, plugins=Plugins())
    assert queue.drain() == 25
    batches = client.requests("send_message_batch")
    assert [len(batch["Entries"]) for batch in batches] == [10, 10, 5]
    assert len(client.asked) == 4
    assert fallback.count() == 0


def test_of_a_batch_that_failed_in_part_the_rest_stays(stubbed):
    """What SQS refuses of a batch stays in the fallback; what it has taken is gone from there, and not sent twice."""

    def half(request):
        good, bad = request["Entries"][:6], request["Entries"][6:]
        refused = [{"Id": one["Id"], "Code": "Throttled", "SenderFault": False} for one in bad]
        return {"Successful": [{"Id": one["Id"]} for one in good], "Failed": refused}

    store, client = stubbed(send_message_batch=[half, half])
    fallback = MemoryStore()
    letters = [letter(number) for number in range(10)]
    fallback.put_many(letters)
    queue = DeadLetterQueue(store=store, fallback=fallback, plugins=Plugins())
    with pytest.raises(StoreError, match=r"^6 letters came home"):
        queue.drain()
    stays = fallback.browse(LetterFilter(), limit=99).letters
    assert [one.id for one in stays] == [one.id for one in letters[6:]]
    assert queue.drain() == 4
    assert fallback.count() == 0
    sent = [entry["MessageBody"] for batch in client.requests("send_message_batch") for entry in batch["Entries"]]
    assert len(sent) == 10 + 4
