"""What became of one alert: no channel is sent it twice, and who comes second is told how the first one fared."""

from __future__ import annotations

from threading import Barrier, Thread

import pytest

from ninelives.errors import ChannelError
from ninelives.notifications.dispatch.results import Results
from ninelives.notifications.outlet import Outlet
from ninelives.notifications.route import Destination
from ninelives.testing.recorders import RecordingChannel


@pytest.fixture
def outlet():
    return Outlet(RecordingChannel(), "pager:")


def test_one_of_many_claims(outlet):
    """Of threads that claim a channel at once, one sends."""
    results, barrier, claims = Results(), Barrier(8), list[bool]()

    def claim():
        barrier.wait()
        claims.append(results.claim(outlet))

    threads = [Thread(target=claim) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(claims) == [False] * 7 + [True]
    assert results.is_claimed(outlet)


@pytest.mark.parametrize("outcome", [None, ChannelError("down")])
def test_the_second_waits_for_the_outcome(outlet, outcome):
    """Who did not get the claim is told what came of it, as soon as it is known."""
    results, told = Results(), list[BaseException | None]()
    assert results.claim(outlet)
    thread = Thread(target=lambda: told.append(results.outcome(outlet)))
    thread.start()
    assert results.outcomes() == {}
    assert results.settle(outlet, outcome)
    thread.join()
    assert told == [outcome]
    assert results.outcomes() == {outlet.key: outcome}


def test_the_first_outcome_stays(outlet):
    """What comes back after its time was up changes nothing."""
    results, late = Results(), ChannelError("late")
    assert results.settle(outlet, late)
    assert not results.settle(outlet, None)
    assert results.outcome(outlet) is late


def test_a_destination_is_done_with_once(outlet):
    """One of two that conclude a destination does so; who took a later alert of an outage is told what follows."""
    results, destination = Results(), Destination((outlet,))
    assert not results.is_concluded(destination)
    assert results.conclude(destination, None)
    assert not results.conclude(destination, outlet)
    assert results.is_concluded(destination)
    assert results.taker(destination) is None
    results.follow(destination, outlet)
    assert results.taker(destination) is outlet


def test_two_numbers_of_one_label_are_two():
    """Channels are told apart by their addresses, not by what is shown of them."""
    from ninelives.address import Address

    first, second = (
        Outlet(RecordingChannel(), "sms:+1XXXXXXXXXX", address=Address("sms", number))
        for number in ("+15551230000", "+15551230001")
    )
    again = Outlet(RecordingChannel(), "sms:+1XXXXXXXXXX", address=Address("sms", "+15551230000"))
    results = Results()
    assert results.claim(first)
    assert results.claim(second)
    assert not results.claim(again)
