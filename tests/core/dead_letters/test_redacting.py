"""The option `redact`: what its paths lead to is masked when the letter is made, and nothing else."""

from __future__ import annotations

import json
from collections import UserDict
from decimal import Decimal
from functools import partial
from urllib.parse import quote

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ninelives import ConfigurationError, DeadLetterQueue
from ninelives.call import Call
from ninelives.dead_letters.letter import encode_letter
from ninelives.dead_letters.making import LetterMaker
from ninelives.dead_letters.payload import MAX_DEPTH, decode, key_text
from ninelives.dead_letters.redacting import Redactor
from ninelives.settings import load_settings
from ninelives.testing import FakeClock

NOW = FakeClock().now()
PHONE = "+1 555 123 0000"


REDACTING = {"store": "memory:", "redact": ["kwargs.a"]}


def letter_of(paths, *args, func=lambda *_args, **_kwargs: None, encode=None, **kwargs):
    maker = LetterMaker(lambda: NOW, "shop", encode, redactor=Redactor.of(paths))
    return maker.of_call(Call(func, args, kwargs, 0.0, "shop", attempt=1), ConnectionError("down"))


def sent(paths, message, error_info=None):
    return LetterMaker(lambda: NOW, redactor=Redactor.of(paths)).of_message(message, error_info)


def test_what_a_path_leads_to_is_masked():
    """The value is masked in the letter, which names the path and can't be replayed; all else is as it was."""
    letter = letter_of(["kwargs.user.phone"], 1, (2,), user={"phone": PHONE, "name": "Tom"}, at=NOW)
    assert decode(letter.kwargs) == {"user": {"phone": "***", "name": "Tom"}, "at": NOW}
    assert decode(letter.args) == [1, (2,)]
    assert letter.redacted == ("kwargs.user.phone",)
    assert not letter.replayable
    assert letter.unserialisable == ()
    assert PHONE.encode() not in encode_letter(letter)


@pytest.mark.parametrize(
    ("path", "masked"),
    [
        ("args[0].items[*].card", ["args[0].items[0].card", "args[0].items[1].card"]),
        ("args[0].items[1].card", ["args[0].items[1].card"]),
        ("args[0].items[-1].card", ["args[0].items[1].card"]),
        ("args[-1]", ["args[1]"]),
        ("args[*]", ["args[0]", "args[1]"]),
        ("args[0].*", ["args[0].items", "args[0].by_id", 'args[0]["a.b"]', "args[0].pair", 'args[0]["it\'s"]']),
        ("args[0].by_id[7]", ["args[0].by_id[7]"]),
        ("args[0].by_id[*]", ["args[0].by_id[7]"]),
        ('args[0]["a.b"]', ['args[0]["a.b"]']),
        ("args[0].pair[1]", ["args[0].pair[1]"]),
        ("kwargs.*", ["args[0]", "args[1]", "kwargs.limit"]),
        ("args.1", ["args[1]"]),
        ("args[0].items.1.card", ["args[0].items[1].card"]),
        ("args[0].by_id.7", ["args[0].by_id[7]"]),
        ("args[0]['a.b']", ['args[0]["a.b"]']),
        (r"args[0]['it\'s']", ['args[0]["it\'s"]']),
        ("kwargs.limit", ["kwargs.limit"]),
    ],
)
def test_paths(path, masked):
    """A path is one as `dlq edit` takes it; ``*`` is every item or value, and -1 the last item."""
    order = {
        "items": [{"card": PHONE}, {"card": PHONE}],
        "by_id": {7: PHONE},
        "a.b": PHONE,
        "pair": (1, PHONE),
        "it's": PHONE,
    }
    letter = letter_of([path], order, PHONE, limit=PHONE)
    assert list(letter.redacted) == masked


@pytest.mark.parametrize(
    "path",
    [
        *("args[5]", "args[0].nobody", "kwargs.nobody", "args[1].phone", "args[2].year", "kwargs.nothing"),
        *("message.phone", "args[0].list[7]", "args[0].list[*].card", "args[0].empty[*]", "args[3].phone"),
    ],
)
def test_what_is_not_there_is_no_error(path):
    """Calls differ: a path that leads nowhere, or to None, masks nothing, and the letter can be replayed."""
    letter = letter_of([path], {"list": [1], "empty": set()}, "text", NOW, {"Tom", "Tim"}, nothing=None)
    assert letter.redacted == ()
    assert letter.replayable


def test_a_message_is_masked_too():
    """What was sent by hand is masked by paths that begin with ``message``, or whole."""
    letter = sent(["message.email", "args[0]"], {"email": "tom@example.com", "id": 7})
    assert (letter.message, letter.redacted) == ({"email": "***", "id": 7}, ("message.email",))
    letter = sent(["message"], "to tom@example.com")
    assert (letter.message, letter.redacted, letter.replayable) == ("***", ("message",), False)


def charge(order, phone, /, *rest, message=None, limit=3, **more): ...


class Teller:
    def charge(self, order, phone): ...


class Odd:
    @property
    def __signature__(self):
        raise RuntimeError("no")

    def __call__(self, phone): ...


@pytest.mark.parametrize(
    ("func", "path", "masked"),
    [
        (charge, "kwargs.phone", ["args[1]"]),
        (charge, "kwargs.order.id", ["args[0].id"]),
        (partial(charge, {}), "kwargs.phone", ["args[0]"]),
        (charge, "kwargs.*", ["args[0]", "args[1]"]),
        (charge, "kwargs.rest", []),
        (Teller().charge, "kwargs.phone", ["args[1]"]),
        (Odd(), "kwargs.phone", []),
        (print, "kwargs.phone", []),
        (lambda message, phone: None, "message.id", ["args[0].id"]),
    ],
)
def test_a_name_is_the_parameters(func, path, masked):
    """A name matches the parameter that was given by position, where the function tells its parameters."""
    assert list(letter_of([path], {"id": PHONE}, PHONE, func=func).redacted) == masked


def test_a_number_is_the_parameters_too():
    """A number matches the parameter at that place that was given by its name; what has no place has its name only."""

    def func(order, phone, *, message): ...

    letter = letter_of(["args[1]", "args[2]", "message.id"], 1, func=func, phone=PHONE, message={"id": PHONE})
    assert letter.redacted == ("kwargs.phone", "kwargs.message.id")


def test_keyword_arguments_of_any_name():
    """Names that JSON can't hold as they are stand tagged, and are found all the same; so are long ones."""
    long = "x" * 100
    letter = letter_of([f"kwargs.{long}", "kwargs.$type"], **{long: PHONE, "$type": PHONE, "\ud800": 1})
    assert len(letter.redacted) == 2
    assert PHONE.encode() not in encode_letter(letter)
    assert decode(letter.kwargs)["\ud800"] == 1


def ring(order, *phones, urgent=False, **more): ...


@pytest.mark.parametrize(
    ("path", "masked"),
    [
        ("kwargs.phones", ["args[1]", "args[2]"]),
        ("kwargs.phones[0]", ["args[1]"]),
        ("kwargs.phones[-1].work", ["args[2].work"]),
        ("kwargs.phones[*].work", ["args[2].work"]),
        ("kwargs.more", ["kwargs.note"]),
        ("kwargs.more.note", ["kwargs.note"]),
        ("kwargs.more.urgent", []),
        ("kwargs.*", ["args[0]", "args[1]", "args[2]", "kwargs.urgent", "kwargs.note"]),
    ],
)
def test_what_a_function_takes_any_number_of(path, masked):
    """The name of ``*phones`` leads to all further positional arguments, that of ``**more`` to further named ones."""
    letter = letter_of([path], 1, PHONE, {"work": PHONE}, urgent=True, note=PHONE, func=ring)
    assert list(letter.redacted) == masked


@pytest.mark.parametrize("path", ["kwargs.phones[*]", "kwargs.phones[0]", "kwargs.phones.0"])
@pytest.mark.parametrize("kind", [set, frozenset])
def test_a_set_is_masked_whole(path, kind):
    """Members of a set have no place of their own: a path to one masks the set."""
    letter = letter_of([path], phones=kind([PHONE, "b"]))
    assert (letter.kwargs, letter.redacted) == ({"phones": "***"}, ("kwargs.phones",))


class User:
    def __init__(self, phone):
        self.phone = phone

    def __repr__(self):
        return f"User(phone={self.phone!r})"


def test_what_could_not_be_held_is_masked_whole():
    """An object of which only the `repr` is kept is masked whole, `repr` and all, where a path leads into it."""
    letter = letter_of(["kwargs.user.phone"], user=User(PHONE), other=User("another one"))
    assert letter.redacted == ("kwargs.user",)
    assert letter.unserialisable == (
        {"path": "kwargs.user", "repr": "***"},
        {"path": "kwargs.other", "repr": "User(phone='another one')"},
    )
    assert PHONE.encode() not in encode_letter(letter)


def test_what_is_masked_whole_has_no_parts_that_could_not_be_held():
    """Of what was masked whole nothing is told, neither the repr of a part nor the names that lead to it."""
    letter = letter_of(["kwargs.book"], book={PHONE: object()}, booked=object())
    assert letter.redacted == ("kwargs.book",)
    assert [mark["path"] for mark in letter.unserialisable] == ["kwargs.booked"]
    assert PHONE.encode() not in encode_letter(letter)


def test_what_encode_makes_is_looked_into():
    """A path leads into what the option `encode` makes of an object."""
    letter = letter_of(["args[0].phone"], User(PHONE), encode=vars)
    assert letter.args == [{"$type": "custom", "value": {"phone": "***"}}]
    assert letter.redacted == ("args[0].phone",)


def test_arguments_that_could_not_be_held_at_all(monkeypatch):
    """Where one mark stands for all arguments, it is masked if there is any path."""
    monkeypatch.setattr("ninelives.dead_letters.payload.MAX_PARTS", 1)
    letter = letter_of(["args[1].phone"], 1, {"phone": PHONE}, phone=PHONE, other=1)
    mark = {"$type": "unserialisable", "value": "***"}
    assert (letter.args, letter.kwargs, letter.redacted) == ([mark], mark, ("args[0]", "kwargs"))
    assert {part["repr"] for part in letter.unserialisable} == {"***"}
    assert PHONE.encode() not in encode_letter(letter)


class Loud(UserDict):
    def items(self):
        raise RuntimeError(f"no {PHONE}")


def test_a_letter_that_can_hardly_be_made_says_nothing():
    """Where the letter can't be made, nothing is shown of the arguments and the error that would be shown otherwise."""
    call = Call(charge, (PHONE,), {"phone": PHONE}, 0.0, "shop", tags=Loud())
    error = ConnectionError(PHONE)
    letter = LetterMaker(lambda: NOW, redactor=Redactor.of(["kwargs.phone"])).of_call(call, error)
    assert (letter.redacted, letter.replayable) == (("args", "kwargs"), False)
    assert PHONE.encode() not in encode_letter(letter)
    assert PHONE.encode() in encode_letter(LetterMaker(lambda: NOW).of_call(call, error))


@pytest.mark.parametrize("message", [False, True])
def test_a_masking_that_fails_shows_nothing(monkeypatch, message):
    """Where masking itself fails, nothing is kept of the payload: what is not masked must not be written."""

    def broken(way):
        raise RuntimeError("broken")

    monkeypatch.setattr("ninelives.dead_letters.redacting.path_text", broken)
    letter = sent(["message.to"], {"to": PHONE}, {"to": PHONE}) if message else letter_of(["kwargs.to"], to=PHONE)
    assert letter.redacted == (("message",) if message else ("args", "kwargs"))
    assert not letter.replayable
    assert PHONE.encode() not in encode_letter(letter)


@pytest.mark.parametrize(
    "path",
    [
        *("", "phone", "args", "kwargs", "error_info.phone", "args[+]", "kwargs..phone", "kwargs.a[", "kwargs."),
        *("args[0", 'kwargs["a', "Kwargs.phone", "args.phone", 'args["phone"]', "kwargs[0]", "args[*", " kwargs.phone"),
        *("kwargs.phone ", "kwargs.user[phone]", "kwargs.items[0:2].card", "kwargs.items[:]", "kwargs.items[].card"),
        *("kwargs.**.phone", "kwargs.phone*", "kwargs.items[+].card", "kwargs.user[ 'phone' ]", "message[+]"),
        *("args[00]", "args[-0]", "kwargs.items[-01].card", 7, None),
    ],
)
def test_a_path_that_is_none_is_refused(path):
    """What is no path into the payload is refused when the queue is built, with its place and value."""
    with pytest.raises(ConfigurationError) as caught:
        DeadLetterQueue(store="memory:", redact=["kwargs.phone", path, "message"])
    (problem,) = caught.value.problems
    assert problem.place == "DeadLetterQueue(redact=)"
    assert problem.value == repr(path)
    assert problem.expected.startswith("a path into the payload, like kwargs.user.phone")


@pytest.mark.parametrize("given", ["kwargs.phone", {"kwargs.phone": 1}, None, 7])
def test_one_path_is_no_list(given):
    """Text instead of a list would be taken for its letters: it is refused."""
    with pytest.raises(ConfigurationError, match=r"DeadLetterQueue\(redact=\) is .*: expected a list"):
        DeadLetterQueue(store="memory:", redact=given)


def test_all_that_is_wrong_is_said_at_once(shop, tmp_path):
    """A file's wrong paths are all told, with the file's place."""
    config = tmp_path / "ninelives.toml"
    config.write_text('[pipelines.shop]\ndead_letter = { store = "memory:", redact = ["phone", "args[0].x", "a b"] }\n')
    with pytest.raises(ConfigurationError) as caught:
        shop.pipeline(chain=["dead_letter"], settings=load_settings(environ={"NINELIVES_CONFIG": str(config)}))
    assert [problem.value for problem in caught.value.problems] == ["'phone'", "'a b'"]
    assert all("redact" in problem.place and "ninelives.toml" in problem.place for problem in caught.value.problems)


def test_a_queue_says_what_it_masks(shop):
    """`describe` shows the paths, where there are any."""
    assert '"kwargs.a"' in json.dumps(shop.pipeline(dead_letter=REDACTING).describe())
    assert DeadLetterQueue(store="memory:", redact=("kwargs.a",)).describe()["redact"] == ("kwargs.a",)
    assert "redact" not in DeadLetterQueue(store="memory:").describe()


leaves = (
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=5) | st.just(Decimal(1))
)
nested = st.recursive(
    leaves,
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.tuples(inner, inner)
        | st.dictionaries(st.text(max_size=5) | st.integers(), inner, max_size=3)
    ),
    max_leaves=10,
)


def ways(value, way=()):
    """Every way to a part of the value, as steps that Python takes."""
    yield way
    if isinstance(value, dict):
        for key, item in value.items():
            yield from ways(item, (*way, key))
    elif isinstance(value, (list, tuple)):
        for index, item in enumerate(value):
            yield from ways(item, (*way, index))


def planted(value, way, secret):
    if not way:
        return secret
    first, *rest = way
    if isinstance(value, dict):
        return {key: planted(item, rest, secret) if key == first else item for key, item in value.items()}
    return type(value)(planted(item, rest, secret) if at == first else item for at, item in enumerate(value))


@settings(deadline=None)
@given(nested, st.data())
def test_no_planted_secret_comes_out(value, data):
    """Wherever a secret stands in a payload: where its path is given, the letter holds it nowhere."""
    # What begins it stands nowhere else.
    secret = "\u2660" + data.draw(st.text(min_size=8, max_size=20).filter(lambda text: text == text.rstrip()))
    way = data.draw(st.sampled_from(list(ways(value))))
    given = planted(value, way, secret)
    path = "message" + "".join(key_text(step) if isinstance(step, str) else f"[{step!r}]" for step in way)
    letter = sent([path], given, {"error_message": f"could not send {given!r}", "at": [secret]})
    assert letter.redacted
    text = encode_letter(letter).decode()
    assert secret not in text
    assert repr(secret)[1:-1] not in text


@settings(deadline=None)
@given(nested, st.data())
def test_nor_out_of_a_call(value, data):
    """The same of a call's arguments, passed by position or by name, whatever its error says of them."""
    secret = "\u2660" + data.draw(st.text(min_size=8, max_size=20).filter(lambda text: text == text.rstrip()))
    way = data.draw(st.sampled_from(list(ways(value))))
    given = planted(value, way, secret)
    steps = "".join(key_text(step) if isinstance(step, str) else f"[{step!r}]" for step in way)
    path = data.draw(st.sampled_from(["args[0]", "kwargs.order"])) + steps
    call = Call(lambda order: None, (), {"order": given}, 0.0, "shop", attempt=1)
    if data.draw(st.booleans()):
        call.args, call.kwargs = (given,), {}
    cause = ValueError(given)
    error = ConnectionError(f"could not send {given!r}, {json.dumps(secret)} or {quote(secret)}")
    error.__cause__ = cause
    letter = LetterMaker(lambda: NOW, redactor=Redactor.of([path])).of_call(call, error)
    assert letter.redacted
    text = encode_letter(letter).decode()
    for written in (secret, repr(secret)[1:-1], json.dumps(secret)[1:-1], quote(secret)):
        assert written not in text


def test_as_deep_as_a_payload_goes():
    """The deepest part that is kept can be masked."""
    value = PHONE
    for _ in range(MAX_DEPTH - 2):
        value = [value]
    letter = sent(["message.a" + "[0]" * (MAX_DEPTH - 2)], {"a": value})
    assert len(letter.redacted) == 1
    assert PHONE.encode() not in encode_letter(letter)
