"""What makes two failures one kind."""

from __future__ import annotations

import json
import sys
from types import TracebackType

import pytest

from ninelives.clock import SystemClock
from ninelives.errors import RetryExhaustedError
from ninelives.fingerprint import FINGERPRINT_VERSION, fingerprint
from ninelives.middleware.backoff import BackoffStrategy


def raised(function, *args):
    """The error that the call raises."""
    try:
        function(*args)
    except Exception as error:
        return error
    raise AssertionError("it did not raise")


def run(source, *, name="app.orders", path="/srv/app/orders.py"):
    """The functions of a module with this name and path."""
    names = {"__name__": name}
    exec(compile(source, path, "exec"), names)  # noqa: S102 - a module of the program's, without its file
    return names


def fail(message="no"):
    raise ValueError(message)


def fail_too():
    raise ValueError


def fail_from(cause):
    raise ValueError from cause


def test_the_rule_has_a_version():
    """Fingerprints are made by rule 1."""
    assert FINGERPRINT_VERSION == 1


def test_it_is_the_same_everywhere():
    """A fingerprint is sixteen hexadecimal digits that do not depend on the process."""
    orders = run("def charge(): raise KeyError('x')")
    assert fingerprint(raised(orders["charge"])) == "26c78ca067b6e10e"


@pytest.mark.parametrize("message", ["no", "other", "x" * 1_000_000, "\udc80"])
def test_the_message_makes_no_difference(message):
    """Two errors from one place with different messages are one kind."""
    assert fingerprint(raised(fail, message)) == fingerprint(raised(fail))


def test_the_line_makes_no_difference():
    """An edit above the function does not make it another kind."""
    source = "def charge(): raise KeyError('x')"
    before, after = run(source), run("\n\n\n" + source)
    assert fingerprint(raised(before["charge"])) == fingerprint(raised(after["charge"]))


def test_type_cause_and_function_make_a_difference():
    """Another type, another cause's type, another function or another module is another kind."""
    source = "def charge(): raise KeyError('x')"
    kinds = [
        raised(fail),
        raised(fail_too),
        raised(fail_from, KeyError()),
        raised(fail_from, OSError()),
        raised(run(source)["charge"]),
        raised(run(source.replace("KeyError", "IndexError"))["charge"]),
        raised(run(source, name="app.invoices")["charge"]),
        raised(run(source.replace("charge", "refund"))["refund"]),
    ]
    assert len({fingerprint(error) for error in kinds}) == len(kinds)


def test_the_frame_is_the_callers_own():
    """What a library raises belongs to the caller's function, however deep it was raised."""

    def parse_one(text):
        return json.loads(text)

    def parse_other(text):
        return json.loads(text)

    # One raises in another function of the library than the other.
    assert fingerprint(raised(parse_one, "{")) == fingerprint(raised(parse_one, "[1,"))
    assert fingerprint(raised(parse_one, "{")) != fingerprint(raised(parse_other, "{"))


@pytest.mark.parametrize(
    "place", ["/venv/lib/python3.11/site-packages/lib.py", "/usr/lib/python3/dist-packages/lib.py"]
)
def test_installed_packages_are_not_the_callers_own(place):
    """A frame in site-packages or dist-packages does not count while there is one of the caller's."""
    library = run("def get(): raise OSError\ndef post(): raise OSError", name="lib", path=place)
    service = run("def call(f): f()")
    assert fingerprint(raised(service["call"], library["get"])) == fingerprint(raised(service["call"], library["post"]))


def test_without_a_frame_of_the_callers_the_innermost_counts():
    """Where all is installed code, the innermost frame that is not ours counts."""
    place = "/venv/lib/python3.11/site-packages/lib.py"
    library = run("def call(f): f()\ndef get(): raise OSError\ndef post(): raise OSError", name="lib", path=place)
    got, posted = raised(library["call"], library["get"]), raised(library["call"], library["post"])
    # Without the frame of this test module, which is the caller's own.
    got.__traceback__, posted.__traceback__ = got.__traceback__.tb_next, posted.__traceback__.tb_next
    assert fingerprint(got) != fingerprint(posted)


def test_frames_of_ours_do_not_count():
    """Going through ninelives makes no other kind."""

    def through():
        BackoffStrategy(max_retries=0, retry_exceptions=KeyError).execute(fail)

    assert fingerprint(raised(through)) == fingerprint(raised(fail))


def test_an_error_of_ours_belongs_to_who_called_us():
    """Where ninelives itself raises, the caller's function is the place."""

    def one():
        BackoffStrategy(max_retries=0, clock=SystemClock()).execute(fail)

    def other():
        BackoffStrategy(max_retries=0, clock=SystemClock()).execute(fail)

    assert isinstance(raised(one), RetryExhaustedError)
    assert fingerprint(raised(one)) == fingerprint(raised(one))
    assert fingerprint(raised(one)) != fingerprint(raised(other))


def test_a_script_is_the_module_that_it_is_elsewhere(monkeypatch):
    """What runs as __main__ in a worker has the fingerprint that it has where it is imported."""
    source = "def charge(): raise KeyError('x')"
    monkeypatch.setattr(sys.modules["__main__"], "__spec__", None)
    monkeypatch.setattr(sys.modules["__main__"], "__file__", "/srv/app/orders.py", raising=False)
    script, module = run(source, name="__main__"), run(source, name="orders")
    assert fingerprint(raised(script["charge"])) == fingerprint(raised(module["charge"]))


def test_an_error_that_was_never_raised_has_one_too():
    """Without a traceback, and with only our frames in it, the types remain."""
    ours = raised(run("def f(): raise ValueError", name="ninelives.anything")["f"])
    ours.__traceback__ = ours.__traceback__.tb_next
    assert fingerprint(ValueError()) == fingerprint(ours)
    assert fingerprint(ValueError()) != fingerprint(KeyError())


def test_a_cyclic_cause_hangs_nothing():
    """An error that causes itself is survived."""
    error = ValueError()
    error.__cause__ = error
    assert fingerprint(error) != fingerprint(ValueError())


def test_a_huge_traceback_is_survived():
    """A traceback of a million entries costs a bounded time and memory, and its innermost frames count."""
    error = raised(fail)
    innermost = error.__traceback__
    for _ in range(1_000_000 - 3):
        error.__traceback__ = TracebackType(error.__traceback__, sys._getframe(), 0, 1)
    assert fingerprint(error) == fingerprint(ValueError().with_traceback(innermost))


def test_a_module_without_a_name_is_survived():
    """Code whose globals have no proper name does no harm."""
    names = run("def charge(): raise KeyError('x')")
    names["__name__"] = 3
    assert len(fingerprint(raised(names["charge"]))) == 16
