"""Conformance suites: a plugin's test is a class that inherits one of these and overrides one fixture."""

from __future__ import annotations

from ninelives.testing.contracts.channel import ChannelContract
from ninelives.testing.contracts.middleware import MiddlewareContract
from ninelives.testing.contracts.store import StoreContract

__all__ = ["ChannelContract", "MiddlewareContract", "StoreContract"]
