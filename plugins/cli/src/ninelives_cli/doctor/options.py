"""What the options of the commands may be."""

from __future__ import annotations

import math
from typing import Any

import click

__all__ = ["SECONDS", "Real"]

_LONGEST = 3600


class Real(click.FloatRange):
    """A number in a range, with a fraction where need be."""

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """The number.

        Raises:
            click.BadParameter: It is none, or out of its range.
        """
        number = super().convert(value, param, ctx)
        if math.isnan(number):  # which no range keeps out
            self.fail("it is no number", param, ctx)
        return number


class _Seconds(Real):
    name = "seconds"


SECONDS = _Seconds(min=0, min_open=True, max=_LONGEST)
"""The type of a time-out: a number of seconds, an hour at most."""
