"""For users' own tests, and for those of plugins: no waits, letters in memory, alerts recorded."""

from __future__ import annotations

from ninelives.testing.clock import FakeClock

__all__ = ["FakeClock"]
