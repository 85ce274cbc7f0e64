"""SQS behind a network that fails: every fault is a `StoreError` that may pass, within the time-out."""

from __future__ import annotations

import contextlib
import time

import pytest
from msgspec import structs

from ninelives import StoreError
from ninelives.testing.contracts.letters import letter
from ninelives.testing.proxy import FaultProxy
from ninelives_aws.options import AwsOptions

QUICK = AwsOptions(connect_timeout=0.3, read_timeout=0.3)
SOON = AwsOptions(connect_timeout=0.5, read_timeout=0.5)
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


def put_once(store):
    """Put a letter, however often it takes: on a machine with much to do a good answer may be late, too."""
    for _ in range(100):
        with contextlib.suppress(StoreError):
            return store.put(letter())
    raise AssertionError("no letter was put")


@pytest.mark.parametrize("use", USES)
@pytest.mark.parametrize("fault", FAULTS)
def test_a_fault_in_the_middle_may_pass(proxy, through, fault, use):
    """The same on a connection that has worked before; and when the network works again, so does the store."""
    store = through(PATIENT)
    store.put(letter())
    store.close()
    quick = through(SOON)
    put_once(quick)
    FAULTS[fault](proxy)
    began = time.monotonic()
    with pytest.raises(StoreError) as caught:
        USES[use](quick)
    assert time.monotonic() - began < SOON.connect_timeout + SOON.read_timeout + GRACE
    assert caught.value.transient
    proxy.works()
    store.put(letter())
    assert store.count() >= 3


@pytest.mark.parametrize("fault", FAULTS)
def test_a_fault_while_a_letter_goes_back_loses_nothing(proxy, through, clock, fault):
    """Whatever fails while a letter that failed again is put back, it is there when its lease has ended."""
    store, quick, kept = through(PATIENT), through(SOON), letter(1)
    store.put(kept)
    (lease,) = store.receive(1, lease=60)
    put_once(quick)  # it knows the queue's limit: to send is what fails
    FAULTS[fault](proxy)
    with pytest.raises(StoreError):
        quick.release(lease, structs.replace(kept, replay_count=1))
    proxy.works()
    clock.advance(60)
    assert kept.id in {one.letter.id for one in store.receive(10, lease=60)}


def test_a_silent_service_costs_a_check_its_own_time_out(proxy, through):
    """`check` gives up after the seconds that it is given."""
    proxy.silent()
    store = through(PATIENT)
    began = time.monotonic()
    with pytest.raises(StoreError):
        store.check(timeout=0.5)
    assert time.monotonic() - began < 0.5 + GRACE
