"""What the tests of the channel sms: share."""

from __future__ import annotations

import pytest

from ninelives.address import Address
from ninelives_sms.factory import sms_channel

PATIENT = "connect_timeout=30&read_timeout=30"  # for a machine with much to do


@pytest.fixture
def made():
    """Makes channels, and closes them at the end."""
    channels = []

    def make(endpoint, numbers="+15551230000", options=""):
        channels.append(sms_channel(Address.parse(f"sms:{numbers}?endpoint={endpoint}&{PATIENT}{options}")))
        return channels[-1]

    yield make
    for channel in channels:
        channel.close()
