"""Replaying by itself leaves alone what was masked when it was written."""

from __future__ import annotations

from ninelives.dead_letters.letter import LetterFilter


def test_a_masked_letter_is_left_alone(make, service, store, ends, outage):
    """What an outage left behind is replayed, but for what is masked."""
    pipeline = make(dead_letter={"store": store, "replay": "on_recovery", "rate": 1000, "redact": ["args[0].phone"]})
    pipeline.try_run(service, {"phone": "+1 555 123 0000"})
    outage(pipeline, service, 2)
    pipeline.run(service, 7)
    assert (ends.wait().replayed, service.done) == (2, [7, 0, 1])
    (letter,) = store.browse(LetterFilter(), limit=2).letters
    assert (letter.redacted, letter.replay_count) == (("args[0].phone",), 0)
