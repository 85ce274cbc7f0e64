"""Whatever happens, in any order: nothing is lost, and nothing is told more often than the rules allow (law 51)."""

from __future__ import annotations

import math
from collections import defaultdict

from hypothesis import given, settings
from hypothesis import strategies as st

from ninelives.notifications.alert import Phase
from ninelives.notifications.policy.grouping import Grouping

SEVERITIES = ["INFO", "WARNING", "ERROR", "CRITICAL"]
GROUP_INTERVAL, REPEAT_INTERVAL, OVER_AFTER = 60, 600, 400

happens = st.tuples(st.just("happens"), st.integers(0, 5), st.sampled_from(SEVERITIES), st.integers(0, 2))
advance = st.tuples(st.just("advance"), st.sampled_from([0.5, 1, 30, 59.5, 60, 200, 399.5, 400, 600, 5_000]))
wait = st.tuples(st.just("wait"), st.sampled_from([1, 60, 400, 600, 5_000]))
retire = st.tuples(st.just("retire"), st.integers(0, 2))
steps = st.lists(
    st.one_of(happens, happens, advance, wait, retire, st.just(("look",)), st.just(("leave",))), max_size=80
)


def routes_of(scene):
    """Two pipelines of one name, and another that goes elsewhere."""
    rules = {"group_interval": GROUP_INTERVAL, "repeat_interval": REPEAT_INTERVAL, "over_after": OVER_AFTER}
    return [
        scene.route("shop", scene.pager, **rules),
        scene.route("shop", scene.pager, **rules),
        scene.route("cellar", scene.mail, **rules),
    ]


def play(scene, steps, routes, *, leaves=True):
    """Let all of it happen, and let the program end; how many occurrences there were."""
    for action, *arguments in steps:
        if action == "happens":
            kind, severity, number = arguments
            scene.happens(f"kind {kind}", severity, routes[number])
        elif action == "advance":
            scene.clock.advance(*arguments)
        elif action == "wait":
            scene.wait(*arguments)
        elif action == "retire":
            scene.closing += scene.note(scene.grouping.retire(routes[arguments[0]]))
        elif action == "look":
            scene.look()
        else:
            scene.note(scene.grouping.leave())
    if leaves:
        scene.note(scene.grouping.leave())
    return sum(action == "happens" for action, *_ in steps)


@given(steps=steps, limit=st.integers(0, 8))
@settings(deadline=None, max_examples=150)
def test_nothing_is_lost(new_scene, steps, limit):
    """Each occurrence is in the count of exactly one alert, whatever the number of kinds, and no alert is empty."""
    scene = new_scene(Grouping(limit))
    happened = play(scene, steps, routes_of(scene))
    assert sum(alert.count for alert in scene.alerts) == happened
    assert all(alert.count > 0 for alert in scene.alerts)
    assert scene.is_silent()


@given(steps=steps, limit=st.integers(0, 8))
@settings(deadline=None, max_examples=150)
def test_the_timer_gives_all_there_is(new_scene, steps, limit):
    """Whoever looks only when something is due has heard of everything before the program ends."""
    scene = new_scene(Grouping(limit))
    steps = [step for step in steps if step[0] in {"happens", "wait", "retire"}]
    happened = play(scene, [*steps, ("wait", 100_000)], routes_of(scene))
    assert sum(alert.count for alert in scene.alerts) == happened
    assert all(time < scene.clock.monotonic() for time in scene.times)


@given(steps=steps, limit=st.integers(0, 8))
@settings(deadline=None, max_examples=150)
def test_when_it_is_due_it_is_told(new_scene, steps, limit):
    """`due` tells nothing before `next_due` says so, and leaves nothing that is due."""
    scene = new_scene(Grouping(limit))
    routes = routes_of(scene)
    for step in steps:
        play(scene, [step], routes, leaves=False)
        is_due = scene.grouping.next_due() == 0
        told = scene.look()
        assert told == [] or is_due
        assert scene.grouping.next_due() > 0


@given(steps=steps)
@settings(deadline=None, max_examples=200)
def test_no_kind_is_told_more_often_than_allowed(new_scene, steps):
    """In the life of a kind each NEW is worse than the one before, and the rest is as far apart as the rules say."""
    scene = new_scene()
    start = scene.clock.now()
    play(scene, [step for step in steps if step[0] != "leave"], routes_of(scene), leaves=False)
    lives = defaultdict(list)
    for time, alert in zip(scene.times, scene.alerts, strict=True):
        quiet = time - (alert.last - start).total_seconds()
        lives[alert.route.name, alert.occurrence.key, alert.began].append((time, quiet, alert))
    for life in lives.values():
        check(life, scene.closing)


def check(life, closing):
    """The messages of one kind, from its first occurrence to its last."""
    worst, total, before, closed, interval = -1, 0, -math.inf, -math.inf, 0
    for time, quiet, alert in life:
        total += alert.count
        assert alert.total == total
        rank = SEVERITIES.index(alert.occurrence.severity)
        assert (rank > worst) == (alert.phase is Phase.NEW)
        worst = max(worst, rank)
        if alert in closing:
            assert time - closed >= GROUP_INTERVAL
            closed = time
            continue
        if alert.phase is Phase.CONTINUES:
            assert time - before >= interval or quiet >= OVER_AFTER
        before = time
        interval = GROUP_INTERVAL if alert.phase is Phase.NEW else REPEAT_INTERVAL
