"""Each mail is sent once: over one connection, to those who lack it, and never again when that is not known."""

from __future__ import annotations

import os
import socket
import threading
import warnings
from collections import Counter

import pytest

from ninelives.address import Address
from ninelives.clock import SYSTEM_CLOCK
from ninelives.deadline import Deadline
from ninelives.errors import ChannelError
from ninelives.notifications.notification import Notification
from ninelives.testing import FakeClock
from ninelives.testing.proxy import FaultProxy
from ninelives_email.channel import IDLE, EmailChannel
from ninelives_email.factory import email_channel

NEWS = Notification(message="the disk is full")
THREE = "?tls=none&sender=app@example.com&to=ann@example.com,bob@example.com&cc=cid@example.com"


def error_of(channel, notification=NEWS, timeout=30.0):
    with pytest.raises(ChannelError) as caught:
        channel.send(notification, timeout=timeout)
    return caught.value


def fork():
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # of forking with threads
        return os.fork()


@pytest.fixture
def three(channel_of, plain_server):
    """A channel with three recipients."""
    return channel_of(f"smtp://127.0.0.1:{plain_server.port}{THREE}")


@pytest.fixture
def clock():
    return FakeClock()


@pytest.fixture
def timed(plain_address, clock):
    """A channel with a clock that stands still."""
    made = email_channel(Address.parse(plain_address))
    channel = EmailChannel(made._server, made._envelope, clock=clock)
    yield channel
    channel.close()


# --- once, and over few connections ---------------------------------------------------------------------------------


def test_400_mails_from_8_threads(starttls_server, mailbox, channel_of, ca_file):
    """400 mails from 8 threads over one address arrive once each, over one connection."""
    channel = channel_of(
        f"smtp://ops%40example.com:hunter2%3A%2F%40%3F@localhost:{starttls_server.port}?to=ann@example.com&ca={ca_file}"
    )
    barrier, errors = threading.Barrier(8), []

    def send(thread):
        barrier.wait()
        try:
            for number in range(50):
                channel.send(Notification(message="x", pipeline=f"{thread}-{number}"), timeout=300)
        except ChannelError as error:
            errors.append(error)

    threads = [threading.Thread(target=send, args=(thread,)) for thread in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert errors == []
    arrived = Counter(message["X-Ninelives-Pipeline"] for message in mailbox.messages)
    assert arrived == {f"{thread}-{number}": 1 for thread in range(8) for number in range(50)}
    assert len({message["Message-ID"] for message in mailbox.messages}) == 400
    assert mailbox.connections == 1


def test_a_connection_is_kept(plain, mailbox):
    """The second mail goes over the first one's connection; after `close` a new one is made."""
    plain.send(NEWS, timeout=30)
    plain.send(NEWS, timeout=30)
    assert (len(mailbox.mails), mailbox.connections) == (2, 1)
    plain.close()
    plain.send(NEWS, timeout=30)
    assert (len(mailbox.mails), mailbox.connections) == (3, 2)


def test_close_says_goodbye(script, channel_of, address_at):
    """`close` ends the session as SMTP wants it ended, and only if there is one."""
    server = script()
    channel = channel_of(address_at(server.port))
    channel.close()
    assert server.connections == 0
    channel.send(NEWS, timeout=30)
    channel.close()
    assert server.commands[-1].upper() == "QUIT"


def test_a_long_idle_connection_is_not_used(timed, clock, mailbox):
    """A connection that was idle for a minute is replaced: what would be sent over it may go nowhere."""
    timed.send(NEWS, timeout=30)
    clock.advance(IDLE - 0.001)
    timed.send(NEWS, timeout=30)
    assert mailbox.connections == 1
    clock.advance(IDLE + 0.001)
    timed.send(NEWS, timeout=30)
    assert (len(mailbox.mails), mailbox.connections) == (3, 2)


def test_a_lost_connection_is_replaced(plain_server, mailbox, channel_of, address_at):
    """A connection that the server or the network has ended meanwhile is replaced, once, and nobody is told."""
    with FaultProxy("127.0.0.1", plain_server.port) as proxy:
        channel = channel_of(address_at(proxy.port))
        channel.send(NEWS, timeout=30)
        proxy.refuse()
        proxy.works()
        channel.send(NEWS, timeout=30)
        assert proxy.connections == 2
        proxy.refuse()
        assert error_of(channel).transient
    assert len(mailbox.mails) == 2


@pytest.mark.parametrize("goodbye", [b"", b"421 idle for too long\r\n"])
def test_a_server_that_hangs_up_is_called_again(script, ends, channel_of, address_at, goodbye):
    """A connection that ends at the first step of a mail, with or without a word, is replaced, but not a new one."""
    server = script(MAIL=[b"250 OK\r\n", ends(goodbye), b"250 OK\r\n", b"250 OK\r\n"])
    channel = channel_of(address_at(server.port))
    channel.send(NEWS, timeout=30)
    channel.send(NEWS, timeout=30)
    assert server.connections == 2
    assert sum(command.startswith("mail") for command in server.commands) == 3
    server = script(MAIL=[ends(goodbye), b"250 OK\r\n"])
    assert error_of(channel_of(address_at(server.port))).transient
    assert server.connections == 1


def test_a_no_is_not_asked_for_twice(script, channel_of, address_at):
    """A sender that is refused over a kept connection is not offered again over a new one."""
    server = script(MAIL=[b"250 OK\r\n", b"550 go away\r\n"])
    channel = channel_of(address_at(server.port))
    channel.send(NEWS, timeout=30)
    error = error_of(channel)
    assert not error.transient
    assert "refused the sender: 550 go away" in str(error)
    assert server.connections == 1


def test_after_an_error_a_new_connection_is_made(plain, mailbox):
    """Nothing of a mail that failed is left on the connection of the next one."""
    mailbox.answers["DATA"] = "451 later"
    assert error_of(plain).transient
    del mailbox.answers["DATA"]
    plain.send(NEWS, timeout=30)
    assert len(mailbox.mails) == 1


@pytest.mark.skipif(not hasattr(os, "fork"), reason="there is no fork")
def test_a_child_makes_its_own_connection(plain, mailbox):
    """A forked child leaves its parent's connection alone, and the parent goes on with it."""
    plain.send(NEWS, timeout=30)
    child = fork()
    if child == 0:  # pragma: no cover - another process
        code = 1
        try:
            plain.send(NEWS, timeout=30)
            plain.close()
            code = 0
        finally:
            os._exit(code)
    _, status = os.waitpid(child, 0)
    assert status == 0
    plain.send(NEWS, timeout=30)
    assert (len(mailbox.mails), mailbox.connections) == (3, 2)


@pytest.mark.skipif(not hasattr(os, "fork"), reason="there is no fork")
def test_a_child_that_only_closes_says_nothing(plain, mailbox):
    """A forked child that closes the channel ends nothing of its parent's."""
    plain.send(NEWS, timeout=30)
    child = fork()
    if child == 0:  # pragma: no cover - another process
        try:
            plain.close()
        finally:
            os._exit(0)
    os.waitpid(child, 0)
    plain.send(NEWS, timeout=30)
    assert (len(mailbox.mails), mailbox.connections) == (2, 1)


# --- waiting for each other -----------------------------------------------------------------------------------------


@pytest.fixture
def busy(script, channel_of, address_at):
    """A channel that is sending a mail, for as long as the test wants."""
    entered, go_on = threading.Event(), threading.Event()

    def hold(connection):
        entered.set()
        go_on.wait()
        connection.sendall(b"250 OK\r\n")

    channel = channel_of(address_at(script(MAIL=[hold]).port))
    thread = threading.Thread(target=channel.send, args=(NEWS,), kwargs={"timeout": 300})
    thread.start()
    entered.wait()
    yield channel
    go_on.set()
    thread.join()


def test_waiting_for_other_mails_counts(busy):
    """Waiting for the mails of other threads is part of the time that a mail may take."""
    error = error_of(busy, timeout=0.01)
    assert error.transient
    assert "other mails took all of the 0.01 s" in str(error)


def test_close_waits_for_a_second_only(busy, monkeypatch):
    """`close` does not wait for long for a mail that is under way."""
    monkeypatch.setattr("ninelives_email.channel._GOODBYE", 0.01)
    busy.close()
    assert busy._connection is None or busy._connection.is_open


def test_what_closing_did_not_wait_for_is_closed_after_it(script, channel_of, address_at, monkeypatch):
    """A mail that is under way for longer than `close` waits takes its connection with it: none is left open."""
    monkeypatch.setattr("ninelives_email.channel._GOODBYE", 0.01)
    entered, go_on = threading.Event(), threading.Event()

    def hold(connection):
        entered.set()
        go_on.wait()
        connection.sendall(b"250 OK\r\n")

    server = script(MAIL=[hold])
    channel = channel_of(address_at(server.port))
    thread = threading.Thread(target=channel.send, args=(NEWS,), kwargs={"timeout": 300})
    thread.start()
    entered.wait()
    channel.close()
    monkeypatch.setattr("ninelives_email.channel._GOODBYE", 30.0)
    go_on.set()
    thread.join()
    assert channel._connection is None
    assert server.commands[-1].upper() == "QUIT"
    channel.send(NEWS, timeout=30)
    assert channel._connection is not None


# --- who gets it ----------------------------------------------------------------------------------------------------


def test_all_recipients_get_it(three, mailbox):
    """Who gets the mail and who gets a copy stand in one mail, and all of them get it."""
    three.send(NEWS, timeout=30)
    (mail,), (message,) = mailbox.mails, mailbox.messages
    assert mail.rcpt_tos == ["ann@example.com", "bob@example.com", "cid@example.com"]
    assert (message["To"], message["Cc"]) == ("ann@example.com, bob@example.com", "cid@example.com")


@pytest.mark.parametrize(("code", "transient"), [("550", False), ("451", True)])
def test_partial_refusal_is_an_error_that_names_the_refused(three, mailbox, code, transient):
    """Who is refused is named, by place and masked; the others have it, and a second try goes to the refused alone."""
    mailbox.answers["bob@example.com"] = f"{code} <bob@example.com>: not now"
    error = error_of(three)
    assert error.transient is transient
    assert f"refused 1 of 3 recipients: no. 2, ***@example.com ({code} <***@example.com>: not now)" in str(error)
    assert mailbox.mails[0].rcpt_tos == ["ann@example.com", "cid@example.com"]
    assert error_of(three).transient is transient
    assert len(mailbox.mails) == 1
    mailbox.answers.clear()
    three.send(NEWS, timeout=30)
    assert mailbox.mails[1].rcpt_tos == ["bob@example.com"]


def test_one_that_may_pass_makes_the_error_one_that_may(three, mailbox):
    """Of several refusals one that is for now is enough to try again."""
    mailbox.answers |= {"ann@example.com": "550 no", "cid@example.com": "452 full"}
    error = error_of(three)
    assert error.transient
    assert "refused 2 of 3 recipients: no. 1, ***@example.com (550 no); no. 3, ***@example.com (452 full)" in str(error)


def test_another_notification_goes_to_all(three, mailbox):
    """Who has one notification lacks the next, although it says the same; and so when the first has reached all."""
    mailbox.answers["bob@example.com"] = "451 not now"
    error_of(three)
    mailbox.answers.clear()
    three.send(Notification(message=NEWS.message), timeout=30)
    three.send(NEWS, timeout=30)
    three.send(NEWS, timeout=30)
    assert [len(mail.rcpt_tos) for mail in mailbox.mails] == [2, 3, 1, 3]


def test_all_refused_is_no_mail(three, mailbox):
    """When all are refused there is no mail, and the next try goes to all."""
    mailbox.answers |= dict.fromkeys(["ann@example.com", "bob@example.com", "cid@example.com"], "451 greylisted")
    assert "refused 3 of 3 recipients" in str(error_of(three))
    assert mailbox.mails == []
    mailbox.answers.clear()
    three.send(NEWS, timeout=30)
    assert len(mailbox.mails[0].rcpt_tos) == 3


def test_a_server_that_hangs_up_at_a_recipient(script, ends, channel_of):
    """A server that closes down while the recipients are named has no mail, and is tried again later."""
    server = script(RCPT=[b"250 OK\r\n", ends(b"421 closing\r\n")])
    error = error_of(channel_of(f"smtp://127.0.0.1:{server.port}{THREE}"))
    assert error.transient
    assert "421 closing" in str(error)
    assert "DATA" not in map(str.upper, server.commands)


# --- in doubt -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("said", [b"", b"2", b"25", b"999 what\r\n", b"354 more\r\n", b"hello\r\n"])
def test_a_mail_in_doubt_is_not_sent_again(script, ends, channel_of, address_at, said):
    """A server that does not confirm a whole mail may have it: the error says so, and is permanent."""
    server = script(CONTENT=ends(said))
    error = error_of(channel_of(address_at(server.port)))
    assert not error.transient
    assert "it may have been delivered, and is not sent again" in str(error)
    assert server.connections == 1


def test_a_confirmation_that_does_not_come_is_doubt(script, channel_of, address_at):
    """A server that takes the mail and says nothing is given up in time, and the mail is in doubt."""
    release = threading.Event()
    server = script(CONTENT=lambda connection: release.wait())
    error = error_of(channel_of(address_at(server.port)), timeout=0.3)
    release.set()
    assert not error.transient
    assert "it may have been delivered" in str(error)


@pytest.mark.parametrize(("code", "transient"), [(421, True), (451, True), (452, True), (552, False), (554, False)])
def test_an_answer_to_a_mail_is_no_doubt(script, channel_of, address_at, code, transient):
    """A server that answers a whole mail with a refusal does not have it: it may be sent again if the code says so."""
    server = script(CONTENT=f"{code} no\r\n".encode())
    error = error_of(channel_of(address_at(server.port)))
    assert error.transient is transient
    assert f"refused the mail: {code} no" in str(error)


@pytest.mark.parametrize(
    ("answer", "transient"), [(b"451 later\r\n", True), (b"554 no\r\n", False), (b"250 what\r\n", True)]
)
def test_no_go_ahead_is_no_doubt(script, channel_of, address_at, answer, transient):
    """Where the server does not want the mail nothing was handed over: it may be sent again if the code says so."""
    server = script(DATA=answer)
    assert error_of(channel_of(address_at(server.port))).transient is transient


def test_a_mail_that_was_not_wholly_sent_is_no_doubt(script, channel_of, address_at):
    """A mail whose end has not left this machine is not delivered: it may be sent again."""
    held = threading.Event()

    def stop_reading(connection):
        connection.sendall(b"354 go on\r\n")
        held.wait()

    server = script(DATA=stop_reading)
    channel = channel_of(f"{address_at(server.port)}&read_timeout=0.3")
    more_than_buffers_hold = b"x" * 50_000_000
    with pytest.raises(ChannelError) as caught:
        channel._deliver(more_than_buffers_hold, ["ann@example.com"], Deadline(SYSTEM_CLOCK, 60))
    held.set()
    assert caught.value.transient
    assert "may have been delivered" not in str(caught.value)


# --- checking -------------------------------------------------------------------------------------------------------


def test_check_sends_nothing(plain, mailbox, script, channel_of, address_at):
    """`check` connects and asks whether the server is there: no sender, no recipient, no mail."""
    assert plain.check(timeout=30) == "the server answers, without TLS, there is no login; no mail was sent"
    assert mailbox.mails == []
    server = script()
    channel_of(address_at(server.port)).check(timeout=30)
    assert [command.split()[0].upper() for command in server.commands] == ["EHLO", "NOOP", "QUIT"]


def test_check_logs_in(starttls_server, channel_of, ca_file):
    """`check` tries TLS and the login too, over a connection of its own."""
    address = f"smtp://ops%40example.com:WORD@localhost:{starttls_server.port}?to=ann@example.com&ca={ca_file}"
    good = channel_of(address.replace("WORD", "hunter2%3A%2F%40%3F"))
    assert good.check(timeout=30) == "the server answers, its certificate is good, the login works; no mail was sent"
    assert good._connection is None
    with pytest.raises(ChannelError, match="535") as caught:
        channel_of(address.replace("WORD", "wrong")).check(timeout=30)
    assert not caught.value.transient


def test_check_says_what_does_not_work(script, ends, channel_of, address_at):
    """A server that is there and does not want to be asked, or hangs up instead, is an error of `check`."""
    with pytest.raises(ChannelError, match="Connection unexpectedly closed") as caught:
        channel_of(address_at(script(NOOP=ends()).port)).check(timeout=30)
    assert caught.value.transient
    with pytest.raises(ChannelError, match="refused NOOP: 502 no") as caught:
        channel_of(address_at(script(NOOP=b"502 no\r\n").port)).check(timeout=30)
    assert not caught.value.transient


def test_a_goodbye_that_fails_does_no_harm(script, ends, channel_of, address_at):
    """A server that is gone, or says nothing, when the channel is closed costs a moment and no error."""
    channel = channel_of(address_at(script(QUIT=ends()).port))
    channel.send(NEWS, timeout=30)
    channel.close()
    assert channel._connection is None


def test_what_interrupts_a_mail_drops_its_connection(script, channel_of, address_at, monkeypatch):
    """A KeyboardInterrupt in the middle of a mail comes out, and leaves no half-spoken connection."""
    channel = channel_of(address_at(script().port))
    channel.send(NEWS, timeout=30)

    def interrupt(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr("ninelives_email.connection.Connection.offer", interrupt)
    with pytest.raises(KeyboardInterrupt):
        channel.send(NEWS, timeout=30)
    assert channel._connection is None


def test_no_name_is_looked_up_to_say_hello(script, channel_of, address_at, monkeypatch):
    """We say who we are without asking DNS: the machine's whole name, else an address that means this machine."""
    for name, expected in (
        ("app", "ehlo [127.0.0.1]"),
        ("app.example", "ehlo app.example"),
        ("ä\n", "ehlo [127.0.0.1]"),
    ):
        monkeypatch.setattr(socket, "gethostname", lambda name=name: name)
        server = script()
        channel_of(address_at(server.port)).send(NEWS, timeout=30)
        assert server.commands[0] == expected
