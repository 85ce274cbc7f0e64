"""What the options of the commands may be."""

from __future__ import annotations

import math
from typing import Any

import click

__all__ = ["SECONDS"]

_LONGEST = 3600


class _Seconds(click.FloatRange):
    name = "seconds"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        seconds = super().convert(value, param, ctx)
        if math.isnan(seconds):  # which no range keeps out
            self.fail("it is no number", param, ctx)
        return seconds


SECONDS = _Seconds(min=0, min_open=True, max=_LONGEST)
"""The type of a time-out: a number of seconds, an hour at most."""
