"""Ids that sort by time: UUID version 7 (RFC 9562, section 5.7), made without the `uuid` module's import."""

from __future__ import annotations

import os
import time

__all__ = ["new_id"]


def new_id(unix_nanoseconds: int | None = None) -> str:
    """A new UUIDv7 as text.

    The 12 bits after the milliseconds hold the fraction of the millisecond (RFC 9562, section 6.2, method 3), so that
    ids made within one millisecond sort as well; 62 bits are random.

    Args:
        unix_nanoseconds: Nanoseconds since 1970; None for now.
    """
    nanoseconds = time.time_ns() if unix_nanoseconds is None else unix_nanoseconds
    milliseconds, rest = divmod(nanoseconds, 1_000_000)
    fraction = (rest << 12) // 1_000_000
    chance = int.from_bytes(os.urandom(8)) & 0x3FFF_FFFF_FFFF_FFFF
    value = (milliseconds & 0xFFFF_FFFF_FFFF) << 80 | 0x7 << 76 | fraction << 64 | 0x2 << 62 | chance
    text = f"{value:032x}"
    return f"{text[:8]}-{text[8:12]}-{text[12:16]}-{text[16:20]}-{text[20:]}"
