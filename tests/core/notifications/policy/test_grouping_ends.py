"""What is told when a pipeline is closed, and when the program ends."""

from __future__ import annotations

import pytest

from ninelives.notifications.alert import Phase
from ninelives.notifications.policy.grouping import Grouping, Held


def test_a_closed_pipeline_tells_what_was_counted(scene):
    """Closing a pipeline tells what its kinds have counted, be it right after the first message."""
    for _ in range(3):
        scene.happens()
    assert [(alert.phase, alert.count) for alert in scene.grouping.retire(scene.shop)] == [(Phase.CONTINUES, 2)]
    assert scene.grouping.retire(scene.shop) == []
    assert scene.is_silent()


def test_a_pipeline_closed_too_soon_leaves_its_counts(scene):
    """Within the group interval of the last close another one tells nothing; the counts go on, and are told in time."""
    scene.happens()
    scene.happens()
    scene.note(scene.grouping.retire(scene.shop))
    scene.happens()
    scene.clock.advance(299.999)
    assert scene.grouping.retire(scene.shop) == []
    assert scene.grouping.next_due() == pytest.approx(0.001)
    scene.clock.advance(0.001)
    assert [alert.count for alert in scene.grouping.retire(scene.shop)] == [1]


def test_closing_puts_off_what_is_due_in_time_no_longer_than_the_interval(scene):
    """After a pipeline was closed the next message of its kind goes when it would have gone, or an interval later."""
    scene.happens()
    scene.happens()
    scene.wait(100)
    scene.note(scene.grouping.retire(scene.shop))
    scene.happens()
    scene.wait(1_000)
    scene.happens()
    scene.note(scene.grouping.retire(scene.shop))
    scene.happens()
    scene.wait(3_500)
    scene.happens()
    scene.wait(24 * 3_600)
    continues = [(time, "continues", count) for time, count in ((100, 1), (400, 1), (1_100, 1), (4_600 + 3_600, 2))]
    assert scene.told == [(0, "new", 1), *continues]


def test_a_program_that_makes_a_pipeline_for_each_call_does_not_flood(scene):
    """A pipeline built and closed for each of 3,600 calls that fail, one a second, tells once in a group interval."""
    for _ in range(3_600):
        route = scene.route("shop")
        scene.happens(route=route)
        scene.note(scene.grouping.retire(route))
        scene.wait(1)
    scene.note(scene.grouping.leave())
    assert scene.told == [
        (0, "new", 1),
        (1, "continues", 1),
        (301, "continues", 299),
        (301, "continues", 1),
        *[(300 * number + 1, "continues", 300) for number in range(2, 12)],
        (3_600, "continues", 298),
    ]


def test_a_pipeline_that_another_has_taken_over_tells_nothing(scene):
    """Closing a pipeline leaves alone what goes to another of its name by now, and what is another's."""
    later = scene.route("shop")
    scene.happens()
    scene.happens("slow", route=scene.route("cellar"))
    scene.happens("slow", route=scene.route("cellar"))
    scene.happens(route=later)
    assert scene.grouping.retire(scene.shop) == []
    assert [alert.count for alert in scene.grouping.retire(later)] == [1]


def test_the_end_of_the_program_tells_all(scene):
    """Leaving tells everything that was counted and not told, however soon, and what happens then is new."""
    scene.happens("ended")
    scene.happens("ended")
    scene.clock.advance(3_600)
    scene.happens("ended")
    for _ in range(3):
        scene.happens("timeout")
    scene.happens("alone")
    assert [(alert.phase, alert.count) for alert in scene.grouping.leave()] == [
        (Phase.CONTINUES, 1),
        (Phase.CONTINUES, 2),
    ]
    assert scene.is_silent()
    assert scene.grouping.leave() == scene.look() == []
    assert scene.happens("timeout").phase is Phase.NEW
    assert scene.happens("timeout") == Held(begins=True)


def test_the_end_of_the_program_is_the_end_of_the_others(new_scene):
    """What happens after leaving is new among the others as well."""
    scene = new_scene(Grouping(limit=0))
    scene.happens("a")
    scene.happens("b")
    assert [alert.count for alert in scene.grouping.leave()] == [1]
    assert scene.happens("c").phase is Phase.NEW
