"""Where flapping begins and ends: how long is long, who makes room, by whom it is told."""

from __future__ import annotations

from ninelives.notifications.alert import Phase
from ninelives.notifications.policy.outages import Outages

HOUR = 3_600


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


def test_it_is_not_over_while_it_is_open(scene):
    """The hour counts from when it closed last: while it is open, it flaps."""
    flap(scene, 3)
    scene.wait(HOUR - 31)
    assert len(scene.told) == 5
    [end] = flap(scene, 1, opened=200)
    assert (end.after, end.flaps.times) == (None, 1)
    assert len(scene.told) == 5


def test_what_was_counted_is_told_when_it_is_over(scene):
    """After an hour all that was counted is told, though it would not be repeated yet."""
    flap(scene, 10)
    scene.wait(3 * HOUR)
    assert scene.told[5:] == [(870 + HOUR, "continues", 5 * 6)]
    assert (scene.alerts[5].flaps.times, scene.alerts[5].flaps.over) == (5, True)


def test_that_it_is_over_is_of_no_call(scene):
    """Where nothing was counted since the last message, its end is told of no call: all times are when it closed."""
    flap(scene, 3)
    scene.wait(3 * HOUR)
    over = scene.alerts[5]
    assert (over.count, over.flaps.times, over.flaps.over) == (0, 0, True)
    assert over.first == over.last > over.began


def test_the_first_of_an_outage_after_outages_without_refusals(scene):
    """Where only the outage that is told refused calls, the first of its message is the first of these."""
    for _ in range(7):
        scene.opens()
        scene.wait(60)
        scene.closes()
        scene.wait(30)
    scene.opens()
    scene.wait(250)
    first = scene.clock.now()
    scene.refuses()
    scene.wait(50)
    told = scene.alerts[-1]
    assert (told.phase, told.count, told.first, told.flaps.times) == (Phase.OPENED, 1, first, 2)


def test_the_latest_pipeline_tells_that_it_flaps(scene):
    """That it flaps goes where the latest outage would have gone: an older pipeline may have closed its channels."""
    flap(scene, 2)
    flap(scene, 1, route=scene.route("cellar", scene.mail))
    scene.wait(HOUR)
    told = scene.alerts[4]
    assert (told.route.name, [each.key for each in told.route.destinations]) == ("cellar", [scene.mail.key])


def test_the_one_that_was_told_least_recently_makes_room(new_scene):
    """Of those that are closed the one that was told least recently goes; one that is open stays."""
    scene = new_scene(outages=Outages(limit=2))
    for circuit in ("a", "b", "a", "c"):
        flap(scene, 1, circuit=circuit)
    assert flap(scene, 1, circuit="a")[0].flaps.times == 1
    scene.opens("c")
    scene.wait(30)
    flap(scene, 1, opened=400, circuit="a")
    flap(scene, 1, circuit="d")
    scene.closes("c")
    assert flap(scene, 1, circuit="c")[0].flaps.times == 1


def test_one_that_is_said_to_flap_makes_room_in_silence(new_scene):
    """A circuit that has counted nothing since it was said to flap makes room without another word."""
    scene = new_scene(outages=Outages(limit=1))
    flap(scene, 3, circuit="a")
    scene.wait(400)
    assert len(scene.told) == 5
    flap(scene, 1, circuit="b")
    assert [phase for _, phase, _ in scene.told[5:]] == ["opened", "recovered"]
    assert scene.is_silent()


def test_circuits_that_flap_make_room(new_scene):
    """The circuit that was told least recently makes room, if it is closed; what it has counted is told."""
    scene = new_scene(outages=Outages(limit=2))
    flap(scene, 3, circuit="a")
    scene.opens("b")
    scene.wait(30)
    scene.opens("c")
    scene.wait(30)
    assert [(alert.occurrence.key, alert.phase, alert.count) for alert in scene.alerts[4:]] == [
        ("circuit:b", "opened", 0),
        ("circuit:a", "continues", 6),
        ("circuit:c", "opened", 0),
    ]
    assert flap(scene, 1, circuit="a")[0] is None
    scene.closes("b")
    assert flap(scene, 1, circuit="a")[0].flaps is None


def test_one_that_has_nothing_to_say_makes_room_in_silence(new_scene):
    """A circuit that was told twice and counted nothing is forgotten without a word."""
    scene = new_scene(outages=Outages(limit=1))
    for circuit in ("a", "b", "a", "a"):
        flap(scene, 1, circuit=circuit)
    assert [phase for _, phase, _ in scene.told] == ["opened", "recovered"] * 4
    assert scene.is_silent()


def test_an_outage_that_makes_room_flaps_no_more(new_scene):
    """A circuit of which nothing was heard for an hour while it was open is told anew when it opens again."""
    scene = new_scene(outages=Outages(limit=1))
    flap(scene, 3, circuit="a")
    scene.opens("a")
    scene.clock.advance(HOUR)
    scene.opens("b")
    [told] = scene.look()
    assert (told.phase, told.count, told.flaps.times) == (Phase.OPENED, 6, 1)
    scene.closes("b")
    assert [end.flaps for end in flap(scene, 2, circuit="a")] == [None, None]
