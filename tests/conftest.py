"""What holds for all tests, however they were started and in whatever order: signals that they send, names to mask."""

from __future__ import annotations

import signal

import pytest

from ninelives import masked_keys


def heed(number: signal.Signals, handler: object) -> None:
    """Have a signal heeded that was ignored when the tests began, as by ``nohup`` or ``&`` in a script.

    What tests start would ignore it as well, and then wait for ever. With any handler here it is the default there.
    """
    if signal.getsignal(number) is signal.SIG_IGN:
        signal.signal(number, handler)


heed(signal.SIGINT, signal.default_int_handler)
heed(signal.SIGHUP, lambda *_: None)

# In the directory that the tests are started in: else the first that masks something would read what lies in its own.
masked_keys.learn()


@pytest.fixture
def nothing_learned(monkeypatch):
    """No names of keys are added, as in a process that has just begun; what a test adds ends with it."""
    monkeypatch.setattr(masked_keys, "_names", frozenset())
    monkeypatch.setattr(masked_keys, "_pattern", None)
    monkeypatch.setattr(masked_keys, "_has_learned", False)
