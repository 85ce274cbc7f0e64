"""Saying what an error is, whatever it does."""

from __future__ import annotations

import pytest

from ninelives.describing import bounded, clean_text, safe_message, safe_repr, type_name


class Unprintable(Exception):
    def __str__(self):
        raise RuntimeError("no")

    __repr__ = __str__


class Stubborn(str):
    """A string with ideas of its own."""

    __slots__ = ()

    def encode(self, *args):
        raise RuntimeError("no")

    def __len__(self):
        return 0

    def __getitem__(self, key):
        raise RuntimeError("no")


class Nameless(type):
    @property
    def __module__(cls):  # type: ignore[override]
        raise RuntimeError("no")


@pytest.mark.parametrize(
    ("error", "name"),
    [
        (ValueError("no"), "builtins.ValueError"),
        (Unprintable(), f"{__name__}.Unprintable"),
        (type("Made", (Exception,), {"__module__": "m\udc80"})(), "m\\udc80.Made"),
    ],
)
def test_an_error_is_named_by_its_module_and_class(error, name):
    """An error's type is module.qualname, as valid text."""
    assert type_name(error) == name


def test_a_class_whose_names_raise_is_named_all_the_same():
    """A metaclass that raises when it is asked for the module does no harm."""
    error = Nameless("Odd", (Exception,), {})()
    assert "Odd" in type_name(error)


@pytest.mark.parametrize("length", [0, 1, 5])
def test_a_short_message_is_kept_whole(length):
    """A message within the limit is itself."""
    assert safe_message(ValueError("x" * length), limit=5) == "x" * length


def test_a_long_message_is_cut_and_says_so():
    """Of a message of a megabyte the first characters are kept, with how many there were."""
    assert safe_message(ValueError("x" * 1_000_000)) == "x" * 2_000 + "… (1000000 characters)"


def test_an_error_whose_str_raises_is_described_by_its_class():
    """An exception whose str() raises is survived, and both classes are named."""
    assert safe_message(Unprintable()) == f"<{__name__}.Unprintable: its str() raised builtins.RuntimeError>"


def test_an_interrupt_while_describing_gets_through():
    """A KeyboardInterrupt is never swallowed."""

    class Interrupting(Exception):
        def __str__(self):
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        safe_message(Interrupting())


def test_lone_surrogates_are_escaped():
    """What comes out can be encoded as UTF-8."""
    assert safe_message(ValueError("a\udc80b")) == "a\\udc80b"
    assert clean_text("\ud800") == "\\ud800"


def test_escaping_does_not_break_the_limit():
    """A text that grows when it is escaped is cut after it has grown."""
    assert bounded("\udc80" * 3, 6) == "\\udc80… (3 characters)"


def test_a_string_of_a_subclass_is_read_as_a_plain_one():
    """A str subclass with methods of its own has no say."""
    text = bounded(Stubborn("text"), 2)
    assert (type(text), text) == (str, "te… (4 characters)")


def test_any_value_has_a_bounded_repr():
    """A value's repr is bounded, and one that raises is named by its class."""
    assert safe_repr([1, 2]) == "[1, 2]"
    assert safe_repr("x" * 9, 3) == "'xx… (11 characters)"
    assert safe_repr(Unprintable()) == "<Unprintable: its repr() raised builtins.RuntimeError>"
