"""What became of one alert: no channel is sent it twice, and who comes second is told how the first one fared."""

from __future__ import annotations

from threading import Barrier, Thread

import pytest

from ninelives.errors import ChannelError
from ninelives.notifications.dispatch.results import Results
from ninelives.notifications.outlet import Outlet
from ninelives.notifications.route import Destination
from ninelives.testing.recorders import RecordingChannel

DOWN = ChannelError("down")


@pytest.fixture
def outlet():
    return Outlet(RecordingChannel(), "pager:")


@pytest.fixture
def alone(outlet):
    return Destination((outlet,))


@pytest.fixture
def group(outlet):
    """A group whose second channel stands by itself too."""
    return Destination((Outlet(RecordingChannel(), "first:"), outlet))


def test_one_of_many_claims(outlet, alone):
    """Of threads that claim a channel at once, one sends."""
    results, barrier, claims = Results(), Barrier(8), list[bool]()

    def claim():
        barrier.wait()
        claims.append(results.claim(outlet, alone))

    threads = [Thread(target=claim) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(claims) == [False] * 7 + [True]


@pytest.mark.parametrize("outcome", [None, ChannelError("down")])
def test_the_second_waits_for_the_outcome(outlet, alone, outcome):
    """Who did not get the claim is told what came of it, as soon as it is known."""
    results, told = Results(), list[BaseException | None]()
    assert results.claim(outlet, alone)
    thread = Thread(target=lambda: told.append(results.outcome(outlet, alone)))
    thread.start()
    assert results.outcomes() == {}
    assert results.settle(outlet, outcome)
    thread.join()
    assert told == [outcome]
    assert results.outcomes() == {outlet.key: outcome}


def test_the_first_outcome_stays(outlet, alone):
    """What comes back after its time was up changes nothing."""
    results, late = Results(), ChannelError("late")
    assert results.settle(outlet, late)
    assert not results.settle(outlet, None)
    assert results.outcome(outlet, alone) is late


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
    assert results.claim(first, Destination((first,)))
    assert results.claim(second, Destination((second,)))
    assert not results.claim(again, Destination((again,)))


def test_nobody_sends_for_a_destination_that_is_done_with(outlet, alone):
    """What begins too late is not sent: nobody waits for it."""
    results = Results()
    assert results.conclude(alone, None)
    assert not results.claim(outlet, alone)
    assert "still being sent" in str(results.outcome(outlet, alone))


def test_who_is_to_log_it_knows_until_it_is_done(outlet, alone):
    """Why nobody took it is told the thread that found that, and no other, until it has logged it."""
    results, told = Results(), []
    assert results.conclude(alone, None, [(outlet, DOWN)])
    assert not results.conclude(alone, None, [(outlet, DOWN)])
    thread = Thread(target=lambda: told.append(results.unlogged(alone)))
    thread.start()
    thread.join()
    assert told == [[]]
    assert results.unlogged(alone) == [(outlet, DOWN)]
    results.logged(alone)
    assert results.unlogged(alone) == []


class TestAbandoning:
    """A destination that nobody waits for any more."""

    def test_what_is_sent_on_its_behalf_has_failed(self, outlet, alone):
        """What it has begun has failed, once."""
        results = Results()
        results.claim(outlet, alone)
        assert results.abandon(alone, [outlet], DOWN) == ([outlet], None)
        assert results.abandon(alone, [outlet], DOWN) is None
        assert results.is_concluded(alone)
        assert results.unlogged(alone) == [(outlet, DOWN)]
        assert not results.settle(outlet, None)

    def test_what_was_not_begun_has_failed_at_its_first_channel(self, group):
        """Where nothing was begun, the first channel stands for it: it is not sent there any more."""
        results, first = Results(), group.outlets[0]
        assert results.abandon(group, group.outlets, DOWN) == ([first], None)
        assert not results.claim(first, Destination((first,)))

    def test_what_another_sends_is_left_to_it(self, outlet, alone, group):
        """Its other channels have the outcome that those have who send there."""
        results, first = Results(), group.outlets[0]
        results.claim(outlet, alone)
        assert results.abandon(group, group.outlets, DOWN) == ([first], None)
        assert results.settle(outlet, None)
        assert results.outcomes() == {first.key: DOWN, outlet.key: None}

    def test_what_another_has_sent_is_taken(self, outlet, alone, group):
        """A channel of it that has accepted it has taken it, whoever sent it there; nothing else is told then."""
        results = Results()
        results.claim(outlet, alone)
        results.settle(outlet, None)
        failed, taker = results.abandon(group, group.outlets, DOWN)
        assert (failed, taker) == ([], outlet)
        assert results.taker(group) is outlet

    def test_where_others_send_everywhere_that_is_the_reason(self, outlet, alone, group):
        """Where all its channels are being sent to by others, none has failed, and there is no other reason."""
        results = Results()
        results.claim(outlet, group)
        assert results.abandon(alone, [outlet], DOWN) == ([], None)
        assert [(each, str(error)) for each, error in results.unlogged(alone)] == [
            (outlet, "it is still being sent there")
        ]
