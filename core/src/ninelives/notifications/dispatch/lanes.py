"""What waits for delivery: a lane for each destination, so that one that is slow holds up no other.

No thread and no channel in here: only who waits behind whom. Everything is called with `Lanes.lock` held.
"""

from __future__ import annotations

from collections import deque
from threading import Condition, RLock, Thread

from msgspec import Struct
from msgspec.structs import replace

from ninelives.notifications.alert import Alert, Flaps, Phase
from ninelives.notifications.dispatch.delivery import Delivery
from ninelives.notifications.dispatch.results import Results
from ninelives.notifications.route import Destination

__all__ = ["QUEUE_LIMIT", "Job", "Lane", "Lanes", "Posted"]

QUEUE_LIMIT = 1_000
"""How many alerts wait at most, those of all destinations together."""

_MOST_OWED = 1_000  # kinds of which a lane remembers each by itself that they were dropped


class Job(Struct, frozen=True, eq=False):
    """One alert on its way to one destination.

    Attributes:
        number: The more, the later it was accepted; of one that stands for several, that of the earliest.
        delivery: What is to be told.
        destination: To whom.
    """

    number: int
    delivery: Delivery
    destination: Destination


class Posted(Struct, frozen=True, eq=False):
    """What came of accepting an alert.

    Attributes:
        delivery: The alert.
        inline: The destinations that whoever handed it over is to deliver it to.
        dropped: What there was no more room for.
    """

    delivery: Delivery
    inline: list[Destination]
    dropped: list[Job]


class Lane:
    """What waits for one destination, in its order.

    Attributes:
        key: The destination's.
        waiting: What waits.
        in_hand: What is being sent; None: nothing.
        owed: What was dropped, by kind: its count stands in the next message of that kind, or in one for all at the
            end. Of too many kinds that one is made before; it has no kind.
        thread: Who sends it; None: nobody yet.
    """

    def __init__(self, key: object) -> None:
        self.key = key
        self.waiting: deque[Job] = deque()
        self.in_hand: Job | None = None
        self.owed: dict[str | None, Job] = {}
        self.thread: Thread | None = None

    @property
    def inline(self) -> bool:
        """Whether no channel that any of it goes to ever waits."""
        return all(job.destination.inline for job in self.jobs)

    @property
    def jobs(self) -> list[Job]:
        """All that is not done."""
        in_hand = [] if self.in_hand is None else [self.in_hand]
        return [*in_hand, *self.owed.values(), *self.waiting]

    def drop(self) -> Job:
        """Drop the oldest, and remember its count."""
        job = self.waiting.popleft()
        kind = job.delivery.alert.occurrence.key
        self.owed[kind] = _together(job, self.owed.pop(kind, None))
        if len(self.owed) > _MOST_OWED:
            self.owed = {None: _all_together(list(self.owed.values()))}
        return job

    def take(self) -> Job | None:
        """Take the next in hand, with what is owed of its kind; after the last, what is owed of all kinds."""
        if self.waiting:
            job = self.waiting.popleft()
            self.in_hand = _together(job, self.owed.pop(job.delivery.alert.occurrence.key, None))
        else:
            self.in_hand = _all_together(list(self.owed.values())) if self.owed else None
            self.owed.clear()
        return self.in_hand


class Lanes:
    """All lanes of a process.

    Args:
        limit: How many alerts wait at most; beyond it the oldest is dropped, and counted.

    Attributes:
        lock: Held for every call.
        changed: Of that lock; notified when a job is done.
        accepted: How many jobs there were so far.
        given_up: What nobody sends any more, and when the program ended.
    """

    def __init__(self, limit: int = QUEUE_LIMIT) -> None:
        # One that the same thread can take again: a signal's handler may run a call that fails while it is held.
        self.lock = RLock()
        self.changed = Condition(self.lock)
        self.accepted = 0
        self.given_up: list[tuple[Job, str]] = []
        self._limit = limit
        self._waiting = 0
        self._lanes: dict[object, Lane] = {}

    def post(self, delivery: Delivery, *, in_call: bool = False) -> Posted:
        """Accept an alert.

        Args:
            delivery: The alert.
            in_call: Whether a call hands it over, which delivers itself where nothing waits.
        """
        posted = Posted(delivery, [], [])
        for destination in delivery.destinations:
            # What came before goes before, also where nothing waits.
            if in_call and destination.inline and destination.key not in self._lanes:
                posted.inline.append(destination)
            else:
                posted.dropped.extend(self._make_room())
                self._append(delivery, destination)
        return posted

    def unattended(self) -> list[Lane]:
        """The lanes that have work and nobody who does it."""
        return [lane for lane in self._all() if lane.thread is None]

    def threads(self) -> set[Thread]:
        """Those that have a lane."""
        return {lane.thread for lane in self._all() if lane.thread is not None}

    def take(self, lane: Lane) -> Job | None:
        """The one before is done: take the next in hand; with nothing left, the lane is gone."""
        self._waiting -= bool(lane.waiting)
        job = lane.take()
        if job is None:
            self._lanes.pop(lane.key, None)
            self.let_go(lane)
        self.changed.notify_all()
        return job

    def let_go(self, lane: Lane) -> None:
        """The one before is done, and whoever did it does no more."""
        lane.in_hand = lane.thread = None
        self.changed.notify_all()

    def is_done(self, number: int) -> bool:
        """Whether all jobs up to this number are done."""
        return all(job.number > number for lane in self._all() for job in lane.jobs)

    def give_up(self) -> None:
        """Let everything go: what is in hand, and what waits, oldest first."""
        lanes = self._all()
        in_hand = [lane.in_hand for lane in lanes if lane.in_hand is not None]
        waiting = [job for lane in lanes for job in (*lane.owed.values(), *lane.waiting)]
        # First, for a signal may end this: it is done again then.
        self.given_up += [(job, "while it was being sent") for job in in_hand]
        self.given_up += [(job, "before it could be sent") for job in sorted(waiting, key=lambda job: job.number)]
        for lane in lanes:
            lane.waiting.clear()
            lane.owed.clear()
        self._waiting = 0

    def _all(self) -> list[Lane]:
        return list(self._lanes.values())  # at once: a signal's handler may post while they are looked at

    def _append(self, delivery: Delivery, destination: Destination) -> None:
        self.accepted += 1
        self._waiting += 1
        lane = self._lanes.setdefault(destination.key, Lane(destination.key))
        lane.waiting.append(Job(self.accepted, delivery, destination))

    def _make_room(self) -> list[Job]:
        if self._waiting < self._limit:
            return []
        self._waiting -= 1
        full = [lane for lane in self._all() if lane.waiting]
        return [min(full, key=lambda lane: lane.waiting[0].number).drop()]


def _together(job: Job, earlier: Job | None) -> Job:
    """The job, which stands for an earlier one of its kind too."""
    if earlier is None:
        return job
    alert, before = job.delivery.alert, earlier.delivery.alert
    count, first = alert.count + before.count, min(alert.first, before.first)
    flaps = _flaps_together(alert.flaps, before.flaps)
    # What was dropped may be of a kind that had ended before this one began.
    total, began = max(alert.total, count), min(alert.began, first)
    merged = replace(alert, count=count, total=total, first=first, began=began, flaps=flaps)
    return _for_all([earlier, job], merged)


def _flaps_together(flaps: Flaps | None, before: Flaps | None) -> Flaps | None:
    if flaps is None or before is None:
        return flaps
    return replace(flaps, times=flaps.times + before.times, since=before.since)


def _all_together(jobs: list[Job]) -> Job:
    """One that stands for all of them; as it is, if it is one only."""
    if len(jobs) == 1:
        return jobs[0]
    alerts = [job.delivery.alert for job in jobs]
    merged = replace(
        alerts[-1],
        phase=Phase.CONTINUES,
        count=sum(alert.count for alert in alerts),
        total=sum(alert.count for alert in alerts),
        first=min(alert.first for alert in alerts),
        last=max(alert.last for alert in alerts),
        began=min(alert.first for alert in alerts),
        others=True,
        after=None,
        results=Results(),
    )
    return _for_all(jobs, merged)


def _for_all(jobs: list[Job], alert: Alert) -> Job:
    """The last of them with this alert; none of them is done before it is."""
    delivery = Delivery(alert, context=jobs[-1].delivery.context)
    return replace(jobs[-1], number=min(job.number for job in jobs), delivery=delivery)
