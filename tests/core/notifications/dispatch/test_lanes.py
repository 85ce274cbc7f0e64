"""What waits: a lane for each destination, and a bound whose counts are kept."""

from __future__ import annotations

from datetime import timedelta

import pytest

from ninelives.notifications.alert import Flaps, Phase
from ninelives.notifications.dispatch.delivery import Delivery
from ninelives.notifications.dispatch.lanes import Lane, Lanes
from ninelives.notifications.notification import ErrorSeverity
from ninelives.testing.recorders import RecordingChannel


def waiting():
    """A channel that is no inline one."""
    return RecordingChannel(inline=False)


@pytest.fixture
def lanes():
    made = Lanes(limit=3)
    with made.lock:
        yield made


@pytest.fixture
def route(world):
    return world.route(waiting())


@pytest.fixture
def post(world, lanes, route):
    """Posts an alert, and gives what was dropped: the alerts."""

    def post(message, key="k", route=route, **how):
        posted = lanes.post(Delivery(world.alert(route, message, key, **how)))
        return [text(job) for job in posted.dropped]

    return post


def text(job):
    return job.delivery.alert.occurrence.given.message


def drain(lanes):
    """Take all that waits, lane by lane: message, count and phase of each."""
    taken = []
    for lane in lanes.unattended():
        while (job := lanes.take(lane)) is not None:
            taken.append((text(job), job.delivery.alert.count, job.delivery.alert.phase))
    return taken


def test_each_destination_has_its_lane(world, lanes, post):
    """What goes to one destination stands in one lane, in its order, whichever route it came by."""
    channel, other = waiting(), waiting()
    routes = world.route(channel, other), world.route(channel)
    post("first", route=routes[0])
    post("second", route=routes[1])
    both, one = lanes.unattended()
    assert [text(job) for job in both.jobs] == ["first", "second"]
    assert [text(job) for job in one.jobs] == ["first"]


def test_only_who_takes_it_gets_it(world, lanes):
    """An alert that is not bad enough for a destination makes no job."""
    critical = world.destination(waiting(), severity=ErrorSeverity.CRITICAL)
    posted = lanes.post(Delivery(world.alert(world.route(critical))))
    assert (posted.inline, posted.dropped, lanes.unattended()) == ([], [], [])


def test_inline_is_for_the_call_where_nothing_waits(world, lanes):
    """A channel that never waits is left to the call, unless something goes before it."""
    route = world.route(RecordingChannel(), waiting())
    inline, other = route.destinations
    assert lanes.post(Delivery(world.alert(route)), in_call=True).inline == [inline]
    assert lanes.post(Delivery(world.alert(route))).inline == []
    assert lanes.post(Delivery(world.alert(route)), in_call=True).inline == []
    assert [(lane.key, len(lane.jobs)) for lane in lanes.unattended()] == [(other.key, 3), (inline.key, 2)]


def test_one_that_may_fail_over_to_one_that_waits_is_not_for_the_call(world, lanes):
    """A group is delivered in the call only if none of it ever waits."""
    mixed = world.destination(RecordingChannel(), waiting())
    assert lanes.post(Delivery(world.alert(world.route(mixed))), in_call=True).inline == []


def test_what_is_done_is_known(lanes, post):
    """A job is done when the next is taken; the lane is gone after its last."""
    post("0")
    post("1")
    (lane,) = lanes.unattended()
    assert text(lanes.take(lane)) == "0"
    assert not lanes.is_done(1)
    assert text(lanes.take(lane)) == "1"
    assert lanes.is_done(1)
    assert not lanes.is_done(2)
    assert lanes.take(lane) is None
    assert lanes.is_done(2)
    assert lanes.unattended() == []


def test_when_full_the_oldest_of_all_goes(world, lanes, post):
    """What waits is bounded, over all lanes: the oldest is dropped."""
    other = world.route(waiting())
    assert post("0", route=other) == []
    assert post("1") == post("2") == []
    assert post("3") == ["0"]
    assert post("4") == ["1"]


def test_a_count_stands_in_the_next_of_its_kind(world, lanes, post):
    """What was dropped is counted in the next message of its kind."""
    began = world.clock.now()
    post("0", key="a", count=5, phase=Phase.CONTINUES)
    world.clock.advance(60)
    for number in range(1, 4):
        post(str(number), key="a")
    (lane,) = lanes.unattended()
    first = lanes.take(lane).delivery.alert
    assert (first.occurrence.given.message, first.count, first.phase) == ("1", 6, Phase.NEW)
    assert (first.first, first.last) == (began, began + timedelta(seconds=60))
    assert drain(lanes) == [("2", 1, Phase.NEW), ("3", 1, Phase.NEW)]


def test_counts_of_a_kind_that_is_dropped_again_add_up(lanes, post):
    """Nothing is lost when what stands for others is dropped itself, as long as the lane is full."""
    for number in range(10):
        post(str(number), key="a")
    assert sum(count for _, count, _ in drain(lanes)) == 10


def test_what_stands_for_others_is_done_when_they_are(lanes, post):
    """Whoever waits for one that was dropped waits for the message that has its count."""
    for number in range(4):
        post(str(number), key="a")
    (lane,) = lanes.unattended()
    assert lanes.take(lane).number == 1
    assert not lanes.is_done(1)
    assert lanes.take(lane).number == 3


def test_what_stands_for_many_kinds_is_done_when_they_are(lanes, post):
    """So it is with one message for all that were dropped."""
    for number in range(6):
        post(str(number), key=f"kind {number}")
    (lane,) = lanes.unattended()
    assert [lanes.take(lane).number for _ in range(4)] == [4, 5, 6, 1]


def test_a_total_is_no_less_than_its_count(world, lanes, post):
    """What was dropped of a kind's earlier life is in the total of the next message too, and dates its beginning."""
    began = world.clock.now()
    post("0", key="a", count=5, total=7)
    world.clock.advance(60)
    for number in range(1, 4):
        post(str(number), key="a", count=2, total=2)
    (lane,) = lanes.unattended()
    first = lanes.take(lane).delivery.alert
    assert (first.count, first.total, first.began) == (7, 7, began)


@pytest.mark.parametrize(("dropped", "next_one", "times"), [(3, 4, 7), (3, None, None), (None, 4, 4)])
def test_what_a_circuit_did_adds_up(world, lanes, post, dropped, next_one, times):
    """Of two messages that a circuit flaps the second says how often in all; of another message it is no part."""
    began = world.clock.now()
    post("0", key="circuit:api", flaps=dropped and Flaps(times=dropped, since=began))
    world.clock.advance(60)
    since = world.clock.now() if dropped else began
    for number in range(1, 4):
        post(str(number), key="circuit:api", flaps=next_one and Flaps(times=next_one, since=since))
    (lane,) = lanes.unattended()
    first = lanes.take(lane).delivery.alert
    assert first.count == 2
    assert first.flaps == (None if times is None else Flaps(times=times, since=began))


def test_what_was_dropped_is_bounded(world, lanes, post, monkeypatch):
    """Of too many kinds that were dropped all are one message, which comes last: nothing is lost."""
    monkeypatch.setattr("ninelives.notifications.dispatch.lanes._MOST_OWED", 5)
    for number in range(100):
        post(str(number), key=f"kind {number}")
        (lane,) = lanes.unattended()
        assert len(lane.jobs) <= 3 + 5
    taken = [lanes.take(lane).delivery.alert for _ in range(4)]
    assert [alert.count for alert in taken] == [1, 1, 1, 97]
    assert taken[-1].others
    assert lanes.take(lane) is None


def test_what_has_no_next_of_its_kind_is_told_after_the_last(lanes, post):
    """One kind that was dropped and did not happen again is told as it was, in the end."""
    post("0", key="rare")
    for number in range(1, 4):
        post(str(number), key="a")
    assert drain(lanes) == [("1", 1, Phase.NEW), ("2", 1, Phase.NEW), ("3", 1, Phase.NEW), ("0", 1, Phase.NEW)]


def test_many_kinds_that_were_dropped_are_told_together(world, lanes, post):
    """Several such kinds are one message: how many there were, since when, and the last of them."""
    began = world.clock.now()
    for number in range(20):
        post(str(number), key=f"kind {number}", count=2, total=9)
        world.clock.advance(1)
    (lane,) = lanes.unattended()
    for _ in range(3):
        lanes.take(lane)
    alert = lanes.take(lane).delivery.alert
    assert (alert.occurrence.given.message, alert.count, alert.total, alert.others) == ("16", 34, 34, True)
    assert (alert.first, alert.began, alert.last) == (began, began, began + timedelta(seconds=16))
    assert (alert.phase, alert.after) == (Phase.CONTINUES, None)
    assert lanes.take(lane) is None


def test_room_comes_back(lanes, post):
    """What is taken, or given up, makes room."""
    for number in range(3):
        post(str(number))
    drain(lanes)
    assert [post(str(number)) for number in range(4)] == [[], [], [], ["0"]]
    lanes.give_up()
    assert [post(str(number)) for number in range(3)] == [[], [], []]


def test_giving_up_gives_all(world, lanes, post):
    """What is in hand and what waits, what was dropped included, is there to be told, oldest first."""
    other = world.route(waiting())
    post("0")
    (lane,) = lanes.unattended()
    lanes.take(lane)
    for number in range(1, 5):
        post(str(number), key=str(number), route=other)
    lanes.give_up()
    told = [(text(job), when) for job, when in lanes.given_up]
    assert told[0] == ("0", "while it was being sent")
    assert told[1:] == [(str(number), "before it could be sent") for number in range(1, 5)]


@pytest.mark.parametrize("look", [Lanes.unattended, Lanes.threads, lambda lanes: lanes.is_done(9), Lanes.give_up])
def test_what_is_posted_while_lanes_are_looked_at_disturbs_nobody(world, lanes, post, look):
    """A signal's handler that runs a call that fails, in the midst of it, does no harm: it has the lock already."""
    others = iter(range(99))

    class Interrupted(Lane):
        @property
        def jobs(self):
            post("late", route=world.route(waiting(), name=str(next(others))))
            return super().jobs

        @property
        def thread(self):
            post("late", route=world.route(waiting(), name=str(next(others))))

        @thread.setter
        def thread(self, thread):
            pass

        @property
        def in_hand(self):
            post("late", route=world.route(waiting(), name=str(next(others))))

        @in_hand.setter
        def in_hand(self, job):
            pass

    lanes._lanes["interrupted"] = Interrupted("interrupted")
    look(lanes)
    assert next(others) > 0
