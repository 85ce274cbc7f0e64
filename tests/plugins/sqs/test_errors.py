"""What SQS and its SDK say went wrong, as `StoreError`s that say whether it may pass and what to do."""

from __future__ import annotations

import socket

import pytest
from botocore.exceptions import (
    ConnectionClosedError,
    ConnectTimeoutError,
    CredentialRetrievalError,
    EndpointConnectionError,
    NoCredentialsError,
    ReadTimeoutError,
)

from ninelives import LetterFilter, StoreError
from ninelives.testing.contracts.letters import letter
from ninelives_aws.options import AwsOptions

URL = "https://sqs.us-east-1.amazonaws.com/123456789012/dead-letters"

REQUESTS = ("get_queue_attributes", "send_message", "send_message_batch", "receive_message")

USES = {
    "put": lambda store: store.put(letter()),
    "put_many": lambda store: store.put_many([letter()]),
    "receive": lambda store: store.receive(1, lease=60),
    "browse": lambda store: store.browse(LetterFilter(), limit=1),
    "get": lambda store: store.get("x"),
    "claim": lambda store: store.claim(["x"], lease=60),
    "count": lambda store: store.count(),
    "check": lambda store: store.check(timeout=1),
}

SERVICE = {
    "throttled": ("RequestThrottled", 400, True, "too often"),
    "throttled, as it was called": ("ThrottlingException", 400, True, "too often"),
    "in flight": ("OverLimit", 403, True, "in flight"),
    "internal": ("InternalError", 500, True, "trouble of its own"),
    "unavailable": ("ServiceUnavailable", 503, True, "trouble of its own"),
    "expired token": ("ExpiredToken", 403, True, "expired"),
    "access denied": ("AccessDenied", 403, False, "access denied"),
    "no such queue": ("AWS.SimpleQueueService.NonExistentQueue", 400, False, "no such queue"),
    "no such queue, as it is called": ("QueueDoesNotExist", 400, False, "no such queue"),
    "wrong key": ("InvalidClientTokenId", 403, False, "not accepted"),
    "encryption": ("KmsAccessDenied", 400, False, "access denied"),
}

SDK = {
    "timeout": (ReadTimeoutError(endpoint_url=URL), True),
    "connect timeout": (ConnectTimeoutError(endpoint_url=URL), True),
    "refused": (EndpointConnectionError(endpoint_url=URL, error=ConnectionRefusedError()), True),
    "name": (EndpointConnectionError(endpoint_url=URL, error=socket.gaierror(-2, "Name not known")), True),
    "reset": (ConnectionClosedError(endpoint_url=URL), True),
    "system": (ConnectionResetError(104, "reset"), True),
    "credentials away": (CredentialRetrievalError(provider="x", error_msg="away"), True),
    "no credentials": (NoCredentialsError(), False),
}


@pytest.mark.parametrize("use", USES)
@pytest.mark.parametrize("which", SERVICE)
def test_what_the_service_says(stubbed, refusal, use, which):
    """Every error of the service is a `StoreError` with the queue's name, what it means, and whether it may pass."""
    code, status, transient, words = SERVICE[which]
    error = refusal(code, "because", status)
    store, _ = stubbed(**dict.fromkeys(REQUESTS, error))
    with pytest.raises(StoreError, match=words) as caught:
        USES[use](store)
    assert caught.value.transient is transient
    assert store.name in str(caught.value)


@pytest.mark.parametrize("use", USES)
@pytest.mark.parametrize("which", SDK)
def test_what_the_sdk_says(stubbed, use, which):
    """Every error of the SDK and of the system is a `StoreError` that says whether it may pass."""
    error, transient = SDK[which]
    store, _ = stubbed(**dict.fromkeys(REQUESTS, error))
    with pytest.raises(StoreError) as caught:
        USES[use](store)
    assert caught.value.transient is transient
    assert store.name in str(caught.value)


def test_missing_credentials_say_what_to_do(aws_environment, monkeypatch, make_store):
    """Without credentials nothing is sent, and the error says where to put them."""
    monkeypatch.delenv("AWS_ACCESS_KEY_ID")
    monkeypatch.delenv("AWS_SECRET_ACCESS_KEY")
    with pytest.raises(StoreError, match="AWS_ACCESS_KEY_ID") as caught:
        make_store(URL).put(letter())
    assert not caught.value.transient


def test_a_missing_region_says_what_to_do(aws_environment, monkeypatch, make_store):
    """Where neither the URL nor the environment says a region, the error says where to name one."""
    monkeypatch.delenv("AWS_DEFAULT_REGION")
    with pytest.raises(StoreError, match="region=") as caught:
        make_store("http://127.0.0.1:9/1/q").put(letter())
    assert not caught.value.transient


def test_a_missing_queue_says_so(service, make_store):
    """A queue that is not there is told from a service that is not there."""
    with pytest.raises(StoreError, match="there is no such queue") as caught:
        make_store(f"{service.endpoint}/123456789012/none").put(letter())
    assert not caught.value.transient


def test_a_host_that_is_not_there_may_come(aws_environment, make_store):
    """A name that can't be resolved, and a port where nobody listens, may be there later."""
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        for host in ("nowhere.invalid", f"127.0.0.1:{unused.getsockname()[1]}"):
            store = make_store(f"http://{host}/1/q", options=AwsOptions(connect_timeout=2.0, read_timeout=2.0))
            with pytest.raises(StoreError) as caught:
                store.put(letter())
            assert caught.value.transient
