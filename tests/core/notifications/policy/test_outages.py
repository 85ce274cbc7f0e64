"""Which outages of circuits are told, and when (law 53)."""

from __future__ import annotations

import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ninelives.notifications.alert import Phase
from ninelives.notifications.policy.grouping import Held
from ninelives.notifications.policy.outages import Outages

HOUR = 3_600


def test_an_outage_is_told_after_the_wait(scene):
    """A circuit that has not closed within 30 seconds is told exactly then, with the calls it has refused by then."""
    assert scene.opens() == Held(begins=True)
    assert scene.outages.next_due() == 30
    scene.clock.advance(10)
    assert [scene.refuses(), scene.refuses()] == [Held(begins=False)] * 2
    scene.clock.advance(19.999)
    assert scene.look() == []
    scene.clock.advance(0.001)
    [alert] = scene.look()
    assert (alert.phase, alert.count, alert.total, alert.after) == (Phase.OPENED, 2, 2, None)
    assert alert.occurrence.key == "circuit:api"
    assert (alert.first - alert.began).total_seconds() == 10
    assert scene.is_silent()


def test_what_closes_within_the_wait_is_not_told(scene):
    """Open and closed within the wait sends nothing, and says what was held back (law 53)."""
    scene.opens()
    scene.refuses()
    scene.clock.advance(29.999)
    alert = scene.closes()
    assert (alert.phase, alert.after, alert.count, alert.route.name) == (Phase.RECOVERED, None, 1, "shop")
    assert scene.is_silent()
    assert scene.told == []


def test_recovered_follows_opened(scene):
    """A circuit that was told of is told to have closed, by what follows the very alert that said it opened."""
    scene.opens()
    scene.wait(30)
    scene.refuses()
    scene.wait(70)
    alert = scene.closes()
    assert alert.after is scene.alerts[0]
    assert (alert.phase, alert.count, alert.total) == (Phase.RECOVERED, 1, 1)
    assert alert.occurrence.severity == "INFO"
    assert [(each - alert.began).total_seconds() for each in (alert.first, alert.last)] == [30, 100]
    assert scene.is_silent()


def test_why_it_opened_is_told_with_it(scene):
    """Each message of an outage has the latest failure that opened it, though that is known later than its opening."""
    first, second = scene.occurrence("first"), scene.occurrence("second")
    scene.opens()
    assert scene.opens(cause=first) == Held(begins=False)
    scene.wait(30)
    scene.opens()
    scene.opens(cause=second)
    scene.refuses()
    scene.wait(4 * HOUR)
    scene.closes()
    assert [alert.cause for alert in scene.alerts] == [first, second, second]
    scene.opens("another", cause=second)
    scene.wait(30)
    assert scene.alerts[-1].cause is second


def test_recovered_is_told_once(scene):
    """A circuit that nothing is known of, or that has closed already, has not recovered."""
    assert scene.closes() is None
    scene.opens()
    scene.wait(30)
    assert scene.closes().phase is Phase.RECOVERED
    assert scene.closes() is None
    scene.opens("another")
    assert scene.closes() is None


def test_an_outage_of_two_days(scene):
    """A circuit that is down for two days is told after 30 seconds, every 4 hours, and when it has closed."""
    scene.opens()
    for second in range(10, 48 * HOUR, 10):
        scene.wait(10)
        scene.refuses()
        if second % 60 == 0:
            scene.opens()  # again: its trial has failed
    scene.wait(10)
    scene.closes()
    every_four_hours = [(30 + number * 4 * HOUR, "continues", 1_440) for number in range(1, 12)]
    end = (48 * HOUR, "recovered", 1_437)
    assert scene.told == [(30, "opened", 2), *every_four_hours, end]
    assert scene.alerts[-1].total == 48 * 360 - 1
    assert {alert.after for alert in scene.alerts[1:]} == {scene.alerts[0]}


def test_an_outage_goes_on_only_where_calls_are_refused(scene):
    """A circuit that is open is told again only if calls were refused since the last message."""
    scene.opens()
    scene.wait(30 + 8 * HOUR)
    assert scene.is_silent()
    assert [scene.refuses(), scene.refuses()] == [Held(begins=True), Held(begins=False)]
    assert scene.outages.next_due() == 0
    scene.wait(0)
    assert scene.told == [(30, "opened", 0), (30 + 8 * HOUR, "continues", 2)]


def test_reopening_is_the_same_outage(scene):
    """A circuit that opens again without having closed begins nothing, and does not put off its message."""
    scene.opens()
    scene.wait(20)
    assert scene.opens() == Held(begins=False)
    scene.wait(24 * HOUR)
    assert scene.opens() == Held(begins=False)
    assert scene.told == [(30, "opened", 0)]
    assert scene.is_silent()


def test_opening_after_closing_is_another_outage(scene):
    """A circuit that has closed and opens again is waited for, and told, anew."""
    for _ in range(2):
        scene.opens()
        scene.refuses()
        scene.wait(40)
        scene.closes()
    assert scene.told == [(30, "opened", 1), (40, "recovered", 0), (70, "opened", 1), (80, "recovered", 0)]
    assert [alert.total for alert in scene.alerts] == [1] * 4
    assert scene.alerts[-1].first == scene.alerts[-1].last == scene.clock.now()


def test_a_refusal_begins_what_is_not_known(scene):
    """A circuit that refuses a call and was never said to open has an outage from then on, told by that refusal."""
    assert [scene.refuses(), scene.refuses()] == [Held(begins=True), Held(begins=False)]
    scene.wait(30)
    assert scene.told == [(30, "opened", 2)]
    assert scene.alerts[0].occurrence.key == "refused"
    scene.opens()
    scene.refuses()
    scene.wait(4 * HOUR)
    assert scene.alerts[1].occurrence.key == "circuit:api"


def test_without_a_wait_it_is_due_at_once(scene):
    """A wait of 0 is told as soon as somebody looks."""
    scene.opens(route=scene.route("shop", wait=0.0))
    assert scene.outages.next_due() == 0
    assert [alert.phase for alert in scene.look()] == [Phase.OPENED]


def test_an_outage_that_nobody_looked_at_in_time(scene):
    """What has outlasted its wait is told, and to have closed, though nobody has looked before it closed."""
    scene.opens()
    scene.refuses()
    scene.clock.advance(30)
    assert scene.closes() is None
    assert scene.outages.next_due() == 0
    opened, recovered = scene.look()
    assert (opened.phase, opened.count) == (Phase.OPENED, 1)
    assert (recovered.phase, recovered.count, recovered.total) == (Phase.RECOVERED, 0, 1)
    assert recovered.after is opened
    assert scene.is_silent()


def test_circuits_are_told_apart(scene):
    """Each circuit has its own outage."""
    scene.opens("api")
    scene.opens("bank")
    scene.wait(20)
    scene.closes("api")
    scene.wait(20)
    assert [alert.occurrence.key for alert in scene.alerts] == ["circuit:bank"]


def test_the_end_of_the_program_tells_what_was_refused(scene):
    """Leaving tells what was refused and not told, and what was to be told by then; what happens then is new."""
    scene.opens("overdue")
    scene.wait(1)
    for circuit in ("waiting", "waiting without refusals", "told", "told and silent"):
        scene.opens(circuit)
    scene.refuses("waiting")
    scene.refuses("told")
    scene.clock.advance(29)
    for alert in scene.outages.leave():
        scene.note([alert])
    assert [(alert.occurrence.key, alert.phase, alert.count) for alert in scene.alerts] == [
        ("circuit:overdue", "opened", 0),
        ("circuit:waiting", "opened", 1),
        ("circuit:told", "opened", 1),
    ]
    assert scene.is_silent()
    assert scene.opens("told") == Held(begins=True)


def test_the_end_of_the_program_goes_on_with_what_was_told(scene):
    """What was told to have begun is told to go on, if calls were refused since."""
    scene.opens()
    scene.wait(30)
    scene.refuses()
    assert [(alert.phase, alert.count) for alert in scene.outages.leave()] == [(Phase.CONTINUES, 1)]
    assert scene.outages.leave() == []


def test_nothing_is_due_where_nothing_opened():
    """Outages that were told of nothing have nothing to tell, ever."""
    outages = Outages()
    assert (outages.due(), outages.next_due(), outages.leave()) == ([], math.inf, [])


actions = st.lists(
    st.one_of(
        st.tuples(st.sampled_from(["opens", "refuses", "closes"]), st.sampled_from(["a", "b", "c"])),
        st.tuples(st.just("wait"), st.sampled_from([1, 29, 30, 31, 3_600, 14_400])),
        st.tuples(st.just("advance"), st.sampled_from([1, 29, 30, 3_600, 14_400])),
    ),
    max_size=60,
)


@given(actions=actions, limit=st.integers(1, 4))
@settings(deadline=None, max_examples=200)
def test_no_refusal_is_lost(new_scene, actions, limit):
    """Each refused call is in exactly one alert, or in what is said to be held back; each end follows its beginning."""
    scene = new_scene(outages=Outages(limit))
    refused = held_back = 0
    for action, what in actions:
        if action == "advance":
            scene.clock.advance(what)
            continue
        result = getattr(scene, action)(what)
        refused += action == "refuses"
        if action == "closes" and result is not None and result.after is None and result.flaps is None:
            held_back += result.count
    scene.note(scene.outages.leave())
    counted = sum(alert.count for alert in scene.alerts if not alert.others)
    crowded = sum(alert.count for alert in scene.alerts if alert.others)
    assert counted + held_back <= refused <= counted + held_back + crowded
    assert crowded == 0 or limit < 3
    for number, alert in enumerate(scene.alerts):
        assert (alert.after is None) == (alert.phase in {Phase.OPENED, Phase.NEW} or alert.others)
        assert alert.after is None or alert.after in scene.alerts[:number]
    ends = [alert.after for alert in scene.alerts if alert.phase is Phase.RECOVERED]
    assert len(ends) == len(set(ends))


@pytest.mark.parametrize("looks", [True, False])
def test_a_circuit_that_opens_and_closes_all_day_is_told_only_where_it_stays_open(scene, looks):
    """Of a circuit that is open for 10 seconds in every 20 nothing is told, whether anyone looks or not."""
    for _ in range(1_000):
        scene.opens()
        (scene.wait if looks else scene.clock.advance)(10)
        scene.closes()
        (scene.wait if looks else scene.clock.advance)(10)
    assert scene.told == scene.look() == []
