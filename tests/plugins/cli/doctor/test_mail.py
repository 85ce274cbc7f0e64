"""`ninelives doctor` and `ninelives notify test` against a mail server."""

from __future__ import annotations

import json
import socket


def configured(folder, address):
    (folder / "ninelives.toml").write_text(f'[pipelines.shop]\nnotify = {{ channels = ["{address}"] }}\n')


def channel_of(program):
    done = program("doctor", "--json", "--timeout", "30", "shop")
    (row,) = (row for row in map(json.loads, done.stdout.splitlines()) if row["part"] == "channel")
    return done.returncode, row


def test_a_mail_server_is_tried_without_a_mail(program, mail):
    """The doctor connects to the mail server, says what it found, and sends nothing."""
    configured(program.folder, mail.address)
    status, row = channel_of(program)
    assert (status, row["works"]) == (0, True)
    assert "no mail was sent" in row["detail"]
    assert mail.mails == []


def test_a_mail_server_that_is_not_there(program):
    """Where there is no server, the doctor says so and fails."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    configured(program.folder, f"smtp://127.0.0.1:{port}?to=ops@example.com&sender=cat@example.com")
    status, row = channel_of(program)
    assert (status, row["works"]) == (1, False)
    assert "refused" in row["detail"]


def test_a_test_mail_is_sent(program, mail):
    """`notify test` sends one mail for real, which says that it is a test."""
    configured(program.folder, mail.address)
    done = program("notify", "test", "--pipeline", "shop")
    assert done.returncode == 0, done.stdout
    (sent,) = mail.mails
    assert "Test of notifications from" in sent.decode()
