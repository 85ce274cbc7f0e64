"""Single values that JSON lacks, each as a tagged object, and back."""

from __future__ import annotations

import base64
import math
import sys
from collections.abc import Callable, Mapping
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from typing import Any

__all__ = ["LEAF_DECODERS", "LEAVES", "TAG", "is_plain_text", "is_uuid", "tagged"]

TAG = "$type"
"""The key that makes an object of the record something else; a dictionary of the user's that has it is tagged too."""

_INT64 = 1 << 63


def tagged(kind: str, value: Any, **more: Any) -> dict[str, Any]:
    """The object that stands for a value of that kind."""
    return {TAG: kind, "value": value, **more}


def is_uuid(value: Any) -> bool:
    """Whether it is a `uuid.UUID`; who uses none need not import that module."""
    module = sys.modules.get("uuid")
    return module is not None and type(value) is module.UUID


def is_plain_text(value: Any) -> bool:
    """Whether it is a ``str`` that JSON can hold as it is: lone surrogates can't be written in UTF-8."""
    return type(value) is str and _str(value) is value


def _float(value: float) -> Any:
    return value if math.isfinite(value) else tagged("float", repr(value))


def _int(value: int) -> Any:
    # Hexadecimal: Python limits the length of decimal ones that it reads.
    return value if -_INT64 <= value < _INT64 else tagged("int", hex(value))


def _str(value: str) -> Any:
    try:
        value.encode()
    except UnicodeEncodeError:
        return tagged("str", _base64(value.encode("utf-8", "surrogatepass")))
    return value


def _base64(data: bytes | bytearray) -> str:
    return base64.b64encode(data).decode()


def _moment(kind: str) -> Callable[[Any], Any]:
    def leaf(value: Any) -> Any:
        zone = _zone_name(value.tzinfo)
        if zone is None and value.tzinfo is not None and value.utcoffset() is None:
            raise ValueError("its time zone can't be written down")
        more = ({} if zone is None else {"zone": zone}) | ({"fold": 1} if value.fold else {})
        return tagged(kind, value.isoformat(), **more)

    return leaf


def _zone_name(zone: Any) -> str | None:
    module = sys.modules.get("zoneinfo")
    return zone.key if module is not None and type(zone) is module.ZoneInfo else None


LEAVES: dict[type, Callable[[Any], Any]] = {
    int: _int,
    float: _float,
    str: _str,
    bytes: lambda value: tagged("bytes", _base64(value)),
    bytearray: lambda value: tagged("bytearray", _base64(value)),
    complex: lambda value: tagged("complex", [repr(value.real), repr(value.imag)]),
    Decimal: lambda value: tagged("decimal", str(value)),
    datetime: _moment("datetime"),
    time: _moment("time"),
    date: lambda value: tagged("date", value.isoformat()),
    timedelta: lambda value: tagged("timedelta", [value.days, value.seconds, value.microseconds]),
}
"""By type, what makes JSON of it. What it raises means that the value can't be held."""


def _decode_moment(kind: Any) -> Callable[[Mapping[str, Any]], Any]:
    def moment(value: Mapping[str, Any]) -> Any:
        made = kind.fromisoformat(value["value"]).replace(fold=value.get("fold", 0))
        if "zone" not in value:
            return made
        from zoneinfo import ZoneInfo

        return made.replace(tzinfo=ZoneInfo(value["zone"]))

    return moment


def _decode_uuid(value: Mapping[str, Any]) -> Any:
    from uuid import UUID

    return UUID(value["value"])


LEAF_DECODERS: dict[str, Callable[[Mapping[str, Any]], Any]] = {
    "int": lambda value: int(value["value"], 16),
    "float": lambda value: float(value["value"]),
    "complex": lambda value: complex(*map(float, value["value"])),
    "str": lambda value: base64.b64decode(value["value"]).decode("utf-8", "surrogatepass"),
    "bytes": lambda value: base64.b64decode(value["value"]),
    "bytearray": lambda value: bytearray(base64.b64decode(value["value"])),
    "decimal": lambda value: Decimal(value["value"]),
    "uuid": _decode_uuid,
    "datetime": _decode_moment(datetime),
    "time": _decode_moment(time),
    "date": lambda value: date.fromisoformat(value["value"]),
    "timedelta": lambda value: timedelta(*value["value"]),
    "unserialisable": lambda value: value["value"],
}
"""By tag, what makes the value of its object. They raise whatever a malformed object makes them raise."""
