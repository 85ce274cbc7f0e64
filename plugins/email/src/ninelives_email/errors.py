"""What a mail server, the way to it and TLS raise and answer, as one error that says whether it may pass."""

from __future__ import annotations

import re
import socket
import ssl
from collections.abc import Mapping
from enum import Enum
from typing import NamedTuple

from ninelives.errors import ChannelError
from ninelives.notifications.wording import cut_to_characters, one_line
from ninelives.redaction import redact_text
from ninelives.shapes import smtp_code
from ninelives_email.server import Server

__all__ = ["Answer", "NoGreetingError", "Step", "in_doubt", "not_accepted", "refusal", "refused_recipients"]

_LONGEST_TEXT = 200  # characters of what the server says: enough to know why
_NEXT_STEPS = {
    530: "; it wants TLS or a login: smtp://user@host",
    534: "; it wants another kind of login or password: some services have passwords for programs",
    535: "; check the user and the password",
}
_CLOSED_EARLY = (ssl.SSLEOFError, ssl.SSLZeroReturnError, ssl.SSLSyscallError)
_ENHANCED_CODE = re.compile(rb"[245]\.\d{1,3}\.\d{1,3}(?!\S)")  # RFC 2034, section 4


class NoGreetingError(TimeoutError):
    """The connection stands, and the server said nothing at all in time."""


class Step(Enum):
    """How far a connection is; the value says what is refused there."""

    CONNECTION = "the connection"
    LOGIN = "the login"
    PASSWORD = "the password"  # noqa: S105 - the step in which it is sent
    """The server has been told who logs in: what it says from now on may repeat it, and is not shown."""


class Answer(NamedTuple):
    """What a server said to a command.

    Attributes:
        code: Its code, 250 for instance.
        text: Its words.
    """

    code: int
    text: bytes

    @property
    def is_yes(self) -> bool:
        """Whether it did what it was asked."""
        return self.code // 100 == 2  # noqa: PLR2004 - RFC 5321, section 4.2.1

    @property
    def is_no(self) -> bool:
        """Whether it said for certain that it did not."""
        return self.code // 100 in (4, 5)

    @property
    def may_pass(self) -> bool:
        """Of a no: whether it is one for now."""
        return self.code // 100 == 4  # noqa: PLR2004 - likewise

    @property
    def codes(self) -> str:
        """Its code, and the enhanced one if it has one: ``535 5.7.8``. None of its words."""
        enhanced = _ENHANCED_CODE.match(self.text)
        return f"{self.code} {enhanced[0].decode()}" if enhanced else str(self.code)

    def __str__(self) -> str:
        said = one_line(redact_text(self.text.decode("utf-8", "replace")))  # it may repeat mail addresses
        return cut_to_characters(f"{self.code} {said}".strip(), _LONGEST_TEXT, "…")


def refusal(server: Server, what: str, answer: Answer) -> ChannelError:
    """The server has answered, and it is no yes."""
    if not answer.is_no:
        return ChannelError(f"{server}: to {what} it gave an answer that is not SMTP: {answer}", transient=True)
    step = _NEXT_STEPS.get(answer.code, "")
    return ChannelError(f"{server} refused {what}: {answer}{step}", transient=answer.may_pass)


def refused_recipients(server: Server, recipients: tuple[str, ...], refused: Mapping[str, Answer]) -> ChannelError:
    """It took the mail for none, or not for all, of the recipients: which, by their place in the channel's address.

    By their place too, since masked they may look alike.
    """
    named = "; ".join(
        f"no. {recipients.index(one) + 1}, {redact_text(one)} ({answer})" for one, answer in refused.items()
    )
    transient = any(answer.may_pass for answer in refused.values())
    return ChannelError(
        f"{server} refused {len(refused)} of {len(recipients)} recipients: {named}", transient=transient
    )


def in_doubt(server: Server, why: object) -> ChannelError:
    """The whole mail was handed over, and what became of it is not known: trying again could deliver it twice."""
    text = f"{server} did not confirm the mail that it was given, so it may have been delivered, and is not sent again"
    return ChannelError(f"{text}: {why}", transient=False)


def not_accepted(
    server: Server,
    error: Exception,
    *,
    is_open: bool,
    step: Step = Step.CONNECTION,
    answer: Answer | None = None,
) -> ChannelError:
    """The error of a step before the mail was handed over.

    Args:
        server: Whose.
        error: What the mail library, TLS or the system raised.
        is_open: Whether the connection is still there.
        step: How far it had come.
        answer: The server's last answer, if it was about the same: if that was a no, it is why.
    """
    if isinstance(error, ssl.SSLCertVerificationError):
        advice = "if it is from a CA of your own, say ca=/path/of/the/ca.pem"
        return ChannelError(
            f"{server}: its certificate was not accepted: {error.verify_message}; {advice}", transient=False
        )
    code = smtp_code(error)
    if code is not None:
        answer = Answer(code, getattr(error, "smtp_error", b""))
    if answer is not None and answer.is_no:
        return _refused_login(server, answer) if step is Step.PASSWORD else refusal(server, step.value, answer)
    why, transient = _judged(server, error, step, is_open=is_open)
    return ChannelError(f"{server}: {why}", transient=transient)


def _refused_login(server: Server, answer: Answer) -> ChannelError:
    advice = _NEXT_STEPS.get(answer.code, "")
    return ChannelError(f"{server} refused the login: {answer.codes}{advice}", transient=answer.may_pass)


def _judged(server: Server, error: Exception, step: Step, *, is_open: bool) -> tuple[str, bool]:
    """What happened, and whether it may pass."""
    if isinstance(error, TimeoutError) or isinstance(error.__context__, TimeoutError):
        return f"no answer in time{_late(server, error)}", True
    if isinstance(error, socket.gaierror):
        return f"its name can't be resolved: {error.strerror}", True
    if isinstance(error, ssl.SSLError) and not isinstance(error, _CLOSED_EARLY):
        return f"TLS could not be agreed on ({error.reason}); does tls= fit the port?", False
    if isinstance(error, ValueError) or (is_open and step is Step.PASSWORD):
        return f"an answer that can't be understood ({type(error).__name__})", False
    if is_open:  # the library has found that the server lacks something, and has not asked for it
        return f"{one_line(str(error))} {_lacking(step)}", False
    return one_line(str(error)) or type(error).__name__, True


def _late(server: Server, error: Exception) -> str:
    if isinstance(error, NoGreetingError) and server.tls != "ssl":
        return ", not even a greeting; does the server expect TLS from the start? then smtps:"
    return ""


def _lacking(step: Step) -> str:
    other = "Another tls=, or another port in the address, may be what it wants"
    return f"{other}; or leave out the user." if step is Step.LOGIN else f"{other}."
