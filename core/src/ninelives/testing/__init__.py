"""For users' own tests, and for those of plugins: no waits, letters in memory, alerts recorded."""

from __future__ import annotations

from ninelives.testing.clock import FakeClock
from ninelives.testing.instantly import Instant, instant
from ninelives.testing.proxy import FaultProxy
from ninelives.testing.recorders import RecordingChannel, RecordingListener

__all__ = ["FakeClock", "FaultProxy", "Instant", "RecordingChannel", "RecordingListener", "instant"]
