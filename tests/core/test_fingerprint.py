"""What makes two failures one kind."""

from __future__ import annotations

import functools
import json
import sys
from types import TracebackType

import pytest

from ninelives.clock import SystemClock
from ninelives.errors import RetryExhaustedError
from ninelives.fingerprint import FINGERPRINT_VERSION, fingerprint, fingerprint_said
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


def test_what_happens_above_the_frame_makes_no_difference():
    """Another way to the function that raises, or one more function between, is no other kind."""
    before = run("def charge(): raise KeyError('x')\ndef pay(): charge()")
    after = run("def charge(): raise KeyError('x')\ndef take(): charge()\ndef pay(): take()")
    assert (
        fingerprint(raised(before["pay"])) == fingerprint(raised(after["pay"])) == fingerprint(raised(before["charge"]))
    )


def test_several_sites_are_several_kinds():
    """The same library call from ten functions is ten kinds; from one function, ten times, it is one."""
    source = "import json\n" + "\n".join(f"def site_{number}(): json.loads('{{')" for number in range(10))
    sites = run(source)
    kinds = {fingerprint(raised(sites[f"site_{number}"])) for number in range(10) for _ in range(10)}
    assert len(kinds) == 10


def test_a_decorator_is_no_other_kind():
    """A function raises in itself, however many decorators, made with functools.wraps or not, it has."""
    source = "def charge(): raise KeyError('x')"
    plain, wrapped = run(source), run(source)
    decorators = run(
        "import functools\n"
        "def logged(f):\n    @functools.wraps(f)\n    def inner(*a): return f(*a)\n    return inner\n"
        "def timed(f):\n    def inner(*a): return f(*a)\n    return inner\n",
        name="app.decorators",
    )
    charge = decorators["logged"](decorators["timed"](decorators["logged"](wrapped["charge"])))
    assert fingerprint(raised(charge)) == fingerprint(raised(plain["charge"]))
    assert fingerprint(raised(functools.partial(charge))) == fingerprint(raised(plain["charge"]))


def test_lambdas_and_closures_have_the_name_of_their_place():
    """Lambdas and inner functions are told apart by the function that they stand in, not by when they were made."""
    source = (
        "def one():\n    return lambda: {}['x']\n"
        "def other():\n    return lambda: {}['x']\n"
        "def inner():\n    def get(): return {}['x']\n    return get\n"
    )
    made = run(source)
    assert fingerprint(raised(made["one"]())) == fingerprint(raised(made["one"]()))
    kinds = {fingerprint(raised(made[name]())) for name in ("one", "other", "inner")}
    assert len(kinds) == 3


@pytest.mark.parametrize("brackets", ["[1/n for n in (0,)]", "{1/n for n in (0,)}", "{n: 1/n for n in (0,)}"])
def test_a_comprehension_is_part_of_its_function(brackets):
    """A list in brackets is no function of its own, as it was up to Python 3.11: to upgrade Python regroups nothing."""
    loop = "def shares():\n    for n in (0,):\n        1/n"
    assert fingerprint(raised(run(f"def shares(): return {brackets}")["shares"])) == fingerprint(
        raised(run(loop)["shares"])
    )
    lazy = "def shares():\n    return (lambda: 1/0)"
    inside = "def shares():\n    return [lambda: 1/0 for _ in (0,)][0]"
    assert fingerprint(raised(run(lazy)["shares"]())) == fingerprint(raised(run(inside)["shares"]()))
    at_the_top, plain = raised(exec, brackets, {"__name__": "app"}), raised(exec, "1/0", {"__name__": "app"})
    assert fingerprint(at_the_top) == fingerprint(plain)


def named(name, kind="ValueError"):
    """A function whose code has that name, as generated ones do."""
    made = run(f"class {kind}(Exception): pass\ndef f(): raise {kind}")["f"]
    code = made.__code__.replace(co_name=name, co_qualname=name)
    return type(made)(code, made.__globals__)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("step_0x7f3a10b2c4d0", "step_0x55e01a2b3c4d"),
        ("handler_140234234234880", "handler_94032489234112"),
        ("job_01a20f8e6c6d7a21", "job_92f03bd0c1d24e55"),
        ("run.<locals>.job_0123456789abcdef.<locals>.<lambda>", "run.<locals>.job_abcdef0123456789.<locals>.<lambda>"),
    ],
)
def test_ids_in_names_make_no_difference(one, other):
    """Addresses and ids that were written into a generated name do not make a kind of every run."""
    assert fingerprint(raised(named(one))) == fingerprint(raised(named(other)))


@pytest.mark.parametrize(("one", "other"), [("step_1", "step_2"), ("v2024", "v2025"), ("added", "facade"), ("a", "b")])
def test_other_names_are_other_kinds(one, other):
    """Short numbers, and words that happen to be hexadecimal digits, are names."""
    assert fingerprint(raised(named(one))) != fingerprint(raised(named(other)))


def test_an_id_in_the_name_of_a_type_makes_no_difference():
    """A class that is made at run time, with an id in its name, is one kind too."""
    one, other = named("f", "Failed_0x7f3a10b2c4d0"), named("f", "Failed_0x55e01a2b3c4d")
    assert fingerprint(raised(one)) == fingerprint(raised(other))


def group(*errors, kind=ExceptionGroup):
    raise kind("several", errors)


def test_a_group_is_of_its_members_kinds():
    """An exception group is told apart by the types in it, at any depth, but not by how many there are."""
    one, two = ValueError("a"), ValueError("b")
    same = [
        raised(group, one),
        raised(group, one, two),
        raised(group, ExceptionGroup("inner", [one]), ExceptionGroup("inner", [two])),
    ]
    assert len({fingerprint(error) for error in same}) == 1
    other = [raised(group, KeyError()), raised(group, one, KeyError()), raised(fail)]
    assert len({fingerprint(error) for error in (*same, *other)}) == 4
    assert fingerprint(raised(group, KeyError(), one)) == fingerprint(raised(group, one, KeyError()))
    assert fingerprint(raised(fail_from, ExceptionGroup("", [one]))) != fingerprint(
        raised(fail_from, ExceptionGroup("", [KeyError()]))
    )


def test_a_huge_group_is_survived():
    """Of a group with very many members the first thousand are looked at."""
    many = ExceptionGroup("many", [ValueError()] * 100_000)
    assert fingerprint(many) == fingerprint(ExceptionGroup("one", [ValueError()]))


SITE_PACKAGES = [
    "/usr/local/lib/python3.12/site-packages/lib.py",
    "/Library/Frameworks/Python.framework/Versions/3.12/lib/python3.12/site-packages/lib.py",
    "/opt/homebrew/lib/python3.12/site-packages/lib.py",
    "C:\\Python312\\Lib\\site-packages\\lib.py",
    "C:\\srv\\app\\.venv\\Lib\\site-packages\\lib.py",
    "C:/srv/app/.venv/Lib/site-packages/lib.py",
    "/srv/app/.venv/lib/python3.12/site-packages/lib.py",
]


@pytest.mark.parametrize("place", SITE_PACKAGES)
def test_what_is_installed_is_known_on_every_system(place):
    """A library is none of the caller's code, in a virtual environment inside of the project either, on any system."""
    library = run("def get(): raise OSError\ndef post(): raise OSError", name="lib", path=place)
    service = run("def call(f): f()", path="/srv/app/orders.py")
    assert fingerprint(raised(service["call"], library["get"])) == fingerprint(raised(service["call"], library["post"]))


@pytest.mark.parametrize(
    "place", ["/srv/app/orders.py", "C:\\srv\\app\\orders.py", "/home/me/my-site-packages.py", "<stdin>"]
)
def test_the_callers_own_code_may_be_anywhere(place):
    """Code of the project is the caller's, wherever it is, and has the same fingerprint everywhere."""
    here = run("def charge(): raise KeyError('x')", path=place)
    assert fingerprint(raised(here["charge"])) == "26c78ca067b6e10e"


def test_to_install_an_application_regroups_nothing():
    """Code in site-packages is the caller's own where it is of the package of the function that was called."""
    source = "import json\ndef parse(text): return json.loads(text)\ndef parse_too(text): return json.loads(text)"
    library = run("def call(f, *a): return f(*a)", name="lib", path=SITE_PACKAGES[0])
    editable = run(source)
    installed = run(source, path="/venv/lib/python3.12/site-packages/app/orders.py")

    def kind(made, name="parse", package="app"):
        error = raised(library["call"], library["call"], made[name], "{")
        error.__traceback__ = error.__traceback__.tb_next  # without the frame of this test, as in a worker
        return fingerprint(error, package)

    assert kind(editable) == kind(installed)
    assert kind(installed) != kind(installed, "parse_too")
    assert kind(installed, package="") == kind(installed, "parse_too", package="")  # not known: all one heap


def test_code_that_a_library_makes_belongs_to_who_uses_it():
    """Code compiled from text under no module's name, as libraries do for speed, is not the caller's own."""
    generated = {}
    exec(compile("def __init__(self, check): check()", "<generated init app.Order>", "exec"), generated)  # noqa: S102 - as attrs does
    validator = run("def check(): raise ValueError", name="attr.validators", path=SITE_PACKAGES[0])
    service = run("def one(f, *a): f(*a)\ndef other(f, *a): f(*a)")
    kinds = {
        fingerprint(raised(service[name], generated["__init__"], None, validator["check"])) for name in ("one", "other")
    }
    assert len(kinds) == 2


def test_words_have_a_kind_too():
    """Of a failure that is only told of, the type and the operation that are told make the kind."""
    kinds = [
        fingerprint_said("api"),
        fingerprint_said("timeout"),
        fingerprint_said("api", "charge"),
        fingerprint_said("api", "refund"),
        fingerprint(ValueError()),
        fingerprint_said("builtins.ValueError"),
    ]
    assert len(set(kinds)) == len(kinds)
    assert fingerprint_said("api", "charge") == fingerprint_said("api", "charge")
    assert all(len(kind) == 16 for kind in kinds)
