"""How many kinds there are at most, and what becomes of the rest (law 51)."""

from __future__ import annotations

from datetime import timedelta

import pytest

from ninelives.notifications.alert import Phase
from ninelives.notifications.notification import ErrorSeverity
from ninelives.notifications.policy.grouping import Grouping, Held
from ninelives.testing.clock import FakeClock


@pytest.fixture
def small(new_scene):
    """A scene in which two kinds are told apart."""
    return new_scene(Grouping(limit=2))


def test_a_flood_of_ever_new_kinds_is_one_kind(scene):
    """5,000 kinds in a minute are 1,000 messages at once, one for all others, and then one with their count."""
    for number in range(5_000):
        scene.happens(f"kind {number}")
        scene.clock.advance(0.01)
    assert [(alert.count, alert.others) for alert in scene.alerts] == [(1, False)] * 1_000 + [(1, True)]
    del scene.alerts[:], scene.times[:]
    scene.wait(24 * 3_600)
    assert scene.told == [(pytest.approx(310), "continues", 3_999)]
    assert scene.alerts[0].others
    assert scene.alerts[0].total == 4_000


def test_the_others_follow_the_rules_of_a_kind(small):
    """Others are told as one kind is: at once, together, worse ones at once, and anew when they were over."""
    for kind in ("a", "b"):
        small.happens(kind)
    assert small.happens("c").others
    assert small.happens("d") == Held(begins=True)
    assert small.happens("e") == Held(begins=False)
    assert [small.happens("f", "CRITICAL").count, small.happens("f", "CRITICAL")] == [3, Held(begins=True)]
    for kind in ("a", "b"):
        small.happens(kind)
    small.wait(3_600)
    small.happens("a")
    small.happens("b")
    told = small.happens("g")
    assert (told.phase, told.others, told.total) == (Phase.NEW, True, 1)


def test_others_that_were_over_are_not_lost(small):
    """When the others begin anew before anyone has looked, what they had counted is told with what is due."""
    for kind in ("a", "b", "c", "c"):
        small.happens(kind)
    small.clock.advance(3_600)
    for kind in ("a", "b"):
        small.happens(kind)
    assert small.happens("d").total == 1
    assert [(alert.count, alert.others) for alert in small.look()] == [(1, True)]


def test_the_least_recently_seen_makes_room(small):
    """Once its group interval has passed, the kind that was not seen for longest makes room for a new one."""
    for kind in ("a", "b", "a"):
        small.happens(kind)
    small.wait(300)
    new = small.happens("c")
    assert (new.phase, new.others) == (Phase.NEW, False)
    assert small.happens("a") == Held(begins=True)
    assert small.happens("b").others


def test_what_made_room_is_counted_with_the_others(small):
    """What a kind had counted when it made room is told when it would have been, by the kind for others."""
    small.happens("a")
    small.happens("b")
    small.wait(300)
    for kind in ("a", "a", "a", "b", "b", "c"):
        small.happens(kind)
        small.clock.advance(1)
    del small.alerts[:], small.times[:]
    small.wait(24 * 3_600)
    others, kept = small.alerts
    assert (others.count, others.total, others.others, kept.others) == (2, 2, True, False)
    assert (others.began, others.last - others.first) == (others.first, timedelta(seconds=1))
    assert small.times[0] == 302 + 3_600


def test_what_made_room_joins_what_the_others_have_counted(small):
    """The others' own count and what moves to them are one message: from the first to the last of all of them."""
    for kind in ("a", "b", "c"):
        small.happens(kind)
    for kind in ("d", "a", "b", "a", "d", "b"):
        small.clock.advance(1)
        small.happens(kind)
    start = small.alerts[0].began
    small.clock.advance(294)
    small.happens("b")
    assert small.happens("e").others is False
    small.wait(24 * 3_600)
    first, joined = [alert for alert in small.alerts if alert.others]
    assert (first.count, joined.count, joined.total) == (1, 4, 5)
    assert [(each - start).total_seconds() for each in (joined.first, joined.last)] == [1, 5]


def test_what_the_others_were_told_of_is_not_told_again(small):
    """A message of what moved to the others goes from the first to the last of that, whatever they told before."""
    for kind in ("a", "b", "a", "b"):
        small.happens(kind)
        small.clock.advance(1)
    small.happens("c")
    small.clock.advance(296)
    assert small.happens("d").others is False
    small.wait(10)
    _, joined = [alert for alert in small.alerts if alert.others]
    assert (joined.first - joined.began).total_seconds() == (joined.last - joined.began).total_seconds() == -2


def test_what_made_room_keeps_the_others_going(small):
    """The others are over only when nothing of them has happened for the time, what moved to them included."""
    for kind in ("a", "b", "c", "c"):
        small.happens(kind)
    small.wait(300)
    for kind in ("d", "e", "d", "e", "other"):
        small.happens(kind)
        small.clock.advance(1)
    small.clock.advance(296)
    assert small.happens("f").others is False
    small.wait(24 * 3_600)
    assert [time for time, alert in zip(small.times, small.alerts, strict=True) if alert.others] == [
        0,
        300,
        304 + 3_600,
    ]
    assert small.alerts[-1].count == 2


def test_the_others_speak_by_the_worst_wherever_it_came_from(small):
    """What moves to the others is not what they are told by, where they have counted something worse."""
    for kind, severity in (("a", "INFO"), ("b", "INFO"), ("c", "CRITICAL"), ("d", "CRITICAL")):
        small.happens(kind, severity)
    small.happens("a", "INFO")
    small.happens("b", "INFO")
    small.clock.advance(299)
    small.happens("b", "INFO")
    small.clock.advance(1)
    assert small.happens("e").others is False
    small.look()
    assert [(alert.count, alert.occurrence.key) for alert in small.alerts if alert.others] == [(1, "c"), (2, "d")]


def test_an_ended_kind_makes_room_at_once(small):
    """A kind that is over makes room, and what it had counted is told as its own, not with the others."""
    small.happens("a")
    small.happens("a")
    small.happens("b")
    small.clock.advance(3_600)
    assert small.happens("c").others is False
    assert [(alert.occurrence.key, alert.count, alert.others) for alert in small.look()] == [("a", 1, False)]


def test_what_is_over_makes_room_however_young(small):
    """Where a kind is over before its group interval has passed, it makes room nevertheless."""
    for kind in ("a", "b"):
        small.happens(kind, route=small.route("shop", over_after=60.0))
    small.clock.advance(60)
    assert small.happens("c").others is False


def test_pipelines_with_the_same_destinations_have_the_same_others(small):
    """A thousand pipelines that go to one channel have one kind for others; who goes elsewhere has another."""
    for kind in ("a", "b"):
        small.happens(kind)
    assert small.happens("c", route=small.route("cellar", small.pager)).others
    assert small.happens("c", route=small.route("attic", small.pager)) == Held(begins=True)
    critical = small.destination(ErrorSeverity.CRITICAL, small.pager.outlets[0].own)
    assert small.happens("c", route=small.route("attic", critical)).others
    assert small.happens("c", route=small.route("attic", small.mail)).others
    assert small.happens("c", route=small.route("attic", small.pager, clock=FakeClock())).others


def test_the_kinds_for_others_are_bounded(small):
    """There are as many kinds for others as kinds; what the least recently seen had counted is due."""
    first, second, third = [small.route("attic", small.destination()) for _ in range(3)]
    for kind in ("a", "b"):
        small.happens(kind)
    for route in (first, second, second, first, third):
        small.happens("c", route=route)
    assert [(alert.count, alert.route) for alert in small.look()] == [(1, second)]
    assert small.happens("c", route=first) == Held(begins=False)


def test_no_room_for_any_kind_is_room_for_the_others(new_scene):
    """With a limit of 0 all are others."""
    scene = new_scene(Grouping(limit=0))
    assert scene.happens("a").others
    assert scene.happens("b") == Held(begins=True)


def test_what_is_held_does_not_grow_with_what_happened(new_scene):
    """However many kinds come and go, a grouping holds no more of them than its limit, nor of times to look at."""
    scene = new_scene(Grouping(limit=10))
    for number in range(2_000):
        scene.happens(f"kind {number}")
        scene.happens(f"kind {number}")
        scene.clock.advance(60)
        scene.grouping.next_due()
    grouping = scene.grouping
    assert len(grouping._kinds) == 10
    assert len(grouping._others) == 1
    assert sum(len(queue._heap) for queue in grouping._timers._queues.values()) < 100
