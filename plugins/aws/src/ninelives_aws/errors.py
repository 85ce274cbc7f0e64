"""What AWS and its SDK say went wrong, as our errors: in words, with the next step, and whether it may pass."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from traceback import walk_tb
from typing import Any

from ninelives.describing import safe_message
from ninelives.errors import ChannelError, NinelivesError, StoreError
from ninelives.notifications.wording import one_line
from ninelives.redaction import redact_text
from ninelives_aws.meanings import AUTHORITIES, CERTIFICATE, ENDPOINT, MEANINGS, NO_TLS, Meaning

__all__ = ["channel_errors", "code_of", "is_code", "store_errors"]

_LONGEST = 300  # characters of what the service says

# What an `SSLError` of the SDK says: that a file is not there, may not be read, or is none; the rest is of the server.
_OF_TLS = (
    (AUTHORITIES, re.compile(r"\[Errno (2|13|20|21)\]|NO_CERTIFICATE_OR_CRL")),
    (CERTIFICATE, re.compile("certificate|doesn't match", re.IGNORECASE)),
    (NO_TLS, re.compile("WRONG_VERSION_NUMBER")),
)


def store_errors(place: str) -> AbstractContextManager[None]:
    """Raise what AWS, its SDK and the system say as a `StoreError` about this place; what is ours comes out as it is.

    Args:
        place: Of which store: ``sqs:https://...``; secrets in it are masked.
    """
    return _told_as(StoreError, place)


def channel_errors(place: str) -> AbstractContextManager[None]:
    """Raise what AWS, its SDK and the system say as a `ChannelError` about this place; what is ours comes out as it is.

    Args:
        place: Of which channel: ``sns:arn:...``; secrets in it are masked.
    """
    return _told_as(ChannelError, place)


@contextmanager
def _told_as(kind: type[StoreError | ChannelError], place: str) -> Iterator[None]:
    try:
        yield
    except NinelivesError:
        raise
    except Exception as error:
        meaning = _meaning_of(error)
        if meaning is None:
            raise
        raise kind(_told(place, meaning, error), transient=meaning.transient) from error


def is_code(error: BaseException, *codes: str) -> bool:
    """Whether the service answered with one of these codes.

    Args:
        error: What was raised, or one of ours whose cause it is.
        codes: Without what is before the last dot: ``NonExistentQueue``.
    """
    return code_of(error) in codes or (error.__cause__ is not None and code_of(error.__cause__) in codes)


def code_of(error: BaseException) -> str:
    """The service's code of an error, without what is before its last dot; empty when the service gave none."""
    return str(_said(error).get("Code") or "").rpartition(".")[2]


def _meaning_of(error: Exception) -> Meaning | None:
    names = _names(error)
    return next((meaning for meaning in MEANINGS if meaning.names & names), None)


def _names(error: Exception) -> set[str]:
    names = {kind.__name__ for kind in type(error).__mro__}
    if "ClientError" in names:
        status = str(_response(error).get("ResponseMetadata", {}).get("HTTPStatusCode") or "")
        return names | {code_of(error), f"HTTP{status}", f"HTTP{status[:1]}xx"}
    text = safe_message(error)
    if _raised_in(error).startswith("botocore."):  # an answer that is not as it should be may raise anything there
        names.add("BotoCoreError")
    if "SSLError" in names:
        return next(({name} for name, said in _OF_TLS if said.search(text)), names)
    if isinstance(error, ValueError) and text.startswith("Invalid endpoint"):  # botocore has no class of its own for it
        return {ENDPOINT}
    return names


def _raised_in(error: BaseException) -> str:
    """The module that raised it."""
    module = ""
    for frame, _line in walk_tb(error.__traceback__):
        module = str(frame.f_globals.get("__name__"))
    return module


def _told(place: str, meaning: Meaning, error: Exception) -> str:
    code = code_of(error) or type(error).__name__
    detail = one_line(redact_text(str(_said(error).get("Message") or _reason(error))))
    cut = f"{detail[:_LONGEST]}…" if len(detail) > _LONGEST else detail
    return f"{redact_text(place)}: {meaning.what} ({code}): {cut.rstrip('.')}; {meaning.next}"


def _reason(error: Exception) -> str:
    text, inner = safe_message(error), getattr(error, "kwargs", {}).get("error")
    more = safe_message(inner) if isinstance(inner, BaseException) else ""
    return f"{text} ({more})" if more not in text else text


def _said(error: BaseException) -> dict[str, Any]:
    said = _response(error).get("Error")
    return said if isinstance(said, dict) else {}


def _response(error: BaseException) -> dict[str, Any]:
    response = getattr(error, "response", None)
    return response if isinstance(response, dict) else {}
