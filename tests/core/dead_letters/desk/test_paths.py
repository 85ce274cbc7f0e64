"""Paths: they name the parts of a payload as users see them, and a wrong one says what is there."""

from __future__ import annotations

from copy import deepcopy
from typing import ClassVar

import pytest

from ninelives.dead_letters.paths import add_path, differences, get_path, marked_in, set_path
from ninelives.dead_letters.payload import encode


class Order:
    """What JSON can't hold."""

    def __repr__(self):
        return "<order>"


def payload(*args, **kwargs):
    return {"args": encode(list(args), "args")[0], "kwargs": encode(kwargs, "kwargs")[0]}


PAYLOAD = payload(
    {"name": "Tmo", "tags": ["a", "b"]},
    (1, {"deep": (2, 3)}),
    order={"id": 7, "a.b": 1, 'say "x"': 2, "": 3, "it's": 4, "[0]": 5, "a\nb": 6},
    odd={(1, "x"): 10, 5: 11, "plain": 12},
)


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("args[0].name", "Tmo"),
        ("args[0].tags[1]", "b"),
        ("args[1][0]", 1),
        ("args[1][1].deep[1]", 3),
        ("kwargs.order.id", 7),
        ('kwargs["order"]["id"]', 7),
        ('kwargs.order["a.b"]', 1),
        ("kwargs.order['a.b']", 1),
        (r'kwargs.order["say \"x\""]', 2),
        ('kwargs.order[""]', 3),
        ('kwargs.order["it\'s"]', 4),
        ('kwargs.order["[0]"]', 5),
        (r'kwargs.order["a\nb"]', 6),
        ("kwargs.odd[(1, 'x')]", 10),
        ("kwargs.odd[5]", 11),
        ("kwargs.odd.plain", 12),
    ],
)
def test_a_part_is_found_and_replaced_by_its_path(path, value):
    """What stands at a path can be read and replaced, in tuples and behind odd keys too; all else stays."""
    assert get_path(PAYLOAD, path) == value
    before = deepcopy(PAYLOAD)
    changed = set_path(PAYLOAD, path, "new")
    assert before == PAYLOAD
    assert get_path(changed, path) == "new"
    assert len([*differences(PAYLOAD, changed)]) == 1
    assert set_path(changed, path, value) == PAYLOAD


def test_every_marked_path_can_be_replaced():
    """The path of a part that could not be held, as the letter tells it, is the path that replaces it."""
    args, marked = encode(
        [Order(), (Order(),), {"a.b": {(1, "x"): Order()}, "x" * 90: [Order()], "it's": Order()}], "args"
    )
    made = {"args": args, "kwargs": {}}
    assert [mark["path"] for mark in marked_in(args, [".args"])] == [mark["path"] for mark in marked]
    for mark in marked:
        made = set_path(made, mark["path"], 0)
    assert [*marked_in(made["args"], [".args"])] == []


def test_parts_of_sets_and_keys_are_told_too():
    """A mark in a set or in a key is found, though it can be replaced only with what holds it."""
    message, marked = encode([{1, Order()}, {Order(): 1}], "message")
    assert sorted(part["path"] for part in marked_in(message, [".message"])) == [
        "message[0][1]",
        "message[1].keys()[0]",
    ]
    assert len(marked) == 2


class Custom:
    """What `encode=` makes JSON of."""

    inside: ClassVar = {"to": ["Tmo"]}


def test_what_encode_made_is_seen_through():
    """A part that `encode` made something of is reached by the path that it has without it."""
    message = {"message": encode(Custom(), "message", lambda one: one.inside)[0]}
    changed = set_path(message, "message.to[0]", "Tom")
    assert changed == {"message": {"$type": "custom", "value": {"to": ["Tom"]}}}
    assert get_path(changed, "message.to[0]") == "Tom"
    assert [*differences(message, changed)] == ["message.to[0]"]


def test_appending_is_said():
    """`[+]` appends to a list or a tuple; the index behind the last one is an error."""
    made = payload([1], (1,))
    assert get_path(set_path(made, "args[0][+]", 2), "args[0]") == [1, 2]
    assert get_path(set_path(made, "args[1][+]", 2), "args[1][1]") == 2
    with pytest.raises(ValueError, match=r"no args\[0\]\[1\]: args\[0\] has 1 items, from \[0\]; args\[0\]\[\+\] app"):
        set_path(made, "args[0][1]", 2)
    with pytest.raises(ValueError, match=r"there is no kwargs\[\+\]"):
        set_path(made, "kwargs[+]", 2)


@pytest.mark.parametrize(
    ("path", "said"),
    [
        ("args[7].name", "there is no args[7].name: args has 2 items, from [0]; args[+] appends one"),
        ("args[0].nme", "there is no args[0].nme; the nearest that is there is args[0].name"),
        ("kwargs.oder.id", "there is no kwargs.oder.id; the nearest that is there is kwargs.order"),
        ("args[0].name.first", "there is no args[0].name.first: args[0].name is there, and has no parts"),
        ("arsg[0]", "there is no arsg[0]; the nearest that is there is args"),
        ("message", "there is no message: the payload has args, kwargs"),
        ("kwargs.zzz", "there is no kwargs.zzz: kwargs has order, odd"),
    ],
)
def test_a_path_that_is_not_there(path, said):
    """The error of a path that is not there names the nearest that is."""
    for use in (get_path, lambda made, wrong: set_path(made, wrong, 1)):
        with pytest.raises(ValueError, match="there is no") as caught:
            use(PAYLOAD, path)
        assert str(caught.value) == said


def test_of_very_many_names_some_are_told():
    """Of an object with many parts ten are named."""
    made = payload(**{f"part-{number}": 1 for number in range(30)})
    with pytest.raises(ValueError, match=r"part-0, .*, part-9, \.\.\.$"):
        get_path(made, "kwargs.x")


@pytest.mark.parametrize("path", ["", "args[", "args[]", "args..x", "args[0", 'args["a]', "args.x'", 'args["\\x"]'])
def test_a_path_that_can_not_be_read(path):
    """The error of a path that can't be read says so."""
    with pytest.raises(ValueError, match=r"can't be read|is no text as JSON has it"):
        get_path(PAYLOAD, path)


@pytest.mark.parametrize(
    ("old", "new", "paths"),
    [
        ({"a": 1}, {"a": 1}, []),
        ({"a": 1}, {"a": True}, ["a"]),
        ({"a": 1}, {"a": 1.0}, ["a"]),
        ({"a": [1, 2]}, {"a": [1, 3]}, ["a[1]"]),
        ({"a": [1, 2]}, {"a": [1]}, ["a"]),
        ({"a": {"b": 1}}, {"a": {"c": 1}}, ["a.b", "a.c"]),
        ({"a": [1]}, {"a": {"$type": "tuple", "value": [1]}}, ["a"]),
        ({"a": {"$type": "set", "value": [1]}}, {"a": {"$type": "set", "value": [2]}}, ["a"]),
        ({"a": {"$type": "dict", "value": [[{"$type": "int"}, 1]]}}, {"a": {"$type": "dict", "value": []}}, ["a[{"]),
        ([1], [2], ["[0]"]),
    ],
)
def test_differences(old, new, paths):
    """What is not the same is told by its path, as far in as both are alike."""
    told = [*differences(old, new)]
    assert len(told) == len(paths)
    assert all(path.startswith(start) for path, start in zip(told, paths, strict=True))


@pytest.mark.parametrize(
    "path",
    [
        "args[0].age",
        "args[1][1].shallow",
        'kwargs["new.key"]',
        r'kwargs.order["\u00e9\""]',
        "kwargs.odd.new",
    ],
)
def test_a_name_is_added(path):
    """An object gets one name more, in tuples and among odd keys too; the given payload stays as it is."""
    before = deepcopy(PAYLOAD)
    changed = add_path(PAYLOAD, path, "new")
    assert before == PAYLOAD
    assert get_path(changed, path) == "new"
    assert list(differences(PAYLOAD, changed)) == [path.replace(r"\u00e9", "é")]
    with pytest.raises(ValueError, match="already"):
        add_path(changed, path, "newer")


@pytest.mark.parametrize(
    ("path", "said"),
    [
        ("args[0].name", r"^there is a args\[0\]\.name already$"),
        ("kwargs.odd.plain", r"^there is a kwargs\.odd\.plain already$"),
        ("args[9]", r"^args is no object: args\[\+\] appends to it$"),
        ("args[1].x", r"^args\[1\] is no object: args\[1\]\[\+\] appends to it$"),
        ("args[0].name.first", r"^args\[0\]\.name is no object$"),
        ("kwargs.none.x", r"^there is no kwargs\.none"),
        ("kwargs.odd[(2, 'y')]", r"^\[\(2, 'y'\)\] is no name that can be added to kwargs\.odd$"),
        ("kwargs.order.$type", r"^\$type is no name|^\[\"\$type\"\] is no name"),
    ],
)
def test_what_can_not_be_added(path, said):
    """Only an object gets a name, and only one that it has not; the error says what stands in the way."""
    with pytest.raises(ValueError, match=said):
        add_path(PAYLOAD, path, 1)


def test_a_name_is_added_in_a_custom_value():
    """The way leads into what the program's own encoder made, and the value stays its own."""
    of_program = {"kwargs": {"order": {"$type": "custom", "value": {"id": 7}}}}
    assert add_path(of_program, "kwargs.order.iban", "CH93") == {
        "kwargs": {"order": {"$type": "custom", "value": {"id": 7, "iban": "CH93"}}}
    }
