"""What someone is to be told: one occurrence, or many of a kind together."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum

from msgspec import Struct, field

from ninelives.notifications.dispatch.results import Results
from ninelives.notifications.occurrence import Occurrence
from ninelives.notifications.route import Route

__all__ = ["Alert", "Flaps", "Phase"]


class Phase(StrEnum):
    """Where in the life of its kind an alert stands.

    Attributes:
        NEW: The first of its kind, or worse than what was told of it.
        CONTINUES: What was counted since the last message; of a circuit, that it is still open, or that it flaps.
        OPENED: A circuit has opened, and has not closed within the wait.
        RECOVERED: A circuit that was told of has closed.
    """

    NEW = "new"
    CONTINUES = "continues"
    OPENED = "opened"
    RECOVERED = "recovered"


class Flaps(Struct, frozen=True, kw_only=True):
    """What a circuit that flaps has done since the last message: outages that were too short to be told each.

    Attributes:
        times: How often it opened and closed.
        since: When it opened first of these times.
        over: Whether it has stayed closed for so long that it flaps no more.
    """

    times: int
    since: datetime
    over: bool = False


class Alert(Struct, frozen=True, eq=False, kw_only=True):
    """One message of one kind, before it is worded.

    Attributes:
        occurrence: The latest: what the message says it by.
        cause: Of a circuit, the latest failure that opened it, as far as that is known.
        route: Where it goes, and how.
        phase: Which message of its kind it is.
        count: How many occurrences it stands for: those since the last message.
        first, last: When the first and the last of these happened.
        began: When its kind, or the circuit's outage, began.
        total: How many there were since then.
        others: Whether it stands for many kinds, more than are kept apart.
        after: The alert that said the beginning: only who took that one is told that it is over.
        flaps: What a circuit that flaps has done besides, or only that; None: nothing that was not told.
        results: What became of it at each channel, filled in while it is delivered.
    """

    occurrence: Occurrence
    cause: Occurrence | None = None
    route: Route
    phase: Phase = Phase.NEW
    count: int = 1
    first: datetime
    last: datetime
    began: datetime
    total: int = 1
    others: bool = False
    after: Alert | None = None
    flaps: Flaps | None = None
    results: Results = field(default_factory=Results)
