"""What the errors of foreign libraries carry, read by their shape: no library is imported, and none can hurt.

=================================  =========================================================
library                            where the status is
=================================  =========================================================
requests, httpx                    ``error.response.status_code``
openai, starlette, and others      ``error.status_code``; ``error.http_status`` in old ones
aiohttp, twilio, kubernetes        ``error.status``
urllib, google-api-core            ``error.code``
botocore                           ``error.response["ResponseMetadata"]["HTTPStatusCode"]``
smtplib                            ``error.smtp_code``
grpc                               ``error.code().name``
=================================  =========================================================
"""

from __future__ import annotations

from typing import Any

__all__ = ["aws_code", "grpc_code", "header", "http_status", "smtp_code"]

_ERRORS = range(400, 600)


def http_status(error: BaseException) -> int | None:
    """The HTTP status that the error stands for, 400 to 599; None if it stands for none."""
    response = _get(error, "response")
    places = (
        _get(response, "status_code"),
        _get(_get(response, "ResponseMetadata"), "HTTPStatusCode"),
        _get(error, "status_code"),
        _get(error, "http_status"),
        _get(error, "status"),
        _get(error, "code"),
    )
    return next((int(status) for status in places if isinstance(status, int) and status in _ERRORS), None)


def aws_code(error: BaseException) -> str | None:
    """The code of an error that an AWS service answered with, such as ``ThrottlingException``."""
    return _text(_get(_get(_get(error, "response"), "Error"), "Code"))


def grpc_code(error: BaseException) -> str | None:
    """The name of a gRPC status, such as ``UNAVAILABLE``."""
    if not any(str(kind.__module__).partition(".")[0] == "grpc" for kind in type(error).__mro__):
        return None
    code = _get(error, "code")
    try:
        return _text(_get(code(), "name"))
    except Exception:
        return None


def smtp_code(error: BaseException) -> int | None:
    """The reply code of a mail server, 400 to 599, such as 451; None if there is none."""
    code = _get(error, "smtp_code")
    return code if isinstance(code, int) and code in _ERRORS else None


def header(error: BaseException, name: str) -> Any:
    """A header of the response that the error came with, by its lower-case name; None if there is none."""
    response = _get(error, "response")
    for headers in (
        _get(response, "headers"),
        _get(error, "headers"),
        _get(_get(response, "ResponseMetadata"), "HTTPHeaders"),
    ):
        # Most libraries' headers ignore case, a plain dictionary does not.
        for spelled in (name, name.title()):
            value = _item(headers, spelled)
            if value is not None:
                return value
    return None


def attribute(error: BaseException, name: str) -> Any:
    """An attribute of the error; None if there is none, or if reading it raises."""
    return _get(error, name)


def _get(holder: Any, name: str) -> Any:
    """What a foreign object or dictionary holds under this name; None if nothing, or if asking raises."""
    if isinstance(holder, dict):
        return _item(holder, name)
    try:
        return getattr(holder, name, None)
    except Exception:
        return None


def _item(holder: Any, name: str) -> Any:
    try:
        return holder.get(name)
    except Exception:
        return None


def _text(value: Any) -> str | None:
    return value if isinstance(value, str) else None
