"""Health checks: what changes is told, and from time to time that it has not changed for the better."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from msgspec import Struct

from ninelives.locks import new_lock

__all__ = ["Checkup", "HealthStates", "State", "Verdict", "component_of"]

LIMIT = 1_000


def component_of(details: Any) -> str | None:
    """What a health check is of: its details' ``component``, where they have one. Never raises an `Exception`."""
    try:
        component = details.get("component") if isinstance(details, Mapping) else None
        return component if isinstance(component, str) else None
    except Exception:  # a mapping that is none
        return None


class Checkup(Struct, frozen=True):
    """One result of a health check.

    Attributes:
        component: What was checked; None: it was not said.
        is_healthy: The result.
        at: When.
        seconds: The same on the monotonic clock.
    """

    component: str | None
    is_healthy: bool
    at: datetime
    seconds: float


class State(Struct, frozen=True, eq=False):
    """What is known of a component.

    Attributes:
        is_healthy: What was last found, and told.
        since: When it was first found so.
        told_at: When that was told, on the monotonic clock.
        held: How many checkups found it unhealthy since.
    """

    is_healthy: bool
    since: datetime
    told_at: float
    held: int = 0


class Verdict(Struct, frozen=True, eq=False):
    """What is to be done about a checkup.

    Attributes:
        sends: Whether it is to be told.
        state: What is known now.
        before: What was known before.
        count: How many checkups found it unhealthy since the last message, this one included.
    """

    sends: bool
    state: State
    before: State | None
    count: int = 1


class HealthStates:
    """What was last told of each component; of the 1,000 that were last added.

    Args:
        repeat_interval: Seconds after which it is told again that something is not healthy.
    """

    def __init__(self, repeat_interval: float) -> None:
        self._repeat_interval = repeat_interval
        self._known: dict[str | None, State] = {}
        self._lock = new_lock()

    def note(self, checkup: Checkup) -> Verdict:
        """Note it; whether it is news: another than before, unhealthy at the first time, or still so after long."""
        with self._lock:
            verdict = self._judge(checkup, self._known.get(checkup.component))
            self._known[checkup.component] = verdict.state
            if len(self._known) > LIMIT:
                del self._known[next(iter(self._known))]
            return verdict

    def take_back(self, component: str | None, verdict: Verdict) -> None:
        """The news reached nobody: it is news again, unless more has been found since."""
        with self._lock:
            if self._known.get(component) is not verdict.state:
                return
            if verdict.before is None:
                del self._known[component]
            else:
                self._known[component] = verdict.before

    def _judge(self, checkup: Checkup, before: State | None) -> Verdict:
        healthy, seconds = checkup.is_healthy, checkup.seconds
        if before is None or before.is_healthy != healthy:
            is_news = before is not None or not healthy
            return Verdict(is_news, State(healthy, checkup.at, seconds), before)
        held = 0 if healthy else before.held + 1
        if held and seconds - before.told_at >= self._repeat_interval:
            return Verdict(True, State(healthy, before.since, seconds), before, held)
        state = State(healthy, before.since, before.told_at, held)
        return Verdict(False, state, before, held)
