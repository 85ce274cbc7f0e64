"""A letter that is ours until it is known what came of it."""

from __future__ import annotations

from msgspec import Struct

from ninelives.call import Call
from ninelives.dead_letters.claims import Claimed
from ninelives.dead_letters.in_hand import Hand

__all__ = ["Held", "Work"]


class Held(Struct, eq=False):
    """A letter that is ours.

    Attributes:
        claimed: The claim, as it was prolonged last.
        renew_at: When to prolong it again, on the monotonic clock.
        begun: Whether it is being run.
        is_ours: Whether nothing has come of it yet: what has ended is not prolonged.
        lost: Whether the store said that it is ours no longer.
    """

    claimed: Claimed
    renew_at: float
    begun: bool = False
    is_ours: bool = True
    lost: bool = False

    @property
    def id(self) -> str:
        """The letter's id."""
        return self.claimed.letter.id


class Work(Struct, eq=False):
    """A letter that is about to be run, or is being run.

    Attributes:
        held: The letter.
        call: What runs it.
        hand: What the code that runs it knows of it.
        began: When it began, in seconds on the machine's monotonic clock.
    """

    held: Held
    call: Call
    hand: Hand
    began: float
