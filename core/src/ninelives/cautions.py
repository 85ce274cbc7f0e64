"""Warnings of ours, at the line of the program that they are about."""

from __future__ import annotations

import sys
import warnings
from types import FrameType

from ninelives.errors import ConfigurationWarning

__all__ = ["caution"]


def caution(text: str) -> None:
    """Warn with a `ConfigurationWarning` at the first line up the stack that is not ours: there the value was given."""
    depth = 0
    frame: FrameType | None = sys._getframe()  # noqa: SLF001 - documented; `inspect` would read the source files
    while frame is not None and str(frame.f_globals.get("__name__")).partition(".")[0] == __package__:
        depth, frame = depth + 1, frame.f_back
    warnings.warn(text, ConfigurationWarning, stacklevel=depth + 1)
