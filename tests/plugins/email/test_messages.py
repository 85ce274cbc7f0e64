"""What a notification looks like as a mail, and that nothing in it is anything but text."""

from __future__ import annotations

import datetime as dt
import email
import email.policy
from html.parser import HTMLParser

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ninelives.clock import SYSTEM_CLOCK
from ninelives.deadline import Deadline
from ninelives.notifications.notification import ErrorSeverity, Notification
from ninelives.notifications.wording import text_of
from ninelives_email.envelope import Envelope
from ninelives_email.message import LONGEST_HEADER, LONGEST_TEXT, message_of

ENVELOPE = Envelope("app@example.com", ("ann@example.com", "bob@example.com"), ("cid@example.com",))
HEADERS = {
    "Subject",
    "From",
    "To",
    "Cc",
    "Date",
    "Message-ID",
    "References",
    "Auto-Submitted",
    "X-Ninelives-Severity",
    "X-Ninelives-Pipeline",
    "X-Ninelives-Error-Type",
    "MIME-Version",
    "Content-Type",
}


def parsed(notification, envelope=ENVELOPE):
    return email.message_from_bytes(message_of(notification, envelope), policy=email.policy.default)


def text_in(message, kind):
    return message.get_body((kind,)).get_content().replace("\r\n", "\n")


class Cells(HTMLParser):
    """The tags of a page, and the text in its cells."""

    def __init__(self, page):
        super().__init__()
        self.tags, self.cells = [], []
        self.feed(page)

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)
        self.cells += [""] if tag in ("p", "th", "td") else []

    def handle_data(self, data):
        if self.cells:
            self.cells[-1] += data


def test_a_mail_says_all():
    """Subject, plain text and table say what is known; headers for filters, and for whoever would answer by itself."""
    notification = Notification(
        message="the disk is full",
        severity=ErrorSeverity.CRITICAL,
        pipeline="shop",
        error_type="OSError",
        details={"disk": {"free": 0}},
    )
    message = parsed(notification)
    assert message["Subject"] == "[CRITICAL] shop: OSError"
    assert (message["From"], message["To"]) == ("app@example.com", "ann@example.com, bob@example.com")
    assert message["Cc"] == "cid@example.com"
    assert abs(message["Date"].datetime - dt.datetime.now(dt.UTC)) < dt.timedelta(minutes=10)
    assert message["Auto-Submitted"] == "auto-generated"
    found = {name: message[f"X-Ninelives-{name}"] for name in ("Severity", "Pipeline", "Error-Type")}
    assert found == {"Severity": "CRITICAL", "Pipeline": "shop", "Error-Type": "OSError"}
    assert message.get_content_type() == "multipart/alternative"
    assert text_in(message, "plain") == text_of(notification)
    page = Cells(text_in(message, "html"))
    assert page.cells[0].strip() == "the disk is full"
    assert [cell.strip() for cell in page.cells[-2:]] == ["disk.free", "0"]


def test_a_bare_mail_has_no_empty_headers():
    """What a notification does not say is no header, and no copy goes to nobody."""
    message = parsed(Notification(message="bare"), Envelope("app@example.com", ("ann@example.com",)))
    assert set(message.keys()) == HEADERS - {"Cc", "References", "X-Ninelives-Pipeline", "X-Ninelives-Error-Type"}
    assert message["Subject"] == "[ERROR] bare"


def test_every_mail_has_an_id_of_its_own():
    """The same notification made into a mail twice is two mails; the id names the sender's domain, not the machine."""
    ids = [parsed(Notification(message="same"))["Message-ID"] for _ in range(20)]
    assert len(set(ids)) == 20
    assert all(found.endswith("@example.com>") for found in ids)


def test_mails_of_one_kind_are_one_conversation():
    """They refer to one id, which no mail has; another kind has another, and what has no key has none."""
    key, sender = "circuit:api", Envelope("ops@example.org", ("ann@example.com",))
    opened, closed = Notification(message="a", key=key), Notification(message="b", key=key, resolved=True)
    first, second = parsed(opened, sender), parsed(closed, sender)
    assert first["References"] == second["References"] != parsed(Notification(message="a", key="k"))["References"]
    assert first["References"].endswith("@example.org>")
    assert first["References"] not in (first["Message-ID"], second["Message-ID"])
    assert "api" not in first["References"]
    assert parsed(Notification(message="a"))["References"] is None


def test_the_programs_own_wording():
    """It is all of both parts, as text and never as HTML; the subject stays ours."""
    message = parsed(Notification(message="m", pipeline="shop", text="<b>own</b>\nsecond", details={"a": 1}))
    assert message["Subject"] == "[ERROR] shop"
    assert text_in(message, "plain") == "<b>own</b>\nsecond\n"
    page = Cells(text_in(message, "html"))
    assert [cell.strip() for cell in page.cells] == ["<b>own</b>\nsecond"]
    assert "table" not in page.tags


HOSTILE = [
    "x\r\nBcc: eve@example.com",
    "x\nBcc: eve@example.com\n\nbody",
    "x\rBcc: eve@example.com",
    "x\x0bBcc: eve@example.com",
    "x\x85Bcc: eve@example.com",
    "x\u2028Bcc: eve@example.com",
    "=?utf-8?q?x=0d=0aBcc:_eve@example.com?=",
    "=?utf-8?b?eA0KQmNjOiBldmVAZXhhbXBsZS5jb20=?=",
    "=?=?utf-8?q?x=0d=0aBcc:_eve@example.com?=",
    "\ud800 half a character",
    "\0",
    "x" * 5_000,
    "猫 " * 5_000,
    '"quoted\\',
    "<eve@example.com>, (",
]


@pytest.mark.parametrize("text", HOSTILE)
def test_no_text_adds_a_header(text):
    """Whatever stands in whatever field, the mail has the headers of every mail, each once, and no line too long."""
    notification = Notification(
        message=text, pipeline=text, error_type=text, letter_id=text, key=text, details={text: text, "more": [text]}
    )
    raw = message_of(notification, ENVELOPE)
    message = email.message_from_bytes(raw, policy=email.policy.default)
    assert sorted(message.keys()) == sorted(HEADERS)
    assert message["To"] == "ann@example.com, bob@example.com"
    assert max(map(len, raw.split(b"\r\n"))) <= 998
    assert not {*b"\r\n"} & {*raw.replace(b"\r\n", b"")}
    assert len(message["Subject"]) <= LONGEST_HEADER + 10
    assert [part.get_content_type() for part in message.walk()] == ["multipart/alternative", "text/plain", "text/html"]
    assert not any(part.get_filename() for part in message.walk())


@given(st.text(), st.text(), st.text())
def test_any_text_is_a_mail(message, pipeline, detail):
    """Any text makes a mail in ASCII, and comes out of it as it is worded."""
    notification = Notification(message=message, pipeline=pipeline, error_type=detail, details={pipeline: detail})
    raw = message_of(notification, ENVELOPE)
    raw.decode("ascii")
    received = email.message_from_bytes(raw, policy=email.policy.default)
    assert set(received.keys()) <= HEADERS
    assert text_in(received, "plain") == text_of(notification)


def test_html_in_a_notification_is_text():
    """Markup in a message, a name or a detail is shown as it is: it makes no element, and nothing is fetched."""
    evil = "<script>alert(1)</script><img src='http://evil.example/x.png'>\"&amp;"
    page = text_in(parsed(Notification(message=evil, pipeline=evil, details={evil: evil})), "html")
    cells = Cells(page)
    assert set(cells.tags) == {"html", "body", "p", "table", "tr", "th", "td"}
    assert cells.cells[0].strip() == evil
    assert [cell.strip() for cell in cells.cells[-2:]] == [evil, evil]
    assert "src=" not in page.replace("src=&#x27;", "")


def test_a_path_is_only_text(tmp_path):
    """A message that is the path of a file attaches nothing."""
    file = tmp_path / "secret.txt"
    file.write_text("the secret")
    raw = message_of(Notification(message=str(file), details={"file": str(file)}), ENVELOPE)
    assert b"the secret" not in raw
    message = email.message_from_bytes(raw, policy=email.policy.default)
    assert text_in(message, "plain").startswith(str(file))
    assert list(message.iter_attachments()) == []


def test_long_text_is_cut_and_said_to_be():
    """Of text and table 100,000 characters are kept; what is more is cut, with a word on it."""
    around = len(text_of(Notification(message="x"))) - 1
    exact = parsed(Notification(message="x" * (LONGEST_TEXT - around)))
    assert "(cut)" not in text_in(exact, "plain")
    long = parsed(Notification(message="é" * 300_000, details={"more": "x"}))
    assert len(text_in(long, "plain").rstrip("\n")) == LONGEST_TEXT
    assert text_in(long, "plain").rstrip("\n").endswith("… (cut)")
    page = Cells(text_in(long, "html"))
    assert [len(cell.strip()) for cell in page.cells] == [LONGEST_TEXT]
    many = parsed(Notification(message="short", details={"a": "x" * 99_000, "b": "y" * 5_000, "c": "z"}))
    cells = [cell.strip() for cell in Cells(text_in(many, "html")).cells]
    assert cells[-2] == "b"
    assert cells[-1].endswith("… (cut)")
    assert sum(map(len, cells)) <= LONGEST_TEXT + 100  # the last name


def test_lines_survive():
    """Lines stay lines, in the text and in the table, also those that begin with a dot or are from another system."""
    notification = Notification(message=".\n..\n.hidden\r\nnext\rlast", details={"trace": "one\n  two\n"})
    message = parsed(notification)
    assert text_in(message, "plain") == text_of(notification)
    cells = Cells(text_in(message, "html")).cells
    assert cells[0].split() == [".", "..", ".hidden", "next", "last"]
    assert cells[-1].strip() == "one\n  two"


def test_a_dot_does_not_end_a_mail(plain, mailbox):
    """A line of one dot arrives as that, and what follows it too."""
    notification = Notification(message="one", details={"a": "\n.\n..two\n.three"})
    content = b"one\r\n.\r\n..two\r\n.three\r\n"
    plain._deliver(content, ["ann@example.com"], Deadline(SYSTEM_CLOCK, 30))
    plain.send(notification, timeout=30)
    assert mailbox.mails[0].content.endswith(content)
    assert text_in(mailbox.messages[1], "plain") == text_of(notification)


@pytest.mark.parametrize("text", HOSTILE)
def test_hostile_text_arrives_as_text(plain, mailbox, text):
    """Over a connection too, nothing in a notification adds a header or a recipient."""
    plain.send(Notification(message=text, pipeline=text, details={text: text}), timeout=30)
    (message,), (mail,) = mailbox.messages, mailbox.mails
    assert (mail.mail_from, mail.rcpt_tos) == ("app@example.com", ["ann@example.com"])
    assert set(message.keys()) <= {*HEADERS, "X-Peer", "X-MailFrom", "X-RcptTo"}
    assert message["Bcc"] is None


def test_a_url_is_not_fetched(plain, mailbox):
    """A message that holds a URL fetches nothing from it."""
    from ninelives.testing.proxy import FaultProxy

    with FaultProxy() as web:
        url = f"http://{web.address}/style.css"
        plain.send(Notification(message=url, details={"link": f'<link rel="stylesheet" href="{url}">'}), timeout=30)
        assert web.connections == 0
    assert len(mailbox.mails) == 1
