"""What stands around a part that is used alone: the innermost step, and the listeners that are installed."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from ninelives.decorating import require_awaitable

if TYPE_CHECKING:
    from ninelives.call import Call
    from ninelives.events import Listener

__all__ = ["ainnermost", "innermost", "installed_listeners"]


def innermost(call: Call) -> Any:
    """Call the function."""
    call.attempt += 1
    return call.func(*call.args, **call.kwargs)


async def ainnermost(call: Call) -> Any:
    """Await the function's result.

    Raises:
        KindError: There is nothing to await.
    """
    call.attempt += 1
    return await require_awaitable(call.func(*call.args, **call.kwargs), call.func, instead="execute")


def installed_listeners() -> Sequence[Listener]:
    """Those of the installed plugins, which are looked for now; never raises an `Exception`."""
    from ninelives.plugins import default_plugins

    try:
        return default_plugins().listeners
    except Exception:  # a broken plugin's warning, where warnings are errors: it must not hide the call's own error
        return ()
