"""Why a channel did not take an alert, in words."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from ninelives.errors import ChannelError

if TYPE_CHECKING:
    from ninelives.notifications.outlet import Outlet

__all__ = ["CutOffError", "reason_at", "reason_of"]


class CutOffError(ChannelError):
    """Nobody waits for a channel any more: of that which it may have said before, this error knows nothing."""


def reason_of(error: BaseException) -> str:
    """What an error says, masked, and what to install where that would help."""
    from ninelives.describing import safe_message, type_name
    from ninelives.missing import install_advice
    from ninelives.redaction import redact_text

    kind = type_name(ChannelError() if isinstance(error, CutOffError) else error)
    return redact_text(f"{kind}: {safe_message(error)}{install_advice(error)}")


def reason_at(outlet: Outlet, error: BaseException) -> str:
    """The same of a channel that was cut off, with what is known of its trouble: it is the only one to tell why."""
    reason = reason_of(error)
    if not isinstance(error, CutOffError):
        return reason
    since, last = outlet.health.since, outlet.health.last
    silent = "" if since is None else f"; the channel had not answered for {max(time.monotonic() - since, 0.0):.1f} s"
    before = "" if last is None else f"; its last attempt: {last}"
    return f"{reason}{silent}{before}"
