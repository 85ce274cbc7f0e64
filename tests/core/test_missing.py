"""What is said where a backend can't import what it needs."""

from __future__ import annotations

import pytest

from ninelives.dead_letters.memory import MemoryStore
from ninelives.dead_letters.places import Place, said_of
from ninelives.missing import install_advice
from ninelives.notifications.dispatch.together import deliver_directly
from ninelives.notifications.notification import Notification
from ninelives.notifications.outlet import Outlet
from ninelives.notifications.route import Destination, Route
from ninelives.testing import FakeClock
from ninelives.testing.recorders import RecordingChannel

MISSING = ModuleNotFoundError("No module named 'boto3'", name="boto3.session")


@pytest.mark.parametrize(
    ("error", "advice"),
    [
        (MISSING, "; pip install boto3, or ninelives-sqs once more, which needs it"),
        (ModuleNotFoundError("odd"), "; pip install ninelives-sqs once more, with all that it needs"),
        (ImportError("x", name="y"), "; pip install ninelives-sqs once more, with all that it needs"),
        (KeyError("boto3"), ""),
    ],
)
def test_what_to_install_is_said(error, advice):
    """A missing module is named with what to install; an import that fails otherwise leaves the distribution."""
    assert install_advice(error, "ninelives-sqs") == advice


def test_a_store_without_its_sdk_says_what_to_install():
    """What events and the log say of a store that lacks its SDK ends with what to install."""
    said = said_of(Place(MemoryStore(), "sqs:x"), MISSING)
    assert said == (
        "sqs:x: builtins.ModuleNotFoundError: No module named 'boto3'; pip install boto3, or the plugin's distribution "
        "once more, which needs it"
    )


def test_a_channel_without_its_sdk_says_what_to_install():
    """What the log gets instead of a channel that lacks its SDK says what to install."""
    channel, log = RecordingChannel(), RecordingChannel()
    channel.fail(MISSING)
    outlet = Outlet(channel, "sns:x")
    route = Route(
        name="",
        destinations=(Destination((outlet,)),),
        log=log,
        timeout=5.0,
        clock=FakeClock(),
        emit=lambda _event: None,
    )
    assert not deliver_directly(Notification(message="x"), route)
    (written,) = log.notifications
    assert str(written.details["because"]).endswith(
        "; pip install boto3, or the plugin's distribution once more, which needs it"
    )
