"""Health checks: only what changes is told."""

from __future__ import annotations

from collections.abc import Mapping
from threading import Lock
from typing import Any

__all__ = ["HealthStates", "component_of"]

LIMIT = 1_000


def component_of(details: Any) -> str | None:
    """What a health check is of: its details' ``component``, where they have one."""
    component = details.get("component") if isinstance(details, Mapping) else None
    return component if isinstance(component, str) else None


class HealthStates:
    """What was last told of each component; of the 1,000 that were last added."""

    def __init__(self) -> None:
        self._told: dict[str | None, bool] = {}
        self._lock = Lock()

    def note(self, component: str | None, is_healthy: bool) -> bool:  # noqa: FBT001 - as in the public method
        """Note the state; whether it is news: another than before, or unhealthy at the first time."""
        with self._lock:
            before = self._told.get(component, True)
            self._told[component] = is_healthy
            if len(self._told) > LIMIT:
                del self._told[next(iter(self._told))]
            return before != is_healthy

    def take_back(self, component: str | None, is_healthy: bool) -> None:  # noqa: FBT001 - likewise
        """The news reached nobody: the same state will be news again."""
        with self._lock:
            if self._told.get(component) == is_healthy:
                self._told[component] = not is_healthy
