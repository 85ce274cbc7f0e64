"""What most tests of pipelines need: one that waits for nothing and keeps its letters in memory."""

from __future__ import annotations

from random import Random

import pytest

from ninelives import Circuits, Pipeline
from ninelives.settings import load_settings
from ninelives.testing import FakeClock, RecordingListener


class Shop:
    """Makes pipelines that share a clock and a listener."""

    def __init__(self) -> None:
        self.clock = FakeClock()
        self.events = RecordingListener()
        self.circuits = Circuits()

    def pipeline(self, name="shop", *, listeners=(), **options):
        if options.get("chain") is None:
            options.setdefault("notify", False)
            options.setdefault("dead_letter", {"store": "memory:"})
        settings = options.pop("settings", None) or load_settings(environ={})
        return Pipeline(
            name,
            clock=options.pop("clock", self.clock),
            circuits=self.circuits,
            random=Random(9),
            settings=settings,
            listeners=[self.events, *listeners],
            **options,
        )

    @staticmethod
    def letters(pipeline):
        return pipeline["dead_letter"].receive_from_dlq(1000)


@pytest.fixture
def shop(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return Shop()
