"""What an error came from: of many errors the type and the message say little of why."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ninelives.describing import safe_message, type_name

__all__ = ["chain_of", "origins_of"]

_MOST_SAID = 3
_LONGEST = 200  # characters of a message
_DEEPEST = 10  # levels of groups in a group that are looked into


def chain_of(error: BaseException, most: int) -> list[BaseException]:
    """The errors that it came from, nearest first; a chain that bites its own tail ends there."""
    chain = [error]
    while len(chain) <= most and (before := _before(chain[-1])) is not None:
        if any(before is known for known in chain):
            break
        chain.append(before)
    return chain[1:]


def origins_of(error: BaseException, hide: Callable[[str], str]) -> tuple[str, ...]:
    """The first three errors in a group, or those that an error came from, nearest first, each with its message.

    Never raises an `Exception`.

    Args:
        error: The error; nothing of it is held.
        hide: What each text goes through.

    Example:
        >>> origins_of(ExceptionGroup("2 failed", [OSError("no disk"), KeyError("id")]), str)
        ('builtins.OSError: no disk', "builtins.KeyError: 'id'")
    """
    try:
        found = _members(error) if _is_group(error) else chain_of(error, _MOST_SAID)
        return tuple(hide(f"{type_name(one)}: {safe_message(one, _LONGEST)}") for one in found)
    except Exception:  # an error may answer so to any question
        return ()


def _members(group: BaseException) -> list[BaseException]:
    """The first errors in a group that are no groups themselves, as far as it is looked into."""
    level: list[Any] = [group]
    for _ in range(_DEEPEST):
        if not any(map(_is_group, level)):
            break
        level = [one for each in level for one in (each.exceptions if _is_group(each) else (each,))][:_MOST_SAID]
    return level


def _is_group(error: BaseException) -> bool:
    # By its type: asked for its class, an object may answer with an error.
    return issubclass(type(error), BaseExceptionGroup)


def _before(error: BaseException) -> BaseException | None:
    # `is not None`: an error may be false.
    if error.__cause__ is not None:
        return error.__cause__
    return None if error.__suppress_context__ else error.__context__
