"""What the tests of the log plugin share."""

from __future__ import annotations

import logging

import pytest
import structlog


@pytest.fixture(autouse=True)
def _unconfigured():
    structlog.reset_defaults()
    yield
    structlog.reset_defaults()


@pytest.fixture
def logged(caplog):
    caplog.set_level(logging.DEBUG, "ninelives")
    return caplog
