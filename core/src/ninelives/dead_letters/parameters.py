"""The ways to a call's arguments: by their number, and by the name of their parameter."""

from __future__ import annotations

from typing import Any

from msgspec import Struct

from ninelives.dead_letters.payload import key_text
from ninelives.dead_letters.reprs import short_repr

__all__ = ["Parameters", "Steps", "steps_to"]

Steps = tuple[str, ...]
"""A way, as `ninelives.dead_letters.paths.steps_of` splits it."""


class Parameters(Struct, frozen=True):
    """What a function calls its arguments.

    Attributes:
        positional: Those that can be given by position, in their order.
        named: Those that can be given by name only.
        rest: What it calls all further positional ones, if it takes any.
        more: What it calls all further named ones, if it takes any.
    """

    positional: Steps = ()
    named: Steps = ()
    rest: Steps = ()
    more: Steps = ()

    @classmethod
    def of(cls, func: Any) -> Parameters:
        """Those of this function; none where nobody knows."""
        from inspect import Parameter, signature

        try:
            parameters = signature(func).parameters.values()
        except Exception:  # it has no signature, or raises when it is asked
            return cls()

        def called(*kinds: Any) -> Steps:
            return tuple(one.name for one in parameters if one.kind in kinds)

        return cls(
            called(Parameter.POSITIONAL_ONLY, Parameter.POSITIONAL_OR_KEYWORD),
            called(Parameter.KEYWORD_ONLY),
            called(Parameter.VAR_POSITIONAL),
            called(Parameter.VAR_KEYWORD),
        )

    def ways_to_positional(self, index: int, size: int) -> list[Steps]:
        """The ways that lead to this one of `size` positional arguments."""
        ways: list[Steps] = [(".args", step) for step in steps_to(index, size)]
        known = len(self.positional)
        if index < known:
            return [*ways, *_by_name(self.positional[index])]
        further = steps_to(index - known, size - known)
        return [*ways, *((".kwargs", key_text(name), step) for name in self.rest for step in further)]

    def ways_to_named(self, key: Any) -> list[Steps]:
        """The ways that lead to the argument that was given by this name."""
        ways = _by_name(key)
        if key in self.positional:
            return [*ways, *((".args", step) for step in steps_to(self.positional.index(key)))]
        if key in self.named:
            return ways
        return [*ways, *((".kwargs", key_text(name), step) for name in self.more for step in steps_to(key))]


def steps_to(piece: Any, size: int | None = None) -> list[str]:
    """The steps that lead to a part: its key, unbounded, as a long one must be found too; or its number in a row.

    Args:
        piece: The key or the index.
        size: How many the row has, which is counted from its end too; None: it is an object.
    """
    if size is not None:
        return [f"[{piece}]", f"[{piece - size}]", f".{piece}"]
    if isinstance(piece, str):
        return [key_text(piece)]
    return [f"[{short_repr(piece)}]", f".{short_repr(piece)}"]


def _by_name(key: Any) -> list[Steps]:
    ways: list[Steps] = [(".kwargs", step) for step in steps_to(key)]
    return [*ways, (".message",)] if key == "message" else ways
