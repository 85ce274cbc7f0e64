"""What is worth retrying."""

from __future__ import annotations

import errno
import json
import socket
import ssl
from datetime import UTC, datetime
from email.message import Message
from http import HTTPStatus
from types import SimpleNamespace
from urllib.error import HTTPError, URLError

import msgspec
import pytest

from ninelives.errors import (
    ChannelError,
    CircuitBreakerOpenError,
    ConfigurationError,
    LetterNotFoundError,
    RetryExhaustedError,
    StoreError,
)
from ninelives.transient import Classification, Kind, classify

T, P, U = Kind.TRANSIENT, Kind.PERMANENT, Kind.UNKNOWN


class SmtpError(OSError):
    """Has the shape of the errors of the standard library's mail client."""

    def __init__(self, code=None):
        super().__init__(code, "said")
        if code is not None:
            self.smtp_code = code


class Error(Exception):
    """An error with any attributes."""

    def __init__(self, **attributes):
        self.__dict__.update(attributes)


def caught(function, *args):
    try:
        function(*args)
    except Exception as error:
        return error
    raise AssertionError("it did not raise")


def exhausted(cause):
    error = RetryExhaustedError(3, 1.0)
    error.__cause__ = cause
    return error


def aws(code, status=None):
    """The shape of botocore.exceptions.ClientError."""
    metadata = {} if status is None else {"ResponseMetadata": {"HTTPStatusCode": status, "HTTPHeaders": {}}}
    return Error(response={"Error": {"Code": code, "Message": ""}, **metadata})


def grpc(name):
    """The shape of grpc.RpcError."""
    kind = type("InactiveRpcError", (Exception,), {"__module__": "grpc._channel"})
    error = kind()
    error.code = lambda: SimpleNamespace(name=name)
    return error


class RequestsJSONDecodeError(OSError, json.JSONDecodeError):
    """The shape of requests.JSONDecodeError."""


SHAPES = {
    "requests, httpx": lambda status: Error(response=SimpleNamespace(status_code=status, headers={})),
    "openai": lambda status: Error(status_code=status),
    "openai before 1.0": lambda status: Error(http_status=status),
    "aiohttp": lambda status: Error(status=status, headers=None),
    "google-api-core": lambda status: Error(code=HTTPStatus(status)),
    "urllib": lambda status: HTTPError("http://localhost", status, "", Message(), None),
    "botocore": lambda status: aws("SomethingElse", status),
}


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize(
    ("status", "kind"),
    [
        *[(400, P), (401, P), (403, P), (404, P), (408, T), (409, P), (422, P), (425, T), (429, T)],
        *[(500, T), (502, T), (503, T), (504, T)],
    ],
)
def test_an_http_status_says_whether_trying_again_helps(shape, status, kind):
    """HTTP 4xx is permanent, but not 408, 425, 429 and no 5xx, whichever library says it."""
    assert classify(SHAPES[shape](status)).kind is kind


@pytest.mark.parametrize(
    "error",
    [
        TypeError(),
        ValueError(),
        UnicodeDecodeError("utf-8", b"", 0, 1, ""),
        ConfigurationError("wrong"),
        caught(int, "x"),
        LookupError(),
        KeyError("x"),
        IndexError(),
        AttributeError(),
        NameError(),
        UnboundLocalError(),
        AssertionError(),
        NotImplementedError(),
        ssl.SSLCertVerificationError(),
        caught(lambda: msgspec.json.decode(b"1", type=str)),
        type("ParamValidationError", (Exception,), {})(),
    ],
    ids=repr,
)
def test_mistakes_are_permanent(error):
    """What is wrong with the program or with its input is not healed by time."""
    assert classify(error).kind is P


@pytest.mark.parametrize(
    "error",
    [
        ConnectionError(),
        ConnectionResetError(),
        BrokenPipeError(),
        TimeoutError(),
        OSError(errno.ENETUNREACH, "unreachable"),
        OSError(errno.EHOSTUNREACH, "unreachable"),
        URLError(ConnectionRefusedError(errno.ECONNREFUSED, "refused")),
        URLError(OSError(errno.ENETDOWN, "down")),
    ],
    ids=repr,
)
def test_the_network_is_transient(error):
    """Lost connections, time-outs and an unreachable network may be over the next time."""
    assert classify(error).kind is T


@pytest.mark.parametrize(
    "error",
    [
        Exception(),
        RuntimeError(),
        OSError(),
        FileNotFoundError(errno.ENOENT, "missing"),
        socket.gaierror(socket.EAI_NONAME, "unknown name"),
        URLError("unknown url type"),
        Error(status=302),
        Error(status="404"),
        Error(status_code=True, code=42),
        Error(status_code=None, response=SimpleNamespace(status_code=None)),
        caught(json.loads, "{"),
        caught(msgspec.json.decode, b"{"),
        RequestsJSONDecodeError("cut off", "{", 1),
    ],
    ids=repr,
)
def test_of_the_rest_nothing_is_known(error):
    """Everything else, JSON that can't be decoded included, is unknown: neither kind can be said."""
    assert classify(error).kind is U


@pytest.mark.parametrize(
    ("error", "kind"),
    [
        (aws("ThrottlingException", 400), T),
        (aws("RequestLimitExceeded", 400), T),
        (aws("SlowDown", 503), T),
        (aws("RequestTimeout", 400), T),
        (aws("AccessDenied"), P),
        (aws("AccessDeniedException", 400), P),
        (aws("ValidationException"), P),
        (aws("ExpiredToken", 400), P),
        (aws("InternalError", 500), T),
        (aws("NeverHeardOf"), U),
        (aws(None), U),
    ],
)
def test_an_aws_code_goes_before_the_status(error, kind):
    """AWS answers throttling with 400: access denied and validation are permanent, throttling is transient."""
    assert classify(error).kind is kind


@pytest.mark.parametrize(
    ("error", "kind"),
    [
        (grpc("UNAVAILABLE"), T),
        (grpc("RESOURCE_EXHAUSTED"), T),
        (grpc("PERMISSION_DENIED"), P),
        (grpc("UNIMPLEMENTED"), P),
        (grpc("INTERNAL"), U),
        (grpc(None), U),
        (Error(code=lambda: SimpleNamespace(name="NOT_FOUND")), U),
        (SmtpError(451), T),
        (SmtpError(550), P),
        (SmtpError(-1), U),
        (SmtpError(), U),
    ],
)
def test_grpc_and_smtp_have_codes_of_their_own(error, kind):
    """A gRPC status and an SMTP reply code say it too; in SMTP it is the 4xx that are transient."""
    assert classify(error).kind is kind


def test_a_grpc_error_whose_code_raises_is_unknown():
    """Calling a foreign method may raise."""
    error = grpc("UNAVAILABLE")
    error.code = lambda: 1 / 0
    assert classify(error).kind is U


@pytest.mark.parametrize(
    ("error", "kind"),
    [
        (StoreError("down"), T),
        (StoreError("never", transient=False), P),
        (LetterNotFoundError("x"), P),
        (ChannelError("down"), T),
        (ChannelError("never", transient=False), P),
    ],
)
def test_errors_of_stores_and_channels_say_it_themselves(error, kind):
    """StoreError and ChannelError are judged by their attribute transient."""
    assert classify(error).kind is kind


def test_an_open_circuit_is_transient_until_it_may_close():
    """An open circuit says itself when to come back."""
    assert classify(CircuitBreakerOpenError("x", 12.5)) == Classification(T, 12.5)
    assert classify(CircuitBreakerOpenError("x", None)) == Classification(T, None)


@pytest.mark.parametrize(
    ("error", "kind"),
    [
        (exhausted(KeyError()), P),
        (exhausted(ConnectionError()), T),
        (exhausted(exhausted(ConnectionError())), T),
        (exhausted(None), U),
    ],
)
def test_spent_retries_are_judged_by_their_cause(error, kind):
    """A RetryExhaustedError says nothing of its own."""
    assert classify(error).kind is kind


def test_spent_retries_that_cause_each_other_hang_nothing():
    """A cyclic __cause__ is survived."""
    one = exhausted(None)
    one.__cause__ = exhausted(one)
    assert classify(one).kind is U


def test_a_date_is_counted_from_the_given_now():
    """Retry-After comes with the verdict; a date is counted from the clock that is given."""
    error = Error(status_code=503, headers={"Retry-After": "Thu, 01 Jan 2026 12:00:30 GMT"})
    assert classify(error, now=datetime(2026, 1, 1, 12, tzinfo=UTC)) == Classification(T, 30.0)
    assert classify(error, now=datetime(2026, 1, 3, tzinfo=UTC)) == Classification(T, None)


class Hostile(ConnectionError):
    """An error of which every attribute raises."""

    @property
    def response(self):
        raise RuntimeError("no")

    status = code = status_code = headers = retry_after = smtp_code = response


class HostileErrno(OSError):
    """An error of which an attribute raises that its class promises."""

    @property
    def errno(self):  # type: ignore[override]
        raise RuntimeError("no")


@pytest.mark.parametrize(("error", "kind"), [(Hostile(), T), (HostileErrno(), U)], ids=repr)
def test_attributes_that_raise_are_survived(error, kind):
    """Reading a foreign attribute may raise: classify never does, and goes by what is left."""
    assert classify(error) == Classification(kind, None)


def test_an_answer_that_is_falsy_is_read_all_the_same():
    """The response of requests is false for a 404: it is the response nevertheless."""

    class Response:
        status_code = 404

        def __bool__(self):
            return False

    assert classify(Error(response=Response())).kind is P
