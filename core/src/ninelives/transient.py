"""What is worth retrying: the rules behind the ``"auto"`` of `retry_exceptions` and `record`."""

from __future__ import annotations

import errno
from datetime import UTC, datetime
from enum import Enum
from typing import NamedTuple

from ninelives.errors import ChannelError, CircuitBreakerOpenError, RetryExhaustedError, StoreError
from ninelives.retry_after import retry_after
from ninelives.shapes import attribute, aws_code, grpc_code, http_status, smtp_code

__all__ = ["Classification", "Kind", "classify"]


class Kind(Enum):
    """Whether trying again may help."""

    TRANSIENT = "transient"
    """It may: the network, a time-out, an overloaded service."""
    PERMANENT = "permanent"
    """It can't: the same call would fail the same way."""
    UNKNOWN = "unknown"
    """Nothing says; treated like TRANSIENT by ``"auto"``, for a call lost is worse than a call tried twice."""


class Classification(NamedTuple):
    """What `classify` found.

    Attributes:
        kind: Whether trying again may help.
        retry_after: Seconds after which the service wants to be tried again; None if it did not say.
    """

    kind: Kind
    retry_after: float | None = None


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


# The program is wrong, or what it was given: time heals neither.
_MISTAKES = (
    ValueError,
    TypeError,
    LookupError,
    AttributeError,
    NameError,
    AssertionError,
    NotImplementedError,
    RecursionError,  # and where the recursion goes through the pipeline, each level would double the calls
)

# Request Timeout, Too Early, Too Many Requests: the only 4xx that are not the caller's fault.
_TRANSIENT_STATUSES = frozenset({408, 425, 429})

# By name, as not every system has each.
_NETWORK_ERRNOS = frozenset(
    getattr(errno, name, None)
    for name in _words("""
        EADDRNOTAVAIL EAGAIN ECONNABORTED ECONNREFUSED ECONNRESET EHOSTDOWN EHOSTUNREACH ENETDOWN ENETRESET
        ENETUNREACH ENOBUFS EPIPE ETIMEDOUT
    """)
) - {None}

# Most come with status 400. Source: botocore/retries/standard.py, _THROTTLED_ERROR_CODES and _TRANSIENT_ERROR_CODES.
_AWS_TRANSIENT = _words("""
    BandwidthLimitExceeded EC2ThrottledException LimitExceededException PriorRequestNotComplete
    ProvisionedThroughputExceededException RequestLimitExceeded RequestThrottled RequestThrottledException
    RequestTimeout RequestTimeoutException SlowDown ThrottledException Throttling ThrottlingException
    TooManyRequestsException TransactionInProgressException
""")
# For errors that carry no status; source: "Common Errors" of the services' API references.
_AWS_PERMANENT = _words("""
    AccessDenied AccessDeniedException AuthFailure IncompleteSignature InvalidAction InvalidClientTokenId
    InvalidParameter InvalidParameterCombination InvalidParameterException InvalidParameterValue MissingParameter
    NotAuthorized OptInRequired ResourceNotFoundException SignatureDoesNotMatch UnauthorizedOperation
    UnrecognizedClientException ValidationError ValidationException
""")

_SERVER_ERROR = 500  # and above, in HTTP; in SMTP it is there that the permanent ones begin

# Source: grpc/doc/statuscodes.md. What is in neither is UNKNOWN.
_GRPC_TRANSIENT = frozenset({"ABORTED", "DEADLINE_EXCEEDED", "RESOURCE_EXHAUSTED", "UNAVAILABLE"})
_GRPC_PERMANENT = _words("""
    ALREADY_EXISTS FAILED_PRECONDITION INVALID_ARGUMENT NOT_FOUND OUT_OF_RANGE PERMISSION_DENIED UNAUTHENTICATED
    UNIMPLEMENTED
""")

# RetryExhaustedErrors that hold each other end here.
_DEEPEST = 10


def classify(error: BaseException, *, now: datetime | None = None) -> Classification:
    """Whether trying again may help, and when the service wants it.

    PERMANENT are `TypeError`, `ValueError` (but not a JSON decode error: the text may have been cut off),
    `LookupError`, `AttributeError`, `NameError`, `AssertionError`, `NotImplementedError` and `RecursionError`, and what
    the shape of a library's error says: HTTP 4xx but 408, 425 and 429; AWS access denied and validation; the like of
    gRPC and SMTP. TRANSIENT are `ConnectionError`, `TimeoutError`, network errors of the system, HTTP 5xx, throttling,
    an open circuit. Errors of stores and channels say it themselves; a `RetryExhaustedError` is judged by its cause.
    All else is UNKNOWN. The shape goes before the class: it knows more.

    Args:
        error: What was raised. Whatever its attributes do when they are read, this never raises an `Exception`.
        now: The wall clock's time, aware; for a ``Retry-After`` that is a date. Default: the system's.

    Example:
        >>> classify(ConnectionResetError()).kind
        <Kind.TRANSIENT: 'transient'>
        >>> classify(KeyError("name")).kind
        <Kind.PERMANENT: 'permanent'>
    """
    try:
        judged = _cause(error)
        return Classification(_kind(judged), retry_after(judged, now if now is not None else datetime.now(UTC)))
    except Exception:
        return Classification(Kind.UNKNOWN)


def _cause(error: BaseException) -> BaseException:
    for _ in range(_DEEPEST):
        if not isinstance(error, RetryExhaustedError) or error.__cause__ is None:
            break
        error = error.__cause__
    return error


def _kind(error: BaseException) -> Kind:
    for judge in (_own, _by_aws, _by_status, _by_grpc, _by_smtp):
        kind = judge(error)
        if kind is not None:
            return kind
    return _by_class(error)


def _own(error: BaseException) -> Kind | None:
    if isinstance(error, (StoreError, ChannelError)):
        return Kind.TRANSIENT if error.transient else Kind.PERMANENT
    return Kind.TRANSIENT if isinstance(error, CircuitBreakerOpenError) else None


def _by_aws(error: BaseException) -> Kind | None:
    code = aws_code(error)
    if code is None:
        # What botocore itself refuses, before anything is sent.
        return Kind.PERMANENT if "ParamValidationError" in _class_names(error) else None
    return _found(code, _AWS_TRANSIENT, _AWS_PERMANENT)


def _by_status(error: BaseException) -> Kind | None:
    status = http_status(error)
    if status is None:
        return None
    return Kind.TRANSIENT if status in _TRANSIENT_STATUSES or status >= _SERVER_ERROR else Kind.PERMANENT


def _by_grpc(error: BaseException) -> Kind | None:
    code = grpc_code(error)
    return None if code is None else _found(code, _GRPC_TRANSIENT, _GRPC_PERMANENT)


def _by_smtp(error: BaseException) -> Kind | None:
    # RFC 5321, section 4.2.1: here it is the 4xx that may be tried again.
    code = smtp_code(error)
    if code is None:
        return None
    return Kind.TRANSIENT if code < _SERVER_ERROR else Kind.PERMANENT


def _by_class(error: BaseException) -> Kind:
    if isinstance(error, (ConnectionError, TimeoutError)):
        return Kind.TRANSIENT
    if isinstance(error, _MISTAKES):
        return Kind.UNKNOWN if _is_decode_error(error) else Kind.PERMANENT
    if not isinstance(error, OSError):
        return Kind.UNKNOWN
    # urllib wraps the system's error as the reason.
    reason = attribute(error, "reason")
    number = reason.errno if isinstance(reason, OSError) else error.errno
    return Kind.TRANSIENT if number in _NETWORK_ERRNOS else Kind.UNKNOWN


def _is_decode_error(error: BaseException) -> bool:
    names = _class_names(error)
    # msgspec's ValidationError is a DecodeError too, but its text was whole.
    return "JSONDecodeError" in names or ("DecodeError" in names and "ValidationError" not in names)


def _class_names(error: BaseException) -> set[str]:
    return {kind.__name__ for kind in type(error).__mro__}


def _found(code: str, transient: frozenset[str], permanent: frozenset[str]) -> Kind | None:
    return Kind.TRANSIENT if code in transient else Kind.PERMANENT if code in permanent else None
