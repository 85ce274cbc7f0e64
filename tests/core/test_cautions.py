"""Warnings point at the program's own line."""

from __future__ import annotations

import pytest

import ninelives
from ninelives import CircuitBreaker, Circuits, ConfigurationWarning


def test_a_warning_points_at_the_line_of_the_program():
    """However many lines of ours are between, a warning names the file that gave the value."""
    circuits = Circuits()
    CircuitBreaker(3, name="cautions", circuits=circuits)
    with pytest.warns(ConfigurationWarning) as caught:
        CircuitBreaker(4, name="cautions", circuits=circuits)
    assert [warning.filename for warning in caught] == [__file__]


def test_so_does_one_that_comes_from_deeper(tmp_path, monkeypatch):
    """Also where the value is missing, and found missing far below."""
    monkeypatch.chdir(tmp_path)
    for name in ("DLQ_QUEUE_URL", "DLQ_LOCAL_FILE_PATH"):
        monkeypatch.delenv(name, raising=False)
    with pytest.warns(ConfigurationWarning) as caught:
        ninelives.DeadLetterQueue()
    assert [warning.filename for warning in caught] == [__file__]
