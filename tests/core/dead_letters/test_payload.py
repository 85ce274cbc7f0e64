"""Arguments and messages as JSON, and back."""

from __future__ import annotations

import sys
import threading
from collections import OrderedDict
from contextlib import suppress
from datetime import UTC, date, datetime, time, timedelta, timezone, tzinfo
from decimal import Decimal
from uuid import UUID
from zoneinfo import ZoneInfo

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ninelives.dead_letters import payload
from ninelives.dead_letters.payload import MAX_DEPTH, decode, encode

ZONES = st.sampled_from([None, UTC, timezone(timedelta(hours=-3, minutes=-30)), ZoneInfo("Europe/Berlin")])

KEYS = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False)
    | st.text(st.characters(categories=None))
    | st.binary(max_size=20)
    | st.dates()
    | st.datetimes(timezones=ZONES)
    | st.timedeltas()
    | st.decimals(allow_nan=False)
    | st.uuids()
)
LEAVES = KEYS | st.binary(max_size=20).map(bytearray) | st.complex_numbers(allow_nan=False) | st.times(timezones=ZONES)
_SMALL = st.none() | st.booleans() | st.integers() | st.text(st.characters(categories=None)) | st.binary(max_size=9)
_FEW = st.frozensets(_SMALL, max_size=3)
HASHABLE = KEYS | _FEW | st.tuples() | st.tuples(_SMALL, _FEW) | st.frozensets(st.tuples(_SMALL, _SMALL), max_size=2)
VALUES = st.recursive(
    LEAVES,
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.lists(inner, max_size=4).map(tuple)
        | st.dictionaries(st.text(max_size=5) | st.just("$type"), inner, max_size=4)
        | st.dictionaries(HASHABLE, inner, max_size=4)
        | st.sets(HASHABLE, max_size=3)
    ),
    max_leaves=15,
)


def through_json(value, custom=None, back=None):
    encoded, marked = encode(value, "args", custom)
    return decode(msgspec.json.decode(msgspec.json.encode(encoded)), back), marked


def typed(value):
    """The value with the type of each part, so that 1, 1.0 and True differ."""
    if type(value) is dict:
        return dict, [(typed(key), typed(item)) for key, item in value.items()]
    if type(value) in (list, tuple):
        return type(value), [typed(item) for item in value]
    if type(value) in (set, frozenset):
        return type(value), sorted((typed(item) for item in value), key=repr)
    return type(value), repr(value)


@given(VALUES)
def test_what_is_known_comes_back_as_it_was(value):
    """Nested values of all known types come back through JSON equal and of the same types, and none is marked."""
    back, marked = through_json(value)
    assert marked == []
    assert back == value
    assert typed(back) == typed(value)


@pytest.mark.parametrize(
    "value",
    [
        float("nan"),
        float("inf"),
        -float("inf"),
        -0.0,
        5e-324,
        1e22,
        complex(float("nan"), -0.0),
        10**5000,
        -(10**5000),
        2**63,
        -(2**63),
        Decimal("NaN123"),
        Decimal("-sNaN"),
        Decimal("-0.00"),
        Decimal("1e999999"),
        "\ud800 and \x00",
        "x" * 2_000_000,
        {"\udfff": 1},
        {"$type": "tuple", "value": [1]},
        {"$type": {"$type": "set"}},
        {None: 1, (1, frozenset({2})): b"", 1.5: None},
        datetime(2026, 10, 25, 2, 30, fold=1, tzinfo=ZoneInfo("Europe/Berlin")),
        datetime(1, 1, 1, tzinfo=timezone(timedelta(seconds=1, microseconds=5))),
        time(2, 30, tzinfo=ZoneInfo("Europe/Berlin")),
        date.min,
        timedelta.min,
        UUID(int=0),
    ],
    ids=lambda value: repr(type(value)),
)
def test_odd_values_come_back_as_they_were(value):
    """NaN, infinities, signed zeros, huge numbers, lone surrogates, zones, folds and users' `$type` keys survive."""
    back, marked = through_json(value)
    assert marked == []
    limit = sys.get_int_max_str_digits()
    sys.set_int_max_str_digits(0)
    try:
        assert typed(back) == typed(value)
    finally:
        sys.set_int_max_str_digits(limit)


def test_equal_sets_look_the_same():
    """Sets that are equal are written alike, in whatever order they iterate."""
    assert encode({8, 0}, "x") == encode({0, 8}, "x")
    assert encode(frozenset({"a", 1, None, ("b",)}), "x") == encode(frozenset({("b",), None, 1, "a"}), "x")


class Bad:
    """Raises at whatever it is asked."""

    def __repr__(self):
        raise RuntimeError("repr")

    def __eq__(self, other):
        raise RuntimeError("eq")

    def __hash__(self):
        raise RuntimeError("hash")

    def __bool__(self):
        raise RuntimeError("bool")


class Meta(type):
    __name__ = property(lambda self: 1 / 0)

    def __hash__(cls):
        raise RuntimeError("hash")

    def __repr__(cls):
        raise RuntimeError("repr")


class Worse(metaclass=Meta):
    def __repr__(self):
        raise RuntimeError("repr")


class Nowhere(tzinfo):
    def utcoffset(self, moment):
        return None


class Broken(tzinfo):
    def utcoffset(self, moment):
        raise RuntimeError("no")


@pytest.mark.parametrize(
    "value",
    [
        object(),
        Bad(),
        Worse(),
        OrderedDict(a=1),
        datetime(2026, 1, 1, tzinfo=Nowhere()),
        time(1, tzinfo=Nowhere()),
        datetime(2026, 1, 1, tzinfo=Broken()),
        threading.Lock(),
        range(3),
    ],
    ids=lambda value: type.__repr__(type(value)),
)
def test_what_can_not_be_held_is_marked(value):
    """Anything else is marked where it is, with its repr where it has one; what stands beside it is kept."""
    back, marked = through_json([1, {"a": value}, 2])
    assert [part["path"] for part in marked] == ["args[1].a"]
    assert back == [1, {"a": marked[0]["repr"]}, 2]


def test_a_key_that_can_not_be_held_is_marked():
    """A key that can't be held is marked like any other part."""

    class Key:
        def __repr__(self):
            return "<key>"

    back, marked = through_json({Key(): 1})
    assert marked == [{"path": "args.keys()[0]", "repr": "<key>"}]
    assert back == {"<key>": 1}


def test_a_value_under_an_odd_key_is_found():
    """The path of a part names keys that are no text by their repr."""
    _, marked = encode({(1, "x"): [object()]}, "kwargs")
    assert marked[0]["path"] == "kwargs[(1, 'x')][0]"


def test_cyclic_data_is_marked():
    """What contains itself is marked where it comes again; what is only shared is not."""
    shared = [1]
    cyclic = {"shared": [shared, shared]}
    cyclic["self"] = cyclic
    back, marked = through_json(cyclic)
    assert [part["path"] for part in marked] == ["args.self"]
    assert back["shared"] == [[1], [1]]


@pytest.mark.parametrize("wrap", [lambda inner: [inner], lambda inner: {"a": inner}, lambda inner: (inner,)])
def test_deep_nesting_is_marked(wrap):
    """Two hundred levels are too deep: what is below the limit is marked, what is above it is kept."""
    value = 1
    for _ in range(200):
        value = wrap(value)
    back, marked = through_json(value)
    assert len(marked) == 1
    for _ in range(MAX_DEPTH):
        (back,) = back.values() if isinstance(back, dict) else back
    assert back == marked[0]["repr"]
    deepest = 1
    for _ in range(MAX_DEPTH):
        deepest = wrap(deepest)
    assert through_json(deepest) == (deepest, [])


def test_what_is_shared_in_many_ways_ends():
    """Lists that hold one list twice, sixty times over, are a billion ways to it: they are marked, in short time."""
    value = ["end"]
    for _ in range(60):
        value = [value, value]
    encoded, marked = encode(value, "args")
    assert marked
    assert len(msgspec.json.encode(encoded)) < 30_000_000


def test_a_long_flat_list_is_kept():
    """A million numbers are no excess."""
    value = [0.5] * 1_000_000
    assert encode(value, "args") == (value, [])


def test_more_than_the_limit_is_marked_whole(monkeypatch):
    """A container that would go beyond the limit is marked as a whole, and what follows it is still kept."""
    monkeypatch.setattr(payload, "MAX_PARTS", 100)
    back, marked = through_json([list(range(200)), [1, 2]])
    assert [part["path"] for part in marked] == ["args[0]"]
    assert back[1] == [1, 2]


def test_many_marks_are_counted():
    """The first hundred parts that can't be held are told, the rest is counted."""
    encoded, marked = encode([object() for _ in range(1000)], "args")
    assert len(marked) == 101
    assert marked[-1] == {"path": "args", "repr": "and 900 more"}
    assert len(encoded) == 1000


def test_long_keys_cost_nothing():
    """A key of megabytes above thousands of values is not copied for each, and is cut in a path."""
    value = {"k" * 2_000_000: [1] * 10_000 + [object()]}
    _, marked = encode(value, "kwargs")
    assert len(marked[0]["path"]) < 600
    assert marked[0]["path"].endswith("[10000]")


def test_a_long_way_is_cut():
    """A path of a hundred long keys is bounded."""
    value = object()
    for _ in range(50):
        value = {"k" * 50: value}
    _, marked = encode(value, "kwargs")
    assert len(marked[0]["path"]) < 600


def test_a_dictionary_that_changes_meanwhile_is_survived():
    """A container that is changed while it is written is kept as it was when it was come to."""
    value = {}

    def custom(_):
        value["more"] = 1
        return "made"

    value["odd"] = object()
    assert encode(value, "x", custom) == ({"odd": {"$type": "custom", "value": "made"}}, [])


class Point:
    def __init__(self, x, y):
        self.x, self.y = x, y

    def __repr__(self):
        return "Point"


def test_encode_and_decode_make_anything_storable():
    """What `custom` makes of a value comes back through its inverse; nested, and with parts that need it again."""

    def custom(value):
        if isinstance(value, Point):
            return (value.x, value.y)
        raise TypeError

    back, marked = through_json([Point(1, Point(2, 3))], custom, lambda pair: Point(*pair))
    assert marked == []
    assert (back[0].x, back[0].y.x, back[0].y.y) == (1, 2, 3)
    assert through_json([Point(1, 2)], custom) == ([(1, 2)], [])


@pytest.mark.parametrize(
    "custom",
    [
        lambda value: 1 / 0,
        lambda value: value,
        lambda value: Point(0, 0),
        lambda value: [value],
        lambda value: [value, value],
    ],
    ids=["raises", "the same", "another of the type", "contains it", "contains it twice"],
)
def test_an_encoder_that_does_not_help_is_survived(custom):
    """A `custom` that raises, or gives what it was given, alone or in something, means that the value is marked."""
    _, marked = through_json(Point(1, 2), custom)
    assert marked
    assert {part["repr"] for part in marked} == {"Point"}


def test_an_encoder_that_never_ends_is_survived():
    """A `custom` that always makes something new, of another type, ends at the depth limit."""
    count = 0

    class Other:
        pass

    def custom(value):
        nonlocal count
        count += 1
        return Other() if isinstance(value, Point) else Point(0, 0)

    _, marked = encode(Point(1, 2), "x", custom)
    assert len(marked) == 1
    assert count == MAX_DEPTH


def _at_depth(levels, func):
    return func() if levels == 0 else _at_depth(levels - 1, func)


def _depth():
    frame, depth = sys._getframe(), 0
    while frame is not None:
        frame, depth = frame.f_back, depth + 1
    return depth


def test_at_the_end_of_the_stack_the_whole_is_marked():
    """Where the stack has no room for the nesting the value is marked whole; nothing is raised."""
    value = 1
    for _ in range(90):
        value = [value]
    room = sys.getrecursionlimit() - _depth()
    encoded, marked = _at_depth(room - 60, lambda: encode(value, "args"))
    assert [part["path"] for part in marked] == ["args"]
    assert encoded["$type"] == "unserialisable"


@pytest.mark.parametrize(
    "record",
    [
        {"$type": ["list"], "value": 1},
        {"$type": "os.system", "value": "true"},
        {"$type": "builtins:eval", "value": ["1"]},
        {"$type": None},
    ],
)
def test_unknown_tags_are_plain_dictionaries(record):
    """A tag that is not known makes nothing of its object; nothing is imported or run."""
    before = set(sys.modules)
    assert decode(record) == record
    assert set(sys.modules) == before


HOSTILE = [
    {"$type": kind, **more}
    for kind in (
        *("int", "float", "complex", "str", "bytes", "bytearray", "decimal", "uuid", "datetime", "time", "date"),
        *("timedelta", "unserialisable", "tuple", "set", "frozenset", "dict", "custom"),
    )
    for more in ({}, {"value": None}, {"value": [[1], {}]}, {"value": "\x00"}, {"value": 10**30}, {"zone": "../../x"})
]


@pytest.mark.parametrize("record", HOSTILE, ids=repr)
def test_malformed_tags_raise_no_worse_than_an_exception(record):
    """A hand-made object with a known tag gives something or raises an `Exception`; it imports and runs nothing."""
    before = set(sys.modules)
    with suppress(Exception):
        decode(record, lambda value: value)
    assert {name for name in set(sys.modules) - before if not name.startswith("tzdata")} == set()


def test_a_zone_can_not_lead_out_of_the_zones():
    """The name of a zone in a record is no path."""
    with pytest.raises(ValueError, match="ZoneInfo keys"):
        decode({"$type": "datetime", "value": "2026-01-01T00:00:00", "zone": "../../etc/passwd"})
