"""Mails as the rest of ninelives sends them: tried again where that helps, and never where it may be one mail more."""

from __future__ import annotations

from threading import Thread

from ninelives import AdminNotifier
from ninelives.notifications.dispatch.attempts import attempts
from ninelives.notifications.notification import Notification
from ninelives.notifications.outlet import Outlet
from ninelives.testing import FakeClock
from ninelives.transient import Kind, classify


def send(channel):
    """Send one notification as an alert is sent; the last error, None when it was accepted."""
    return attempts(Outlet(channel, "smtp:"), Notification(message="the disk is full"), 30.0, FakeClock())


def test_a_notifier_sends_mails(plain_address, mailbox):
    """`AdminNotifier(email=)` sends a mail, secrets masked, and its description shows no mail address."""
    notifier = AdminNotifier(email=plain_address, timeout=30.0)
    assert notifier.send_notification("login with password=hunter2 failed", {"user": "bob@example.com"})
    notifier.close()
    (message,) = mailbox.messages
    text = message.get_body(("plain",)).get_content()
    assert "password=***" in text
    assert "***@example.com" in text
    assert "ann@" not in str(notifier.describe())


def test_a_mail_that_may_pass_is_tried_again(script, channel_of, address_at):
    """A server that says later is asked again, and the mail is accepted once."""
    server = script(CONTENT=[b"451 later\r\n", b"250 OK\r\n"])
    assert send(channel_of(address_at(server.port))) is None
    assert server.commands.count("DATA") + server.commands.count("data") == 2


def test_only_who_lacks_it_is_tried_again(script, channel_of):
    """Of two recipients the one that was refused for now is named again, and the other is not."""
    server = script(RCPT=[b"250 OK\r\n", b"451 later\r\n", b"250 OK\r\n"])
    address = f"smtp://127.0.0.1:{server.port}?tls=none&sender=app@example.com&to=ann@example.com,bob@example.com"
    assert send(channel_of(address)) is None
    named = [command.partition(":")[2] for command in server.commands if command.lower().startswith("rcpt")]
    assert named == ["<ann@example.com>", "<bob@example.com>", "<bob@example.com>"]


def test_a_mail_in_doubt_is_not_tried_again(script, ends, channel_of, address_at):
    """A mail that was handed over and not confirmed goes out once, whatever is tried again otherwise."""
    server = script(CONTENT=ends())
    error = send(channel_of(address_at(server.port)))
    assert classify(error).kind is Kind.PERMANENT
    assert "may have been delivered" in str(error)
    assert server.connections == 1


def test_closing_while_others_send_leaves_no_connection(plain, monkeypatch):
    """Threads that send while others close connect anew; the last close leaves none of their connections open."""
    from ninelives_email import connection

    connect, made = connection.connect, []

    def recorded(*args):
        made.append(connect(*args))
        return made[-1]

    monkeypatch.setattr(connection, "connect", recorded)

    def work():
        for number in range(5):
            plain.send(Notification(message=str(number)), timeout=30.0)
            plain.close()

    threads = [Thread(target=work) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    plain.close()
    assert made
    assert not any(each.is_open for each in made)
