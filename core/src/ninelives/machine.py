"""Which machine this is."""

from __future__ import annotations

import os
from functools import cache

from ninelives.describing import clean_text

__all__ = ["hostname"]


@cache
def hostname() -> str:
    """The machine's name."""
    return clean_text(os.uname().nodename) if hasattr(os, "uname") else os.environ.get("COMPUTERNAME", "")
