"""Who the mails are from, and who they are for."""

from __future__ import annotations

from msgspec import Struct

from ninelives_email.names import mail_address
from ninelives_email.options import MAIL_ADDRESS, Options

__all__ = ["Envelope", "read_envelope"]


class Envelope(Struct, frozen=True):
    """Who the mails of a channel are from and for; all are mail addresses in ASCII.

    Attributes:
        sender: Who they are from; refusals and bounces go there too.
        to: Who they are for; at least one.
        cc: Who gets a copy.
    """

    sender: str
    to: tuple[str, ...]
    cc: tuple[str, ...] = ()


def read_envelope(options: Options, user: str | None) -> Envelope:
    """What ``to=``, ``cc=`` and ``sender=`` say; without a sender it is the user that logs in."""
    if options.text("to") is None:
        options.wrong("to", "", f"{MAIL_ADDRESS}: who the mails are for; several with commas")
    return Envelope(sender=_sender(options, user), to=options.mail_addresses("to"), cc=options.mail_addresses("cc"))


def _sender(options: Options, user: str | None) -> str:
    given = options.text("sender")
    if given is not None:
        return options.mail_address("sender", given) or ""
    sender = mail_address(user or "")
    if sender is None:
        options.wrong("sender", "", f"{MAIL_ADDRESS}: who the mails are from, as the address names no user that is one")
    return sender or ""
