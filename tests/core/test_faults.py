"""Saying that a part of the failure path has failed itself."""

from __future__ import annotations

import io
import logging
import sys

import pytest

from ninelives.faults import log_fault, never_raises


def test_a_fault_is_logged_with_its_masked_traceback(caplog):
    """The log has what happened to what, at its level, and the fault's traceback without its secrets."""
    log_fault("warning", "listener %s has failed", "tell", fault=ValueError("password=hunter2"))
    assert caplog.record_tuples == [
        ("ninelives", logging.WARNING, "listener tell has failed\nValueError: password=***")
    ]


@pytest.mark.parametrize("missing", ["logging", "ninelives.redaction"])
def test_where_nothing_can_be_imported_stderr_has_it(monkeypatch, missing):
    """While the interpreter ends, stderr has it, without what the fault says: nothing could mask that."""
    stderr = io.StringIO()
    monkeypatch.setattr(sys, "stderr", stderr)
    monkeypatch.setitem(sys.modules, missing, None)
    log_fault("error", "listener %s has failed", "tell", fault=ValueError("password=hunter2"))
    assert stderr.getvalue() == "ninelives: listener tell has failed: builtins.ValueError\n"


def test_a_fault_that_nobody_can_be_told_of_is_swallowed(monkeypatch):
    """Neither log nor stderr: then the call's own error is all that comes out."""
    monkeypatch.setattr(sys, "stderr", None)
    monkeypatch.setitem(sys.modules, "logging", None)
    log_fault("error", "it has failed", fault=ValueError("no"))


def test_what_is_done_beside_a_call_raises_no_exception(caplog):
    """Its fault is logged; what ends the program goes on."""

    @never_raises("it could not be told")
    def tell(error):
        raise error

    tell(OSError("no"))
    assert "it could not be told\n" in caplog.text
    with pytest.raises(KeyboardInterrupt):
        tell(KeyboardInterrupt())
