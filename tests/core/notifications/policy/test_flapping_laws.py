"""However a circuit flaps: nothing is lost, and the messages of an hour are few."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from ninelives.notifications.alert import Phase
from ninelives.notifications.policy.outages import Outages

HOUR, WAIT, GROUP_INTERVAL = 3_600, 30, 300

short = st.sampled_from([1, 29, 30, 40, 250, 299])
any_length = st.one_of(short, st.sampled_from([300, 301, 700, 20_000]))
pause = st.sampled_from([1, 5, 60, 299, 300, 1_000, 3_599, 3_600, 20_000])
circuits = st.sampled_from(["a", "b", "c"])


def outages(opened):
    """Which circuit, how long it is open and how many calls it refuses, and how long it is closed then."""
    return st.lists(st.tuples(circuits, opened, st.integers(0, 2), pause), max_size=40)


def play(scene, outages, *, looks=True):
    """Let all of it happen; the ends of those that were held back for good."""
    let_pass = scene.wait if looks else scene.clock.advance
    ends = []
    for circuit, opened, refused, closed in outages:
        scene.opens(circuit)
        for _ in range(refused):
            scene.refuses(circuit)
        let_pass(opened)
        end = scene.closes(circuit)
        if end is not None and end.after is end.flaps is None:
            ends.append(end)
        let_pass(closed)
    return ends


@given(outages=outages(any_length), limit=st.integers(1, 3), looks=st.booleans())
@settings(deadline=None, max_examples=200)
def test_each_outage_and_each_refused_call_is_told_once(new_scene, outages, limit, looks):
    """Each outage is told by itself, or counted in what is said of flapping, or held back for good; so is each call."""
    scene = new_scene(outages=Outages(limit))
    ends = play(scene, outages, looks=looks)
    scene.note(scene.outages.leave())
    flaps = sum(alert.flaps.times for alert in scene.alerts if alert.flaps)
    opened = sum(alert.phase is Phase.OPENED for alert in scene.alerts)
    assert len(ends) + flaps + opened == len(outages)
    told = sum(alert.count for alert in scene.alerts)
    assert sum(end.count for end in ends) + told == sum(refused for _, _, refused, _ in outages)
    assert scene.is_silent()


@given(outages=outages(any_length))
@settings(deadline=None, max_examples=200)
def test_all_is_told_in_time(new_scene, outages):
    """Whoever looks only when something is due has heard all before the program ends, and `due` leaves nothing."""
    scene = new_scene()
    for outage in outages:
        play(scene, [outage])
        assert scene.outages.next_due() > 0
    scene.wait(5 * HOUR)
    assert scene.is_silent()
    assert scene.outages.leave() == []


def most_in_an_hour(scene, circuit):
    """How many messages of one circuit there were in any hour."""
    times = [
        time
        for time, alert in zip(scene.times, scene.alerts, strict=True)
        if alert.occurrence.key == f"circuit:{circuit}"
    ]
    return max((sum(start <= time < start + HOUR for time in times) for start in times), default=0)


@given(outages=outages(short))
@settings(deadline=None, max_examples=200)
def test_short_outages_are_few_messages(new_scene, outages):
    """Of a circuit that never lasts there are seven messages in an hour at most, when it flaps again just after."""
    scene = new_scene()
    play(scene, outages)
    assert all(most_in_an_hour(scene, circuit) <= 7 for circuit in "abc")


@given(outages=outages(any_length))
@settings(deadline=None, max_examples=200)
def test_outages_that_last_are_told_no_more_often_than_they_can(new_scene, outages):
    """In an hour two are told each by itself, and then at most one in five minutes, each with its end."""
    scene = new_scene()
    play(scene, outages)
    most = 2 * (2 + HOUR // GROUP_INTERVAL) + 3
    assert all(most_in_an_hour(scene, circuit) <= most for circuit in "abc")


@given(outages=outages(any_length))
@settings(deadline=None, max_examples=200)
def test_it_is_said_what_flaps_and_when_no_more(new_scene, outages):
    """Who was told last that a circuit flaps is told that it opened for longer, or that it flaps no more."""
    scene = new_scene()
    play(scene, outages)
    scene.wait(5 * HOUR)
    for circuit in "abc":
        told = [alert for alert in scene.alerts if alert.occurrence.key == f"circuit:{circuit}"]
        for alert in told:
            if alert.flaps and alert.phase is Phase.CONTINUES:
                assert alert.after in told
                assert alert.flaps.times or alert.flaps.over
        assert not told or told[-1].phase is Phase.RECOVERED or told[-1].flaps.over
