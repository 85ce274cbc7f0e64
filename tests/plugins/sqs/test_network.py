"""SQS behind a network that fails: every fault is a `StoreError` that may pass, within the time-out."""

from __future__ import annotations

import time

import pytest

from ninelives import StoreError
from ninelives.testing.contracts.letters import letter
from ninelives.testing.proxy import FaultProxy
from ninelives_aws.options import AwsOptions

QUICK = AwsOptions(connect_timeout=0.3, read_timeout=0.3)
PATIENT = AwsOptions(connect_timeout=30.0, read_timeout=30.0)
GRACE = 5.0  # seconds more, for a machine with much to do

FAULTS = {
    "silent": lambda proxy: proxy.silent(),
    "refuse": lambda proxy: proxy.refuse(),
    "cut at once": lambda proxy: proxy.cut(after=0),
    "cut in the answer": lambda proxy: proxy.cut(after=100),
    "reset in the answer": lambda proxy: proxy.cut(after=100, reset=True),
    "delay": lambda proxy: proxy.delay(30),
}

USES = {
    "put": lambda store: store.put(letter()),
    "receive": lambda store: store.receive(1, lease=60),
}


@pytest.fixture
def proxy(service):
    with FaultProxy("127.0.0.1", service.port) as proxy:
        yield proxy


@pytest.fixture
def through(proxy, queue_url, service, make_store):
    """Makes a store that reaches the queue through the proxy."""
    return lambda options: make_store(queue_url.replace(service.endpoint, f"http://{proxy.address}"), options=options)


@pytest.mark.parametrize("use", USES)
@pytest.mark.parametrize("fault", FAULTS)
def test_a_fault_may_pass(proxy, through, fault, use):
    """Whatever the network does, it is an error that may pass, no later than the time-out; with a fresh connection."""
    store = through(QUICK)
    FAULTS[fault](proxy)
    began = time.monotonic()
    with pytest.raises(StoreError) as caught:
        USES[use](store)
    assert time.monotonic() - began < QUICK.connect_timeout + QUICK.read_timeout + GRACE
    assert caught.value.transient


@pytest.mark.parametrize("use", USES)
@pytest.mark.parametrize("fault", FAULTS)
def test_a_fault_in_the_middle_may_pass(proxy, through, fault, use):
    """The same on a connection that has worked before; and when the network works again, so does the store."""
    store = through(PATIENT)
    store.put(letter())
    store.close()
    quick = through(AwsOptions(connect_timeout=2.0, read_timeout=2.0))
    quick.put(letter())
    FAULTS[fault](proxy)
    began = time.monotonic()
    with pytest.raises(StoreError) as caught:
        USES[use](quick)
    assert time.monotonic() - began < 4.0 + GRACE
    assert caught.value.transient
    proxy.works()
    store.put(letter())
    assert store.count() >= 3


def test_a_silent_service_costs_a_check_its_own_time_out(proxy, through):
    """`check` gives up after the seconds that it is given."""
    proxy.silent()
    store = through(PATIENT)
    began = time.monotonic()
    with pytest.raises(StoreError):
        store.check(timeout=0.5)
    assert time.monotonic() - began < 0.5 + GRACE
