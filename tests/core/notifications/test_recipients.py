"""Who is still to get a notification that is tried again."""

from __future__ import annotations

from ninelives.notifications.notification import Notification
from ninelives.notifications.recipients import Recipients

NEWS = Notification(message="the disk is full")


def test_all_at_first():
    """At first everyone is to get it, each once, in their order."""
    recipients = Recipients(["bob", "ann", "bob"])
    assert recipients.all == ("bob", "ann")
    assert recipients.left(NEWS) == ["bob", "ann"]
    assert recipients.refused(NEWS) == {}


def test_who_is_done_is_left_out():
    """Who has it, or can never have it, is not tried again; what is noted adds up."""
    recipients = Recipients(["ann", "bob", "eve", "joe"])
    recipients.note(NEWS, ["ann"])
    recipients.note(NEWS, [], {"eve": "no such phone"})
    assert recipients.left(NEWS) == ["bob", "joe"]
    recipients.note(NEWS, ["bob"], {"joe": "opted out"})
    assert recipients.left(NEWS) == []
    assert recipients.refused(NEWS) == {"eve": "no such phone", "joe": "opted out"}


def test_another_notification_is_another():
    """Two notifications that say the same are two: a retry is the same object."""
    recipients = Recipients(["ann"])
    recipients.note(NEWS, ["ann"], {"bob": "gone"})
    same = Notification(message="the disk is full")
    assert recipients.left(same) == ["ann"]
    assert recipients.refused(same) == {}


def test_what_is_forgotten_goes_to_all():
    """When all is done, the same object is news again."""
    recipients = Recipients(["ann"])
    recipients.note(NEWS, ["ann"], {"bob": "gone"})
    recipients.forget(NEWS)
    recipients.forget(NEWS)
    assert recipients.left(NEWS) == ["ann"]
    assert recipients.refused(NEWS) == {}


def test_it_is_bounded():
    """Of notifications that are never tried again, the last 128 are remembered, by when they were last noted."""
    recipients = Recipients(["ann"])
    notifications = [Notification(message="m") for _ in range(129)]
    for notification in notifications[:128]:
        recipients.note(notification, ["ann"])
    recipients.note(notifications[0], ["ann"])
    recipients.note(notifications[128], ["ann"])
    forgotten = [number for number, each in enumerate(notifications) if recipients.left(each)]
    assert forgotten == [1]
