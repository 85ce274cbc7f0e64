"""The demo without a terminal: real requests through one pipeline, the replay of what failed, and what came of each."""

from __future__ import annotations

import threading
import uuid
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from random import Random
from typing import Any, Protocol, Self

from ninelives import Circuits, LetterFilter, Notification, Outcome, Pipeline
from ninelives.dead_letters.store import Browsable, DeadLetterStore
from ninelives.events import Event
from ninelives.settings import Settings
from ninelives_cli.demo.client import Client
from ninelives_cli.demo.service import Phase, Service

__all__ = ["Demo", "Plan", "Watcher"]

PHASES = ((Phase.WORKING, 0.25), (Phase.FLAKY, 0.3), (Phase.DOWN, 0.25), (Phase.HEALED, 0.2))
"""What the service does, and for how many of the requests: by their number, not by the time, so that it is the same on
every machine."""

# Short, so that the demo is; a program's defaults are seconds and minutes.
BREAKER = {"failure_threshold": 5, "recovery_timeout": 0.4}
BACKOFF = {"max_retries": 3, "base_delay": 0.05, "max_delay": 0.4}

LEAST_WAIT = 0.05  # seconds between two rounds of the replay
LONGEST_RUN, LONGEST_WAIT = 8.0, 0.15


@dataclass(frozen=True)
class Plan:
    """What to do.

    Attributes:
        requests: How many requests to make.
        seed: Decides what fails now and then, and how retries spread.
        store: Where letters are kept: an address, or a store; None: ``./local_dlq.json``, or in the temporary directory
            where the working directory can't be written.
        workers: How many threads make the requests.
        phases: What the service does, and for which share of the requests.
    """

    requests: int = 200
    seed: int = 9
    store: str | DeadLetterStore | None = None
    workers: int = 4
    phases: tuple[tuple[Phase, float], ...] = PHASES

    @property
    def wait(self) -> float:
        """Seconds that a worker waits before each request, as customers do: so that there is something to watch."""
        return min(LONGEST_WAIT, LONGEST_RUN * self.workers / self.requests)


class Watcher(Protocol):
    """Who is told what happens, by any thread."""

    def entered(self, phase: Phase) -> None:
        """The service does something else now."""

    def finished(self, outcome: Outcome[str]) -> None:
        """A request has been answered, or has failed for good."""

    def replaying(self, letters: int) -> None:
        """The replay begins."""

    def told(self, event: Event) -> None:
        """The pipeline's event."""

    def alerted(self, notification: Notification) -> None:
        """An alert."""


class Demo:
    """One run.

    Its letters carry the tag ``run``: no other letter in the store is replayed, counted or changed.

    Args:
        plan: What to do.
        service: What takes the requests; whoever made it closes it.
        watcher: Is told what happens.

    Attributes:
        outcomes: What came of each request, by its order.
        replayed: How many letters succeeded when they were run again.

    Raises:
        ConfigurationError: The store's address is wrong.
    """

    def __init__(self, plan: Plan, service: Service, watcher: Watcher) -> None:
        self.plan = plan
        self.service = service
        self.client = Client(service.url)
        self.run_id = uuid.uuid4().hex[:8]
        self.outcomes: dict[str, Outcome[str]] = {}
        self.replayed = 0
        self._watcher = watcher
        self._stopping = threading.Event()
        self.pipeline = _pipeline(plan, watcher)
        # Under a name of its own: the client's address is no part of the letter.
        self.pipeline.register(self.client.place_order, "place_order")
        self._view = self.pipeline.using(tags={"run": self.run_id}, operation="place_order")

    @property
    def mine(self) -> LetterFilter:
        """The letters of this run."""
        return LetterFilter(tags={"run": self.run_id})

    @property
    def store(self) -> str:
        """Where the letters are, as errors and events call it."""
        name: str = self.pipeline["dead_letter"].places[0].name
        return name

    def run(self) -> None:
        """Make the requests, then replay what failed until nothing is refused.

        Raises:
            KeyboardInterrupt: What is under way was finished first; what failed is in the store.
            StoreError: The store can't be read; at the begin that is said before anything can be lost.
        """
        self.letters_left()
        with ThreadPoolExecutor(self.plan.workers, thread_name_prefix="customer") as pool:
            try:
                for phase, orders in self._phases():
                    self.service.enter(phase)
                    self._watcher.entered(phase)
                    for request in [pool.submit(self._request, order) for order in orders]:
                        request.result()
            except BaseException:
                self._stopping.set()
                raise
        self._replay()

    def letters_left(self) -> tuple[set[str], int] | None:
        """The ids of this run's letters that are still in the store, and how many there are of others.

        None if it can't be looked through.
        """
        store = self.pipeline["dead_letter"].places[0].store
        if not isinstance(store, Browsable):
            return None
        left = store.browse(self.mine, limit=self.plan.requests).letters
        return {letter.id for letter in left}, store.count() - len(left)

    def close(self) -> None:
        """Close the pipeline."""
        self.pipeline.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc_info: object) -> None:
        self.close()

    def _phases(self) -> Iterator[tuple[Phase, list[str]]]:
        begin, share = 0, 0.0
        for phase, part in self.plan.phases:
            share += part
            end = round(share * self.plan.requests)
            yield phase, [f"order-{number:04}" for number in range(begin + 1, end + 1)]
            begin = end

    def _request(self, order: str) -> None:
        if self._stopping.wait(self.plan.wait):
            return
        outcome = self._view.try_run(self.client.place_order, order)
        self.outcomes[order] = outcome
        self._watcher.finished(outcome)

    def _replay(self) -> None:
        self._watcher.replaying(sum(not outcome.ok for outcome in self.outcomes.values()))
        while True:
            report = self.pipeline.replay(self.mine)
            self.replayed += report.replayed
            if not report.refused and not report.failed:
                return
            # The circuit is open, or the service failed again; after five failures a letter is parked and stays.
            self._stopping.wait(max(report.retry_after or 0.0, LEAST_WAIT))


class _Alerts:
    """The channel that shows alerts to the watcher; it comes beside ``log:``, as a program's own channel would."""

    inline = True
    name = "demo"

    def __init__(self, watcher: Watcher) -> None:
        self._watcher = watcher

    def send(self, notification: Notification, *, timeout: float) -> None:
        self._watcher.alerted(notification)

    def close(self) -> None:
        """There is nothing to free."""


def _pipeline(plan: Plan, watcher: Watcher) -> Pipeline:
    options: dict[str, Any] = {
        "notify": {"channels": ["log:", _Alerts(watcher)]},
        "dead_letter": {} if plan.store is None else {"store": plan.store},
        "breaker": BREAKER,
        "backoff": BACKOFF,
    }
    return Pipeline(
        "demo",
        # The demo is the same whatever this machine's configuration says; and it alerts nobody who is on call.
        settings=Settings(environ={}),
        circuits=Circuits(),
        random=Random(plan.seed),  # noqa: S311 - jitter, not secrets
        listeners=[watcher.told],
        **options,
    )
