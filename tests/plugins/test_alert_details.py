"""Details that can't be shown: sent all the same by every channel, bounded, with a placeholder in their place."""

from __future__ import annotations

import email
import email.policy
import logging
import sys
from collections.abc import Mapping
from itertools import count
from types import SimpleNamespace

import pytest

from ninelives import AdminNotifier

PHONE = "+15551230000"
PATIENT = "connect_timeout=30&read_timeout=30"  # for a machine with much to do


class Unspeakable:
    """Can't be shown."""

    def __repr__(self):
        raise RuntimeError("no words")


class Vast(Mapping):
    """Has more than anybody could send."""

    def __len__(self):
        return sys.maxsize

    def __iter__(self):
        return map(str, count())

    def __getitem__(self, key):
        return "x" * 100


def cyclic():
    details = {"name": "shop"}
    details["itself"] = [details]
    return details


def deep():
    details = {"bottom": True}
    for _ in range(100_000):
        details = {"further": details}
    return details


DETAILS = {
    "no JSON": (
        {"name": "shop", "what": object(), 7: {1j}, "bytes": b"\xff", "nan": float("nan")},
        "what: <object object",
    ),
    "contains itself": (cyclic(), "itself[0]: <contains itself>"),
    "can't be shown": ({"name": "shop", "what": Unspeakable()}, "what: <Unspeakable: its repr() raised"),
    "an error that can't": ({"name": "shop", "what": Exception(Unspeakable())}, "its str() raised"),
    "a name that can't": ({"name": "shop", Unspeakable(): 1}, "<Unspeakable: its repr() raised"),
    "very deep": ({"name": "shop", "what": deep()}, "further: <too deep>"),
    "very long": ({"name": "shop", "what": "x" * 10_000_000}, "… (10000000 characters)"),
    "very many": (
        {"name": "shop", "what": dict.fromkeys(map(str, range(200_000)), "x")},
        "what.<more>: <200000 in all>",
    ),
    "without end": ({"name": "shop", "what": Vast()}, "in all>"),
    "half a character": ({"name": "shop", "what": "\ud800"}, "what: \\ud800"),
    "no mapping": (["shop", Unspeakable()], "<Unspeakable: its repr() raised"),
}
"""By kind, the details, and what stands there instead of what can't."""


@pytest.fixture
def everywhere(aws, mail, caplog):
    """A notifier of all channels, and what each of them was sent."""
    caplog.set_level(logging.DEBUG, "ninelives")
    topic = aws.client("sns").create_topic(Name="admins")["TopicArn"]
    endpoint = f"endpoint={aws.endpoint}&{PATIENT}"
    channels = ["log:", f"sns:{topic}?{endpoint}", f"sms:{PHONE}?{endpoint}", mail.address]
    notifier = AdminNotifier(channels=channels, timeout=30)

    def mails():
        return [email.message_from_bytes(one, policy=email.policy.default) for one in mail.mails]

    yield (
        notifier,
        SimpleNamespace(
            log=lambda: [record.getMessage() for record in caplog.records if "out of tune" in record.getMessage()],
            sns=lambda: [text for _, text, *_ in aws.sns.topics[topic].sent_notifications],
            sms=lambda: [text for _, text in aws.sns.sms_messages.values()],
            mail=lambda: [one.get_body(("plain",)).get_content() for one in mails()],
        ),
    )
    notifier.close()


@pytest.mark.parametrize("kind", DETAILS)
def test_sent_everywhere(everywhere, kind):
    """It is sent once by each channel, with the sentence, and with what of the details can be said."""
    notifier, sent = everywhere
    details, placeholder = DETAILS[kind]
    assert notifier.send_notification("The piano is out of tune", details)
    for channel in ("log", "sns", "sms", "mail"):
        (text,) = getattr(sent, channel)()
        assert "The piano is out of tune" in text, channel
        assert len(text.encode()) <= 262_144, channel
        assert channel == "sms" or "shop" in text, channel
        assert channel not in ("sns", "mail") or placeholder in text, channel
