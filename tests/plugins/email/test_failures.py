"""What goes wrong on the way to a mail server: what the error says, whether it may pass, and how long it takes."""

from __future__ import annotations

import logging
import socket
import threading
import time
import traceback
from itertools import chain, repeat

import pytest

from ninelives.clock import SYSTEM_CLOCK
from ninelives.deadline import Deadline
from ninelives.errors import ChannelError
from ninelives.notifications.notification import Notification
from ninelives.redaction import redact_text
from ninelives.testing.proxy import FaultProxy

NEWS = Notification(message="the disk is full")


def error_of(channel, timeout=30.0):
    with pytest.raises(ChannelError) as caught:
        channel.send(NEWS, timeout=timeout)
    return caught.value


def outcome_of(channel):
    try:
        channel.send(NEWS, timeout=30)
    except ChannelError as error:
        return error
    return None


# --- what a server answers ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("answers", "transient", "said"),
    [
        ({"GREETING": b"421 too busy\r\n"}, True, "421 too busy"),
        ({"GREETING": b"554 not for you\r\n"}, False, "554 not for you"),
        ({"GREETING": b"HTTP/1.1 400 Bad Request\r\n"}, True, "-1"),
        ({"EHLO": b"421 too busy\r\n"}, True, "421 too busy"),
        ({"EHLO": b"550 no\r\n", "HELO": b"550 no\r\n"}, False, "550 no"),
        ({"MAIL": b"421 closing\r\n"}, True, "421 closing"),
        ({"MAIL": b"451 later\r\n"}, True, "refused the sender: 451 later"),
        ({"MAIL": b"530 5.7.0 Must issue a STARTTLS command first\r\n"}, False, "it wants TLS or a login"),
        ({"MAIL": b"552 too large\r\n"}, False, "refused the sender: 552 too large"),
        ({"MAIL": b"553 not yours\r\n"}, False, "refused the sender: 553 not yours"),
        ({"MAIL": b"777 what\r\n"}, True, "an answer that is not SMTP: 777 what"),
        ({"RCPT": b"450 greylisted\r\n"}, True, "450 greylisted"),
        ({"RCPT": b"550 unknown <ann@example.com>\r\n"}, False, "550 unknown <***@example.com>"),
        ({"RCPT": b"hello\r\n"}, True, "an answer that is not SMTP"),
        ({"RCPT": b"550 \x1b[31m\xff" + b"x" * 5_000 + b"\r\n"}, False, "550 [31m"),
    ],
)
def test_answers_say_whether_they_may_pass(script, channel_of, address_at, answers, transient, said):
    """A server's refusal, at whatever step, may pass if its code says so, and what it says is in the error, masked."""
    error = error_of(channel_of(address_at(script(**answers).port)))
    assert error.transient is transient
    assert said in str(error)
    assert str(error).isprintable()
    assert len(str(error)) < 500
    assert "ann@" not in str(error)


def test_a_size_is_said_first(script, channel_of, address_at):
    """A server that says what it takes at most is told the size of a mail before it comes, another is not."""
    for ehlo, expected in ((b"250-x\r\n250 SIZE 10\r\n", True), (b"250 x\r\n", False)):
        server = script(EHLO=ehlo)
        channel_of(address_at(server.port)).send(NEWS, timeout=30)
        (mail,) = [command for command in server.commands if command.lower().startswith("mail")]
        assert ("size=" in mail) is expected


def test_an_old_server_is_greeted_as_it_likes(script, channel_of, address_at):
    """A server that does not know EHLO is sent mails after HELO."""
    server = script(EHLO=b"502 what\r\n")
    channel_of(address_at(server.port)).send(NEWS, timeout=30)
    assert server.commands[1].startswith("helo")


# --- the login ------------------------------------------------------------------------------------------------------


def with_login(port):
    return f"smtp://ops:hunter2@127.0.0.1:{port}?tls=none&to=ann@example.com&sender=app@example.com"


def ehlo(auth):
    return f"250-scripted\r\n250 AUTH {auth}\r\n".encode()


@pytest.mark.parametrize(
    ("answers", "transient", "said"),
    [
        ({"AUTH": b"535 bad credentials\r\n"}, False, "refused the login: 535; check the user and the password"),
        ({"AUTH": b"535 5.7.8 bad\r\n"}, False, "refused the login: 535 5.7.8; check the user and the password"),
        ({"AUTH": b"534 use a password for programs\r\n"}, False, "some services have passwords for programs"),
        ({"AUTH": b"454 later\r\n"}, True, "refused the login: 454"),
        ({"AUTH": b"454 4.7.0\r\n"}, True, "refused the login: 454 4.7.0"),
        ({"AUTH": b"421 closing\r\n"}, True, "refused the login: 421"),
        ({"EHLO": b"250 x\r\n"}, False, "not supported by server. Another tls=, or another port in the address,"),
        ({"EHLO": b"250 x\r\n"}, False, "may be what it wants; or leave out the user."),
        ({"EHLO": ehlo("XOAUTH2")}, False, "No suitable authentication method"),
        ({"EHLO": ehlo("XOAUTH2")}, False, "or leave out the user."),
        ({"EHLO": ehlo("CRAM-MD5"), "AUTH": b"334 x\r\n"}, False, "an answer that can't be understood"),
    ],
)
def test_logins_that_fail(script, channel_of, answers, transient, said):
    """A refused login is permanent unless its code says otherwise, and so is one that the server does not offer."""
    server = script(**{"EHLO": ehlo("PLAIN"), **answers})
    error = error_of(channel_of(with_login(server.port)))
    assert error.transient is transient
    assert said in str(error)
    assert "hunter2" not in str(error)


LOGIN_SENT = ["hunter2", "b3Bz", "aHVudGVyMg==", "AG9wcwBodW50ZXIy"]
"""The password as it is, the user and the password in base64, and both together: as logins send them."""


@pytest.mark.parametrize("method", ["PLAIN", "LOGIN", "LOGIN PLAIN"])
@pytest.mark.parametrize("code", ["535 5.7.8", "535", "454", "421", "250", "777", "334", ""])
def test_a_server_that_repeats_the_login(script, channel_of, method, code):
    """Whatever a server says after it was told the password, none of its words are in the error: they may repeat it."""
    said = f"{code} rejected {' '.join(LOGIN_SENT)}\r\n".encode()
    challenge = said if "PLAIN" in method else b"334 x\r\n"
    server = script(EHLO=ehlo(method), AUTH=challenge, B3BZ=said, **{"AHVUDGVYMG==": said})
    error = error_of(channel_of(with_login(server.port)))
    told = "".join(traceback.format_exception(error))
    assert not [secret for secret in LOGIN_SENT if secret in told]
    assert "rejected" not in told
    assert len(server.commands) > 1


def test_a_server_that_hangs_up_after_a_wrong_password(script, ends, channel_of):
    """That a server ends the connection after a wrong password is no reason to try it again."""
    error = error_of(channel_of(with_login(script(EHLO=ehlo("PLAIN LOGIN"), AUTH=ends(b"535 wrong\r\n")).port)))
    assert not error.transient
    assert "refused the login: 535;" in str(error)


def test_the_login_is_done(starttls_server, mailbox, channel_of, ca_file):
    """The password of the file opens the server; a wrong one does not, and nobody is asked for a better one."""
    file = ca_file.with_name("password")
    address = f"smtp://ops%40example.com@localhost:{starttls_server.port}?to=ann@example.com&ca={ca_file}&password_file={file}"
    file.write_text("hunter2:/@?\n")
    channel_of(address).send(NEWS, timeout=30)
    assert len(mailbox.mails) == 1
    file.write_text("hunter3")
    error = error_of(channel_of(address))
    assert not error.transient
    assert "535" in str(error)
    assert "hunter3" not in str(error)


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (None, "can't be read: No such file"),
        (b"", "holds no password"),
        (b"one\ntwo\n", "holds no password"),
        (b"hunter2" * 2_000, "holds no password"),
        ("hünter2".encode(), "can't be read: expected printable ASCII"),
    ],
)
def test_password_files_that_hold_none(tmp_path, channel_of, content, said):
    """A file that is missing, or holds no password, is a permanent error that names it and shows nothing of it."""
    file = tmp_path / "password"
    if content is not None:
        file.write_bytes(content)
    address = f"smtp://ops@127.0.0.1:9?tls=none&to=ann@example.com&sender=app@example.com&password_file={file}"
    error = error_of(channel_of(address))
    assert not error.transient
    assert f"the password file {file} {said}" in redact_text(str(error))  # as it is shown: a path is no secret
    assert "nter2" not in repr(error)
    assert error.__cause__ is None


# --- TLS ------------------------------------------------------------------------------------------------------------

TLS = "to=ann@example.com&sender=app@example.com"


@pytest.mark.parametrize("kind", ["starttls", "ssl"])
@pytest.mark.parametrize(
    ("certificate", "said"),
    [
        ("wrong host", "Hostname mismatch"),
        ("unknown CA", "self-signed certificate|unable to get local issuer certificate"),
        ("expired", "certificate has expired"),
    ],
)
def test_certificates_are_verified(serve, certificates, mailbox, channel_of, ca_file, kind, certificate, said):
    """A certificate of another host, of an unknown CA, or of the past is a permanent error; no mail is sent."""
    context = certificates[certificate]
    server = serve(ssl_context=context) if kind == "ssl" else serve(tls_context=context)
    error = error_of(channel_of(f"smtp://localhost:{server.port}?{TLS}&tls={kind}&ca={ca_file}"))
    assert not error.transient
    assert "its certificate was not accepted: " in str(error)
    assert any(text in str(error) for text in said.split("|"))
    assert "ca=/path" in str(error)
    assert mailbox.mails == []


@pytest.mark.parametrize("kind", ["starttls", "ssl"])
def test_without_ca_the_systems_are_meant(serve, certificates, channel_of, kind):
    """Without `ca` only the system's CAs are good: TLS is never unverified."""
    context = certificates["good"]
    server = serve(ssl_context=context) if kind == "ssl" else serve(tls_context=context)
    error = error_of(channel_of(f"smtp://localhost:{server.port}?{TLS}&tls={kind}"))
    assert not error.transient
    assert "its certificate was not accepted" in str(error)


@pytest.mark.parametrize("kind", ["starttls", "ssl"])
def test_tls_works(serve, certificates, mailbox, channel_of, ca_file, kind):
    """A certificate of the CA that `ca` names is good, by name and by number, and the mail goes over TLS."""
    context = certificates["good"]
    options = {"ssl_context": context} if kind == "ssl" else {"tls_context": context, "require_starttls": True}
    server = serve(**options)
    for host in ("localhost", "127.0.0.1"):
        channel_of(f"smtp://{host}:{server.port}?{TLS}&tls={kind}&ca={ca_file}").send(NEWS, timeout=30)
    assert len(mailbox.mails) == 2


@pytest.mark.parametrize("content", [None, b"no certificate"])
def test_a_ca_that_can_not_be_read(tmp_path, channel_of, content):
    """A `ca` that is missing, or holds no certificate, is a permanent error that names it."""
    file = tmp_path / "ca.pem"
    if content is not None:
        file.write_bytes(content)
    error = error_of(channel_of(f"smtp://127.0.0.1:9?{TLS}&ca={file}"))
    assert not error.transient
    assert f"ca={file} can't be read" in str(error)


def test_tls_that_is_not_offered(plain_server, mailbox, channel_of):
    """A server without STARTTLS gets no mail: nothing falls back to an open connection by itself."""
    error = error_of(channel_of(f"smtp://127.0.0.1:{plain_server.port}?{TLS}"))
    assert not error.transient
    assert "STARTTLS extension not supported by server." in str(error)
    assert str(error).endswith("Another tls=, or another port in the address, may be what it wants.")
    assert mailbox.mails == []


def test_tls_that_is_refused_for_now(script, channel_of):
    """A server whose STARTTLS fails for now is tried again later."""
    server = script(EHLO=b"250-x\r\n250 STARTTLS\r\n", STARTTLS=b"454 not now\r\n")
    error = error_of(channel_of(f"smtp://127.0.0.1:{server.port}?{TLS}"))
    assert error.transient
    assert "454 not now" in str(error)


def test_the_wrong_kind_of_tls(plain_server, channel_of):
    """TLS from the start at a port where it comes later is a permanent error that says what to look at."""
    error = error_of(channel_of(f"smtps://127.0.0.1:{plain_server.port}?{TLS}"))
    assert not error.transient
    assert "does tls= fit the port?" in str(error)


@pytest.mark.parametrize("kind", ["starttls", "ssl"])
def test_tls_that_breaks_off_may_pass(script, ends, channel_of, kind):
    """A connection that ends while TLS is agreed on is an error that may pass."""
    server = script(
        **(
            {"GREETING": ends()}
            if kind == "ssl"
            else {"EHLO": b"250-x\r\n250 STARTTLS\r\n", "STARTTLS": ends(b"220 go\r\n")}
        )
    )
    assert error_of(channel_of(f"smtp://127.0.0.1:{server.port}?{TLS}&tls={kind}")).transient


def test_what_is_said_before_tls_is_not_heard_after_it(serve, script, channel_of):
    """What comes behind the answer to STARTTLS, without TLS, is no answer to what is asked under TLS."""
    server = script(EHLO=b"250-x\r\n250 STARTTLS\r\n", STARTTLS=b"220 go\r\n250 injected\r\n")
    error = error_of(channel_of(f"smtp://127.0.0.1:{server.port}?{TLS}"))
    assert "injected" not in str(error)
    assert [command.split()[0].upper() for command in server.commands][:2] == ["EHLO", "STARTTLS"]


# --- the network ----------------------------------------------------------------------------------------------------


def test_a_refused_connection_may_pass(channel_of, address_at):
    """A port where nobody listens is an error that may pass."""
    with FaultProxy() as proxy:
        proxy.refuse()
        error = error_of(channel_of(address_at(proxy.port)))
    assert error.transient
    assert "refused" in str(error).lower()


def test_a_name_that_is_not_found_may_pass(channel_of, address_at, monkeypatch):
    """A host that DNS does not know now may be known later."""

    def unknown(*_args, **_options):
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    monkeypatch.setattr(socket, "getaddrinfo", unknown)
    error = error_of(channel_of(address_at(9)))
    assert error.transient
    assert "its name can't be resolved: Name or service not known" in str(error)


@pytest.mark.parametrize("reset", [False, True])
@pytest.mark.parametrize("after", [0, 1, 3, 20, 60, 100, 120, 140, *range(160, 175)])
def test_answers_that_are_cut(plain_server, mailbox, channel_of, address_at, after, reset):
    """Wherever the answers end, the mail is accepted, or it is an error: permanent only if the mail may be there."""
    with FaultProxy("127.0.0.1", plain_server.port) as proxy:
        proxy.cut(after=after, reset=reset)
        channel = channel_of(address_at(proxy.port))
        error = outcome_of(channel)
        assert len(mailbox.mails) <= (0 if error is not None and error.transient else 1)
        assert error is not None or mailbox.mails
        assert error is None or error.transient is ("may have been delivered" not in str(error))
        proxy.works()
        channel.send(NEWS, timeout=30)


@pytest.mark.parametrize("kind", ["starttls", "ssl"])
@pytest.mark.parametrize("after", [0, 50, 150, 400, 1_500, 2_500])
def test_answers_under_tls_that_are_cut(serve, certificates, mailbox, channel_of, ca_file, kind, after):
    """A connection that ends while TLS is agreed on, or under it: an error that may pass, or a mail in doubt."""
    context = certificates["good"]
    server = serve(ssl_context=context) if kind == "ssl" else serve(tls_context=context)
    with FaultProxy("127.0.0.1", server.port) as proxy:
        proxy.cut(after=after)
        channel = channel_of(f"smtp://localhost:{proxy.port}?{TLS}&tls={kind}&ca={ca_file}")
        error = outcome_of(channel)
        assert error is None or error.transient is ("may have been delivered" not in str(error))
        proxy.works()
        channel.send(NEWS, timeout=30)
    assert mailbox.mails


def test_late_answers_are_waited_for(plain_server, mailbox, channel_of, address_at):
    """Answers that are late, but in time, are no error."""
    with FaultProxy("127.0.0.1", plain_server.port) as proxy:
        proxy.delay(0.02)
        channel_of(address_at(proxy.port)).send(NEWS, timeout=60)
    assert len(mailbox.mails) == 1


# --- how long it takes ----------------------------------------------------------------------------------------------


def dripping(connection):
    """An answer that never ends: a byte now and then."""
    pace = threading.Event()
    for byte in chain(b"250-", repeat(ord("x"))):
        connection.sendall(bytes([byte]))
        pace.wait(0.02)


def flooding(connection):
    """An answer that never ends, as fast as it is read."""
    while True:
        connection.sendall(b"250-more\r\n" * 100)


@pytest.mark.parametrize("step", ["GREETING", "EHLO", "MAIL", "RCPT", "DATA", "CONTENT"])
@pytest.mark.parametrize("answer", [dripping, flooding])
def test_an_answer_without_end_costs_the_time_out(script, channel_of, address_at, step, answer):
    """A server that always has one more byte to say is given up after the time-out, at whatever step."""
    channel = channel_of(address_at(script(**{step: answer}).port))
    began = time.monotonic()
    error = error_of(channel, timeout=0.3)
    assert time.monotonic() - began < 10
    assert error.transient is (step != "CONTENT")


def test_an_answer_has_a_longest(script, channel_of, address_at):
    """A server that says more than any answer has is given up at once, however much time is left, and not kept."""
    channel = channel_of(address_at(script(EHLO=flooding).port))
    began = time.monotonic()
    error = error_of(channel, timeout=300)
    assert time.monotonic() - began < 60
    assert error.transient
    assert "an answer without an end" in str(error)


def test_a_mail_that_is_read_slowly_under_tls_costs_the_time_out(script, certificates, channel_of, ca_file):
    """A server that takes a mail piece by piece under TLS is given up when the time is over."""
    pace = threading.Event()

    def slow(connection):
        with certificates["good"].wrap_socket(connection, server_side=True) as tls:
            tls.sendall(b"220 slow\r\n")
            for answer in (b"250 slow", b"250 OK", b"250 OK", b"354 go on"):
                tls.recv(1_000)
                tls.sendall(answer + b"\r\n")
            while tls.recv(16_384):
                pace.wait(0.01)

    channel = channel_of(f"smtps://localhost:{script(GREETING=slow).port}?{TLS}&ca={ca_file}")
    began = time.monotonic()
    with pytest.raises(ChannelError, match="no answer in time") as caught:
        channel._deliver(b"x" * 50_000_000, ["ann@example.com"], Deadline(SYSTEM_CLOCK, 1))
    assert time.monotonic() - began < 10
    assert caught.value.transient


@pytest.mark.parametrize(("options", "expected"), [("", 3.0), ("&connect_timeout=10&read_timeout=1", 10.0)])
def test_the_connect_time_out_is_for_connecting(channel_of, address_at, monkeypatch, options, expected):
    """Connecting may take `connect_timeout`, whatever `read_timeout` is, and no more than a part of all the time."""
    waits = []

    def refuse(_place, timeout, *_):
        waits.append(timeout)
        raise ConnectionRefusedError

    monkeypatch.setattr(socket, "create_connection", refuse)
    channel = channel_of(f"{address_at(9)}{options}")
    error_of(channel, timeout=60)
    error_of(channel, timeout=2)
    assert waits[0] == expected
    assert 0 < waits[1] <= 1.0


def test_slow_steps_have_one_time_out_together(plain_server, mailbox, channel_of, address_at):
    """A server that needs much of the time for each of its answers gets the time once, not for each."""
    with FaultProxy("127.0.0.1", plain_server.port) as proxy:
        proxy.delay(0.3)
        error = error_of(channel_of(address_at(proxy.port)), timeout=0.5)
    assert error.transient
    assert "no answer in time" in str(error)
    assert mailbox.mails == []


@pytest.mark.parametrize("kind", ["starttls", "ssl", "none"])
def test_silence_costs_the_time_out(channel_of, kind):
    """A server that accepts and says nothing costs the time-out, also where TLS waits for it."""
    with FaultProxy() as silent:
        channel = channel_of(f"smtp://localhost:{silent.port}?{TLS}&tls={kind}")
        began = time.monotonic()
        error = error_of(channel, timeout=0.3)
        assert time.monotonic() - began < 10
    assert error.transient
    assert "no answer in time" in str(error)


@pytest.mark.parametrize(("kind", "asked"), [("starttls", True), ("none", True), ("ssl", False)])
def test_a_server_that_may_wait_for_tls(channel_of, kind, asked):
    """Where not even a greeting came the error asks whether the server expects TLS from the start, unless it was so."""
    with FaultProxy() as silent:
        error = error_of(channel_of(f"smtp://localhost:{silent.port}?{TLS}&tls={kind}"), timeout=0.3)
    assert ("does the server expect TLS from the start? then smtps:" in str(error)) is asked


def test_a_server_that_greets_waits_for_no_tls(script, channel_of, address_at):
    """Where the greeting came and then nothing, nothing is said of TLS."""
    release = threading.Event()
    server = script(EHLO=lambda _connection: release.wait())
    error = error_of(channel_of(address_at(server.port)), timeout=0.3)
    release.set()
    assert "no answer in time" in str(error)
    assert "smtps" not in str(error)


def test_silence_in_the_tls_handshake_costs_the_time_out(script, channel_of):
    """A server that says it is ready for TLS and then nothing costs the time-out."""
    release = threading.Event()

    def wait(connection):
        connection.sendall(b"220 go on\r\n")
        release.wait()

    server = script(EHLO=b"250-x\r\n250 STARTTLS\r\n", STARTTLS=wait)
    began = time.monotonic()
    error = error_of(channel_of(f"smtp://127.0.0.1:{server.port}?{TLS}"), timeout=0.3)
    release.set()
    assert time.monotonic() - began < 10
    assert error.transient


def test_the_read_time_out_is_for_each_answer(channel_of, address_at):
    """`read_timeout` gives up a silent server before the notification's own time is over."""
    with FaultProxy() as silent:
        began = time.monotonic()
        error = error_of(channel_of(f"{address_at(silent.port)}&read_timeout=0.1"), timeout=60)
        assert time.monotonic() - began < 30
    assert error.transient


def test_no_time_is_no_time(channel_of, address_at):
    """A notification without any time left is an error that may pass, and nothing worse."""
    with FaultProxy() as server:
        assert error_of(channel_of(address_at(server.port)), timeout=0).transient
        assert error_of(channel_of(address_at(server.port)), timeout=-1).transient


# --- the mail library -----------------------------------------------------------------------------------------------


def test_the_library_logs_nothing(channel_of, plain_address, address_at, caplog, capsys):
    """The mail library writes to no log and to no stream, whatever happens, and has no handler that would."""
    channel = channel_of(plain_address)
    channel.send(NEWS, timeout=30)
    with FaultProxy() as silent:
        silent.refuse()
        error_of(channel_of(address_at(silent.port)))
    handlers = logging.getLogger("yagmail.log").handlers
    assert [type(handler) for handler in handlers] == [logging.NullHandler]
    assert caplog.records == []
    assert capsys.readouterr() == ("", "")
