"""A notification as a mail: a subject, plain text, and the same as a small table in HTML."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import make_msgid
from hashlib import sha256
from html import escape

from ninelives.notifications.notification import Notification
from ninelives.notifications.wording import cut_to_characters, one_line, own_text, rows_of, subject_of, text_of
from ninelives_email.envelope import Envelope

__all__ = ["LONGEST_HEADER", "LONGEST_TEXT", "message_of"]

LONGEST_TEXT = 100_000
"""Characters of the text, and of what is in the table, that are kept: what is more is cut, and said to be."""

LONGEST_HEADER = 150
"""Characters of the subject, and of each other header that holds text of the notification."""

# Every server takes lines of ASCII; what is not gets a transfer encoding, which keeps lines short too.
_POLICY = SMTP.clone(cte_type="7bit")

_PAGE = """\
<html><body>
<p style="white-space: pre-wrap">{message}</p>
{table}</body></html>
"""
_TABLE = """\
<table border="1" cellpadding="4" style="border-collapse: collapse">
{}</table>
"""
_ROW = '<tr><th align="left" valign="top">{}</th><td style="white-space: pre-wrap">{}</td></tr>\n'


def message_of(notification: Notification, envelope: Envelope) -> bytes:
    """The whole mail as it goes to the server, with an id of its own.

    Nothing of the notification is HTML, a header, a file's name or an address to be fetched: all of it is text.
    """
    message = EmailMessage(_POLICY)
    message["Subject"] = _header(subject_of(notification))
    message["From"] = envelope.sender
    message["To"] = ", ".join(envelope.to)
    if envelope.cc:
        message["Cc"] = ", ".join(envelope.cc)
    message["Date"] = datetime.now(UTC)
    domain = envelope.sender.rpartition("@")[2]
    message["Message-ID"] = make_msgid(domain=domain)
    if notification.key:
        # Never sent itself: what refers to it is one conversation, also where the subjects differ (RFC 5322, 3.6.4).
        message["References"] = f"<{sha256(notification.key.encode('utf-8', 'replace')).hexdigest()[:32]}@{domain}>"
    message["Auto-Submitted"] = "auto-generated"  # RFC 3834: out-of-office replies are not for programs
    for name, value in _for_filters(notification):
        message[f"X-Ninelives-{name}"] = _header(value)
    message.set_content(cut_to_characters(text_of(notification), LONGEST_TEXT))
    message.add_alternative(_page(notification), subtype="html")
    return message.as_bytes()


def _for_filters(notification: Notification) -> Iterator[tuple[str, str]]:
    yield "Severity", str(notification.severity)
    if notification.pipeline:
        yield "Pipeline", notification.pipeline
    if notification.error_type:
        yield "Error-Type", notification.error_type


def _page(notification: Notification) -> str:
    own = own_text(notification)
    said, rows = (notification.message, rows_of(notification)) if own is None else (own, [])
    parts = _within(LONGEST_TEXT, [("", "\n".join(map(one_line, said.splitlines()))), *rows])
    _name, message = next(parts)
    table = "".join(_ROW.format(*part) for part in parts)
    return _PAGE.format(message=message, table=table and _TABLE.format(table))


def _within(limit: int, rows: list[tuple[str, str]]) -> Iterator[tuple[str, str]]:
    """The rows for HTML, with at most `limit` characters in all, and a little to say that something is cut."""
    for name, value in rows:
        yield escape(cut_to_characters(name, limit)), escape(cut_to_characters(value, limit))
        limit -= len(name) + len(value)
        if limit <= 0:
            return


def _header(text: str) -> str:
    # What looks like an encoded word would be decoded by the library, line breaks in it included.
    return cut_to_characters(one_line(text), LONGEST_HEADER, "…").replace("=?", "= ?")
