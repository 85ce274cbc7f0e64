"""What the tests of the channel sns: share."""

from __future__ import annotations

import pytest

from ninelives.address import Address
from ninelives_sns.factory import sns_channel

TOPIC = "arn:aws:sns:us-east-1:123456789012:admins"
PATIENT = "connect_timeout=30&read_timeout=30"  # for a machine with much to do


@pytest.fixture
def made():
    """Makes channels, and closes them at the end."""
    channels = []

    def make(endpoint, topic=TOPIC, options=""):
        channels.append(sns_channel(Address.parse(f"sns:{topic}?endpoint={endpoint}&{PATIENT}{options}")))
        return channels[-1]

    yield make
    for channel in channels:
        channel.close()


@pytest.fixture
def topic(aws):
    """A topic of the server's."""
    return aws.client("sns").create_topic(Name="admins")["TopicArn"]
