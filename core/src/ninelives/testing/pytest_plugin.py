"""Fixtures that come with the package; pytest finds them by itself."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import suppress
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from ninelives.testing.clock import FakeClock
    from ninelives.testing.instantly import Instant

__all__ = ["fake_clock", "instant"]


@pytest.fixture
def instant() -> Iterator[Instant]:
    """`ninelives.testing.instant` for one test: no waits, letters in memory, alerts recorded."""
    from ninelives.testing.instantly import instant as world

    with world() as made:
        yield made


@pytest.fixture
def fake_clock() -> FakeClock:
    """A `ninelives.testing.FakeClock`."""
    from ninelives.testing.clock import FakeClock

    return FakeClock()


@pytest.fixture(autouse=True)
def _reset_named_circuits() -> Iterator[None]:
    """What one test did to a circuit that has a name must not reach the next."""
    before = _names()
    yield
    after = _names()
    if after:
        circuits = sys.modules["ninelives.circuits"].default_circuits()
        circuits.reset()
        circuits.forget(after - before)


@pytest.fixture(autouse=True)
def _forget_alerts() -> Iterator[None]:
    """What one test was told must not be what the next is told no more: its failures are the first of their kind."""
    yield
    with suppress(KeyError):  # nothing has been told yet
        sys.modules["ninelives.notifications.dispatch.center"].default_center().forget()


def _names() -> set[str]:
    module = sys.modules.get("ninelives.circuits")
    return set() if module is None else set(module.default_circuits().names())
