"""A circuit that opens and closes over and over is told twice, then counted, and told together."""

from __future__ import annotations

import pytest

from ninelives.notifications.alert import Phase
from ninelives.notifications.policy.grouping import Held
from ninelives.testing.clock import FakeClock

HOUR, DAY = 3_600, 86_400


def flap(scene, times, opened=60, closed=30, circuit="api", **how):
    """Let a circuit open and close so often; each time it refuses a call every ten seconds while it is open."""
    ends = []
    for _ in range(times):
        scene.opens(circuit, **how)
        for _ in range(opened // 10):
            scene.wait(10)
            scene.refuses(circuit, **how)
        ends.append(scene.closes(circuit))
        scene.wait(closed)
    return ends


def test_a_flapping_day(scene):
    """Of a circuit that flaps for a day people hear of two outages, seven times that it flaps, and of the end."""
    flap(scene, 24 * 40)
    scene.wait(DAY)
    every_four_hours = [(450 + number * 4 * HOUR, "continues", 160 * 6) for number in range(1, 6)]
    assert scene.told == [
        (30, "opened", 2),
        (60, "recovered", 4),
        (120, "opened", 2),
        (150, "recovered", 4),
        (450, "continues", 3 * 6),
        *every_four_hours,
        (450 + 6 * 4 * HOUR, "continues", 155 * 6),
        (DAY - 30 + HOUR, "continues", 0),
    ]
    assert [alert.flaps.times for alert in scene.alerts[4:]] == [3, 160, 160, 160, 160, 160, 155, 0]
    assert [alert.flaps.over for alert in scene.alerts[4:]] == [False] * 7 + [True]
    assert {alert.after for alert in scene.alerts[3:]} == {scene.alerts[2]}
    assert {alert.flaps for alert in scene.alerts[:4]} == {None}
    assert scene.is_silent()


def test_what_is_said_of_flapping(scene):
    """The message says since when it flaps, how many calls were refused, the first and the last, by what opened it."""
    start = scene.clock.now()
    ends = flap(scene, 3)
    assert [alert.flaps for alert in ends[:2]] == [None, None]
    assert (ends[2].after, ends[2].count, ends[2].flaps.times, ends[2].flaps.over) == (None, 6, 1, False)
    flap(scene, 1, opened=10)
    scene.wait(HOUR)
    alert = scene.alerts[4]
    assert (alert.count, alert.total, alert.flaps.times) == (7, 7, 2)
    since = (alert.began, alert.flaps.since, alert.first, alert.last)
    assert [(each - start).total_seconds() for each in since] == [180, 180, 190, 280]
    assert alert.occurrence.key == "circuit:api"
    assert [each.key for each in alert.route.destinations] == [scene.pager.key]


def test_flapping_without_refusals(scene):
    """A circuit that flaps and refuses nobody is told to flap: when it has closed last stands for the calls."""
    start = scene.clock.now()
    for _ in range(3):
        scene.opens()
        scene.wait(40)
        scene.closes()
        scene.wait(10)
    scene.wait(HOUR)
    told = scene.alerts[4]
    assert (told.count, told.flaps.times) == (0, 1)
    assert [(each - start).total_seconds() for each in (told.began, told.first, told.last)] == [100, 140, 140]


def test_an_outage_that_lasts_is_told(scene):
    """While it flaps, an outage is told when it has lasted for five minutes, with what was counted before it."""
    flap(scene, 7)
    start = scene.clock.monotonic()
    assert scene.opens() == Held(begins=True)
    scene.refuses()
    scene.wait(299.9)
    assert len(scene.told) == 5
    scene.wait(0.1)
    assert scene.told[5:] == [(start + 300, "opened", 13)]
    told = scene.alerts[5]
    assert (told.total, told.after, told.flaps.times) == (1, None, 2)
    assert [(told.began - each).total_seconds() for each in (told.flaps.since, told.first)] == [180, 170]
    scene.wait(DAY)
    scene.refuses()
    scene.closes()
    assert scene.told[6:] == [(start + 300 + DAY, "recovered", 1)]
    over = scene.alerts[6]
    assert (over.after, over.total, over.flaps) == (told, 2, None)
    scene.wait(DAY)
    assert len(scene.told) == 7


def test_an_outage_that_lasts_and_nobody_looked_at(scene):
    """What has lasted for five minutes is told, though nobody has looked before it closed."""
    flap(scene, 3)
    scene.opens()
    scene.clock.advance(300)
    assert scene.closes() is None
    opened, recovered = scene.look()
    assert (opened.phase, opened.count, opened.flaps.times) == (Phase.OPENED, 6, 1)
    assert (recovered.phase, recovered.after, recovered.flaps) == (Phase.RECOVERED, opened, None)


def test_flapping_is_told_five_minutes_after_the_last_word(scene):
    """That it has recovered is corrected after five minutes; that it flaps is repeated after four hours."""
    flap(scene, 8)
    flap(scene, 1, opened=400)
    start = scene.clock.monotonic() - 30
    flap(scene, 200)
    assert scene.told[5:] == [
        (start - 100, "opened", 47),
        (start, "recovered", 11),
        (start + 300, "continues", 18),
        (start + 300 + 4 * HOUR, "continues", 160 * 6),
    ]


def test_flapping_is_over_when_it_stays_closed(scene):
    """An hour without opening ends it: what was counted is told, and the next two outages are told each by itself."""
    flap(scene, 3, closed=30)
    scene.wait(HOUR - 30)
    assert [(time, phase) for time, phase, _ in scene.told[4:]] == [(450, "continues"), (240 + HOUR, "continues")]
    assert [alert.flaps.times for alert in scene.alerts[4:]] == [1, 0]
    assert [alert.flaps.over for alert in scene.alerts[4:]] == [False, True]
    flap(scene, 3, closed=HOUR - 1)
    phases = [phase for _, phase, _ in scene.told[6:]]
    assert phases == ["opened", "recovered", "opened", "recovered", "continues"]


def test_that_it_is_over_is_told_before_it_opens_again(scene):
    """Where nobody has looked for an hour, what was counted is told first, and the next outage as if it were new."""
    flap(scene, 3)
    scene.clock.advance(HOUR)
    scene.opens()
    assert scene.outages.next_due() == 0
    scene.wait(30)
    assert [(alert.phase, alert.count) for alert in scene.alerts[4:]] == [(Phase.CONTINUES, 6), (Phase.OPENED, 0)]
    assert scene.alerts[4].flaps.over


def test_an_outage_of_now_and_then(scene):
    """A circuit that opens once in an hour and a bit does not flap: each outage is told."""
    flap(scene, 10, closed=HOUR)
    assert [phase for _, phase, _ in scene.told] == ["opened", "recovered"] * 10


def test_short_outages_do_not_make_it_flap(scene):
    """Outages that close within the wait are told to nobody, and make the next that lasts neither less nor more."""
    ends = flap(scene, 100, opened=20)
    assert {(alert.flaps, alert.after) for alert in ends} == {(None, None)}
    assert scene.told == []
    flap(scene, 1)
    ends = flap(scene, 50, opened=20)
    assert {(alert.flaps, alert.after) for alert in ends} == {(None, None)}
    flap(scene, 1)
    assert [phase for _, phase, _ in scene.told] == ["opened", "recovered"] * 2
    [end] = flap(scene, 1, opened=20)
    assert end.flaps.times == 1


@pytest.mark.parametrize(("rules", "after"), [({"wait": 600.0}, 600), ({"group_interval": 0.0}, 30)])
def test_it_is_told_no_sooner_than_after_the_wait(scene, rules, after):
    """What is told only if it lasts waits no less than any other; without a group interval nothing is damped."""
    route = scene.route("shop", scene.pager, **rules)
    flap(scene, 3, opened=700, route=route)
    opened = [time for time, phase, _ in scene.told if phase == "opened"]
    assert opened == [after, 730 + after, 1_460 + after]
    [end] = flap(scene, 1, opened=20, route=route)
    assert (end.after, end.flaps is None) == (None, rules.get("group_interval") == 0)


def test_the_end_of_the_program_tells_that_it_flaps(scene):
    """Leaving tells what was counted, with the outage that lasts if it refused calls; what happens then is new."""
    for circuit in ("closed", "open", "refusing"):
        flap(scene, 3, circuit=circuit)
    scene.look()
    flap(scene, 1, circuit="closed")
    scene.opens("open")
    scene.opens("refusing")
    scene.refuses("refusing")
    told = scene.outages.leave()
    assert [(alert.occurrence.key, alert.phase, alert.count, alert.flaps.times) for alert in told] == [
        ("circuit:refusing", "opened", 7, 1),
        ("circuit:closed", "continues", 6, 1),
    ]
    assert scene.is_silent()
    assert flap(scene, 3, circuit="closed")[0].flaps is None


def test_circuits_flap_by_their_own_clock(scene):
    """Times of two clocks can't be compared: what flaps by one has been told of by the other."""
    clock = FakeClock()
    other = scene.route("shop", clock=clock)
    flap(scene, 2)
    clock.advance(500)
    for _ in range(2):
        scene.opens(route=other)
        clock.advance(30)
        assert [alert.phase for alert in scene.look()] == [Phase.OPENED]
        scene.closes()
    assert flap(scene, 1)[0].flaps.times == 1
