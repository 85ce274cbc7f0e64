"""What every event has."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, fields
from datetime import datetime
from typing import Any, ClassVar

__all__ = ["Event", "Listener"]


@dataclass(frozen=True, kw_only=True, slots=True, eq=False, repr=False)
class Event:
    """What every event has.

    Attributes:
        at: When it happened; aware, in UTC.
        pipeline: The pipeline's name; None for a part used alone.
        call_id: The call's id, where there is one.
    """

    name: ClassVar[str] = "event"

    at: datetime
    pipeline: str | None = None
    call_id: str | None = None

    # Once here rather than generated for each class: generating them takes a third of the package's import.
    def fields(self) -> dict[str, Any]:
        """The event's fields by name."""
        return {field.name: getattr(self, field.name) for field in fields(self)}

    def __eq__(self, other: object) -> bool:
        return type(self) is type(other) and isinstance(other, Event) and self.fields() == other.fields()

    def __hash__(self) -> int:
        return hash((type(self), *self.fields().values()))

    def __repr__(self) -> str:
        return f"{type(self).__name__}({', '.join(f'{name}={value!r}' for name, value in self.fields().items())})"


Listener = Callable[[Event], object]
