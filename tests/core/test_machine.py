"""Which machine this is."""

from __future__ import annotations

import os

from ninelives.machine import hostname


def test_the_hosts_name_is_known_everywhere(monkeypatch):
    """Where there is no `uname`, as on Windows, the environment names the machine."""
    monkeypatch.delattr(os, "uname")
    monkeypatch.setenv("COMPUTERNAME", "BOX")
    assert hostname.__wrapped__() == "BOX"
