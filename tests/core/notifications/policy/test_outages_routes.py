"""Who is told of an outage, and how many there are at most."""

from __future__ import annotations

import pytest

from ninelives.address import Address
from ninelives.notifications.alert import Phase
from ninelives.notifications.notification import ErrorSeverity
from ninelives.notifications.outlet import Outlet
from ninelives.notifications.policy.grouping import Held
from ninelives.notifications.policy.outages import Outages
from ninelives.notifications.route import Destination
from ninelives.testing.clock import FakeClock
from ninelives.testing.recorders import RecordingChannel

INFO, WARNING, ERROR, CRITICAL = ErrorSeverity


@pytest.fixture
def small(new_scene):
    """A scene in which two outages are told apart."""
    return new_scene(outages=Outages(limit=2))


def phone(severity=INFO, number="1"):
    address = Address("sms", f"+1555000000{number}")
    return Destination((Outlet(RecordingChannel(), "sms:+1XXXXXXXXXX", address=address),), severity)


def destinations(scene):
    return scene.alerts[-1].route.destinations


def test_all_routes_that_know_of_a_circuit_are_told_together(scene):
    """Pipelines that share a circuit are one alert, which goes to the destinations of all of them."""
    scene.opens(route=scene.route("shop", scene.pager))
    scene.refuses(route=scene.route("cellar", scene.mail, scene.pager))
    scene.wait(30)
    assert scene.told == [(30, "opened", 1)]
    assert destinations(scene) == (scene.pager, scene.mail)
    attic = scene.destination()
    scene.opens(route=scene.route("attic", attic))
    scene.closes()
    assert destinations(scene) == (scene.pager, scene.mail, attic)


def test_one_destination_is_told_once(scene):
    """Destinations with one address are one: by the latest channel, since an older one may be closed by now."""
    first, again, another = phone(), phone(), phone(number="2")
    scene.opens(route=scene.route("shop", first, another))
    scene.opens(route=scene.route("cellar", again))
    scene.wait(30)
    assert [each.outlets for each in destinations(scene)] == [again.outlets, another.outlets]


@pytest.mark.parametrize(("one", "other"), [(CRITICAL, WARNING), (WARNING, CRITICAL), (WARNING, WARNING)])
def test_one_destination_is_told_from_its_least_severity_on(scene, one, other):
    """Where one address has two least severities, the lesser holds, whichever came first."""
    scene.opens(route=scene.route("shop", phone(one)))
    scene.opens(route=scene.route("cellar", phone(other)))
    scene.wait(30)
    assert [each.severity for each in destinations(scene)] == [WARNING]


def test_the_destinations_of_an_outage_are_bounded(scene):
    """A circuit that outlives pipelines with channels of their own, one for each call, keeps a hundred of them."""
    for number in range(150):
        scene.opens(route=scene.route(f"job {number}", scene.destination()))
    scene.wait(30)
    assert len(destinations(scene)) == 100


def test_the_latest_route_says_how_it_is_sent(scene):
    """Everything but the destinations is as the latest route has it."""
    scene.opens(route=scene.route("shop"))
    latest = scene.route("cellar", repeat_interval=60.0)
    scene.opens(route=latest)
    scene.wait(30)
    assert scene.alerts[0].route.name == "cellar"
    scene.refuses(route=latest)
    assert scene.outages.next_due() == 60


def test_routes_with_clocks_of_their_own_have_outages_of_their_own(scene):
    """Times of two clocks can't be compared: each has its outage; one that closes ends both."""
    clock = FakeClock()
    other, third = scene.route("shop", clock=clock), scene.route("shop", clock=FakeClock())
    assert [scene.opens(route=each) for each in (scene.shop, other, third)] == [Held(begins=True)] * 3
    clock.advance(30)
    scene.look()
    scene.wait(30)
    assert [alert.phase for alert in scene.alerts] == [Phase.OPENED] * 2
    assert scene.closes().phase is Phase.RECOVERED
    assert [alert.phase for alert in scene.look()] == [Phase.RECOVERED]
    assert {alert.after for alert in scene.alerts[2:]} == set(scene.alerts[:2])
    assert scene.is_silent()


def test_a_quiet_outage_makes_room(small):
    """The outage of which nothing was heard for longest makes room after an hour; what it counted is told."""
    small.opens("told and silent")
    small.clock.advance(1)
    small.opens("told")
    small.wait(30)
    small.refuses("told")
    small.wait(3_600)
    assert small.opens("new") == small.opens("newer") == Held(begins=True)
    assert [(alert.phase, alert.count) for alert in small.look()] == [(Phase.CONTINUES, 1)]
    small.wait(30)
    assert [alert.occurrence.key for alert in small.alerts[-2:]] == ["circuit:new", "circuit:newer"]


def test_an_outage_that_something_was_heard_of_makes_no_room(small):
    """An outage of which something was heard within the hour stays; the other one goes, though it began later."""
    small.opens("first")
    small.opens("second")
    small.wait(30)
    small.clock.advance(3_500)
    small.refuses("first")
    small.clock.advance(100)
    small.opens("third")
    assert small.closes("second") is None
    assert small.closes("first").phase is Phase.RECOVERED


def test_what_makes_room_for_nobody_stays(small):
    """Where something was heard of all within the hour, none makes room."""
    small.opens("first")
    small.opens("second")
    small.clock.advance(3_599)
    small.refuses("second")
    small.refuses("first")
    small.clock.advance(3_599)
    small.opens("third")
    assert {alert.occurrence.key: alert.others for alert in small.look()} == {
        "circuit:first": False,
        "circuit:second": False,
        "circuit:third": True,
    }


def test_an_outage_that_nobody_looked_at_makes_room_as_well(small):
    """An outage that makes room before anyone has looked is told to have begun."""
    small.opens("a")
    small.opens("b")
    small.clock.advance(3_600)
    small.opens("c")
    assert [alert.occurrence.key for alert in small.look()] == ["circuit:a", "circuit:b"]


def test_what_happens_to_further_circuits_is_one_kind(small):
    """Where there is no room, what happens to further circuits is told as a kind for others is: nothing is lost."""
    small.opens("a")
    small.opens("b")
    assert small.opens("c") == Held(begins=True)
    assert small.outages.next_due() == 0
    assert [small.refuses("c"), small.refuses("d")] == [Held(begins=True), Held(begins=False)]
    assert small.closes("c") is None
    small.wait(300)
    others = [(alert.phase, alert.count) for alert in small.alerts if alert.others]
    assert others == [(Phase.NEW, 1), (Phase.CONTINUES, 2)]
    small.refuses("d")
    assert [(alert.count, alert.others) for alert in small.outages.leave()] == [(1, True)]


def test_no_room_for_any_outage(new_scene):
    """With a limit of 0 all are others."""
    scene = new_scene(outages=Outages(limit=0))
    assert scene.refuses() == Held(begins=True)
    assert [alert.others for alert in scene.look()] == [True]
