"""Which occurrences of a kind are told, and when (laws 51 and 52)."""

from __future__ import annotations

import math

import pytest

from ninelives.notifications.alert import Phase
from ninelives.notifications.policy.grouping import Grouping, Held
from ninelives.testing.clock import FakeClock

HOUR = 3_600


def test_the_first_of_a_kind_is_told_at_once(scene):
    """The first occurrence of a kind is an alert of phase NEW that stands for itself."""
    alert = scene.happens()
    assert (alert.phase, alert.count, alert.total, alert.others, alert.after) == (Phase.NEW, 1, 1, False, None)
    assert alert.first == alert.last == alert.began == scene.clock.now()
    assert scene.is_silent()


def test_what_follows_is_held_back_once(scene):
    """Counting begins with the second occurrence, and is said to begin only there."""
    assert [scene.happens(), scene.happens(), scene.happens()][1:] == [Held(begins=True), Held(begins=False)]
    assert scene.grouping.next_due() == 300


def test_ten_thousand_in_a_minute_are_two_messages(scene):
    """10,000 failures of one kind in a minute are told at once, and together after the group interval (law 51)."""
    for _ in range(10_000):
        scene.happens()
        scene.clock.advance(0.006)
    scene.wait(24 * HOUR)
    assert scene.told == [(0, "new", 1), (pytest.approx(300), "continues", 9_999)]


def test_an_outage_of_two_days(scene):
    """Failures every ten seconds for two days are told at once, after 5 minutes, and then every 4 hours."""
    for _ in range(2 * 24 * 360):
        scene.happens()
        scene.wait(10)
    scene.wait(24 * HOUR)
    every_four_hours = [(300 + number * 4 * HOUR, "continues", 1_440) for number in range(1, 12)]
    last = (300 + 48 * HOUR, "continues", 1_410)
    assert scene.told == [(0, "new", 1), (300, "continues", 29), *every_four_hours, last]
    assert scene.alerts[-1].total == 2 * 24 * 360
    assert scene.alerts[-1].began == scene.alerts[0].began
    assert scene.is_silent()


def test_an_error_every_ten_minutes(scene):
    """An intermittent error is two messages, and then one every four hours."""
    for _ in range(60):
        scene.happens()
        scene.wait(600)
    assert scene.told == [(0, "new", 1), (600, "continues", 1), (15_000, "continues", 23), (29_400, "continues", 24)]


def test_the_edge_of_the_group_interval(scene):
    """What was counted is told exactly when the interval has passed, not before."""
    scene.happens()
    scene.happens()
    scene.clock.advance(299.999)
    assert scene.look() == []
    scene.clock.advance(0.001)
    assert [alert.count for alert in scene.look()] == [1]


def test_what_is_due_is_told_with_what_finds_it_due(scene):
    """An occurrence after the interval takes all that was counted with it, though nobody has looked."""
    for _ in range(3):
        scene.happens()
    scene.clock.advance(300)
    assert scene.happens().count == 3
    assert scene.look() == []
    assert scene.is_silent()


def test_a_kind_that_is_over_begins_anew(scene):
    """After an hour without an occurrence the next one is NEW, and what was counted has been told by then."""
    scene.happens()
    scene.wait(301)
    scene.happens()
    scene.happens()
    scene.wait(2 * HOUR)
    scene.happens()
    assert scene.told == [
        (0, "new", 1),
        (301, "continues", 1),
        (301 + HOUR, "continues", 1),
        (301 + 2 * HOUR, "new", 1),
    ]


def test_the_edge_of_being_over(scene):
    """A kind is over exactly when the time has passed, not before."""
    for over in (False, True):
        scene.happens(str(over))
        scene.clock.advance(HOUR if over else HOUR - 0.001)
        assert scene.happens(str(over)).phase is (Phase.NEW if over else Phase.CONTINUES)


def test_what_an_ended_kind_has_counted_is_not_lost(scene):
    """When a kind begins anew before anyone has looked, what it had counted is told with what is due."""
    scene.happens()
    scene.happens()
    scene.clock.advance(HOUR)
    assert scene.happens().phase is Phase.NEW
    assert scene.grouping.next_due() == 0
    assert [(alert.phase, alert.count, alert.total) for alert in scene.look()] == [(Phase.CONTINUES, 1, 2)]
    assert scene.is_silent()


def test_another_kind_is_not_held_back(scene):
    """A kind is pipeline, error type and fingerprint: another one is told at once (law 52)."""
    scene.happens("timeout")
    assert scene.happens("timeout") == Held(begins=True)
    assert scene.happens("refused").phase is Phase.NEW
    assert scene.happens("timeout", route=scene.route("cellar")).phase is Phase.NEW


@pytest.mark.parametrize(("severity", "phase"), [("CRITICAL", Phase.NEW), ("ERROR", None), ("WARNING", None)])
def test_a_higher_severity_gets_through(scene, severity, phase):
    """What is worse than all that was told of its kind goes out at once, with all that was counted (law 52)."""
    scene.happens(severity="ERROR")
    scene.happens(severity="ERROR")
    told = scene.happens(severity=severity)
    assert (None if isinstance(told, Held) else (told.phase, told.count)) == (phase and (phase, 2))


def test_a_severity_is_higher_only_once(scene):
    """A severity that was told once is counted like any other from then on, until the kind is over."""
    scene.happens(severity="WARNING")
    assert scene.happens(severity="CRITICAL").phase is Phase.NEW
    assert scene.happens(severity="CRITICAL") == Held(begins=True)
    scene.wait(HOUR)
    assert scene.happens(severity="WARNING").phase is Phase.NEW


def test_after_a_higher_severity_the_group_interval_begins_anew(scene):
    """The message after one that got through waits for the group interval, whatever was told before it."""
    scene.happens()
    scene.happens()
    scene.wait(300)
    scene.happens()
    scene.wait(100)
    scene.happens(severity="CRITICAL")
    scene.happens()
    scene.wait(HOUR)
    assert scene.told == [(0, "new", 1), (300, "continues", 1), (400, "new", 2), (700, "continues", 1)]


def test_a_message_speaks_by_the_latest_of_the_worst(scene):
    """Of what was counted, the latest of the worst says it, so that it reaches all who are to hear of that one."""
    scene.happens(severity="CRITICAL")
    for severity in ("WARNING", "CRITICAL", "ERROR", "CRITICAL", "INFO"):
        scene.clock.advance(1)
        scene.happens(severity=severity)
    scene.wait(300)
    alert = scene.alerts[-1]
    assert alert.occurrence.severity == "CRITICAL"
    assert [(each - alert.began).total_seconds() for each in (alert.first, alert.occurrence.at, alert.last)] == [
        1,
        4,
        5,
    ]


def test_pipelines_of_one_name_share_their_kinds(scene):
    """Two pipelines of one name have the same kinds, and what is told goes where the latest says."""
    scene.happens()
    later = scene.route("shop", scene.mail)
    assert scene.happens(route=later) == Held(begins=True)
    scene.wait(300)
    assert scene.alerts[-1].route is later


def test_pipelines_with_clocks_of_their_own_share_nothing(scene):
    """Times of two clocks can't be compared: a pipeline of the same name with another clock has its own kinds."""
    clock = FakeClock()
    other = scene.route("shop", clock=clock)
    scene.happens()
    scene.happens()
    assert scene.happens(route=other).phase is Phase.NEW
    scene.happens(route=other)
    clock.advance(200)
    assert scene.grouping.next_due() == 100
    scene.clock.advance(300)
    assert [alert.route for alert in scene.look()] == [scene.shop]
    assert scene.grouping.next_due() == 100


def test_without_a_group_interval_each_is_told(scene):
    """A group interval of 0 tells every failure at once."""
    route = scene.route("shop", group_interval=0.0)
    for _ in range(5):
        scene.happens(route=route)
    assert [alert.count for alert in scene.alerts] == [1] * 5
    assert scene.is_silent()


def test_nothing_is_due_where_nothing_happened():
    """A grouping that was told of nothing has nothing to tell, ever."""
    grouping = Grouping()
    assert (grouping.due(), grouping.next_due(), grouping.leave()) == ([], math.inf, [])
