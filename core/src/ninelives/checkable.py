"""What a store or a channel may be able to: say whether it works, without keeping or sending anything."""

from __future__ import annotations

from typing import Protocol, runtime_checkable

__all__ = ["Checkable"]


@runtime_checkable
class Checkable(Protocol):
    """A backend that can be tried without harm; `ninelives doctor` does it for each that is configured."""

    def check(self, *, timeout: float) -> str:
        """Try everything that can be tried and leaves nothing behind: reach the service, log in, ask for permission.

        Args:
            timeout: Seconds that one answer may take.

        Returns:
            What works, in a few words: ``the queue is there, and may be sent to``.

        Raises:
            StoreError, ChannelError: What does not, and what to do about it.
        """
        ...
