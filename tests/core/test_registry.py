"""Which function a letter's operation means."""

from __future__ import annotations

import gc
import subprocess
import sys
import types
from functools import partial, wraps

import pytest

from ninelives import registry
from ninelives.errors import ConfigurationError
from ninelives.registry import MAX_ALIKE, MAX_SEEN, Registry, main_module, operation_of

HERE = __name__


def function():
    """A function."""


@wraps(function)
def wrapped():
    """Goes by another's name."""


class Thing:
    def method(self):
        """A method."""

    @classmethod
    def of_class(cls):
        """A class method."""

    @staticmethod
    def static():
        """A static method."""

    def __call__(self):
        """An object that can be called."""


class Answers:
    """Has whatever it is asked for, and it is no text."""

    def __getattr__(self, name):
        return self

    def __call__(self):
        """Something to call."""


class Refuses(Answers):
    def __getattr__(self, name):
        raise RuntimeError(name)


class Surrogate:
    def __call__(self):
        """Something to call."""


Surrogate.__qualname__ = "S\ud800"


@pytest.mark.parametrize(
    ("func", "name"),
    [
        (function, f"{HERE}:function"),
        (wrapped, f"{HERE}:function"),
        (Thing().method, f"{HERE}:Thing.method"),
        (Thing.of_class, f"{HERE}:Thing.of_class"),
        (Thing.static, f"{HERE}:Thing.static"),
        (Thing(), f"{HERE}:Thing"),
        (Thing, f"{HERE}:Thing"),
        (partial(partial(function), 1), f"{HERE}:function"),
        (partial(Thing().method), f"{HERE}:Thing.method"),
        (lambda: None, f"{HERE}:<lambda>"),
        (len, "builtins:len"),
        ("x".join, "builtins:str.join"),
        (dict.get, "builtins:dict.get"),
        (Answers(), f"{HERE}:Answers"),
        (Refuses(), f"{HERE}:Refuses"),
        (Surrogate(), f"{HERE}:S\\ud800"),
    ],
    ids=lambda value: value if isinstance(value, str) else type(value).__name__,
)
def test_everything_that_can_be_called_has_a_name(func, name):
    """Functions, methods, partials, lambdas and objects have a name, which is always valid UTF-8."""
    assert operation_of(func) == name


def test_a_nested_function_has_its_place_in_its_name():
    """A closure is named after the function that made it."""

    def inner():
        """A closure."""

    assert operation_of(inner).endswith("test_a_nested_function_has_its_place_in_its_name.<locals>.inner")


def _main(**fields):
    module = types.ModuleType("__main__")
    del module.__spec__
    for name, value in fields.items():
        setattr(module, name, value)
    return module


@pytest.mark.parametrize(
    ("main", "name"),
    [
        (_main(__spec__=types.SimpleNamespace(name="shop.worker")), "shop.worker"),
        (_main(__spec__=types.SimpleNamespace(name="shop.__main__")), "shop"),
        (_main(__spec__=types.SimpleNamespace(name="__main__"), __file__="app/__main__.py"), "__main__"),
        (_main(__spec__=types.SimpleNamespace(name=None), __file__="/srv/worker.py"), "worker"),
        (_main(__spec__=None, __file__="/srv/worker.py"), "worker"),
        (_main(__loader__=types.SimpleNamespace(path="/srv/worker.py")), "worker"),
        (_main(__loader__=object()), "__main__"),
        (_main(), "__main__"),
        (None, "__main__"),
    ],
)
def test_main_goes_by_its_real_name(monkeypatch, main, name):
    """What runs as `__main__`, also in a spawned process, is named as another process would import it."""
    monkeypatch.setitem(sys.modules, "__main__", main)
    assert main_module() == name
    for module in ("__main__", "__mp_main__"):
        func = types.FunctionType(function.__code__, {"__name__": module})
        assert operation_of(func) == f"{name}:function"


def test_a_script_and_its_module_agree(tmp_path):
    """A function has one name whether its file is run, run with `-m`, or imported."""
    (tmp_path / "work.py").write_text(
        "from ninelives.registry import operation_of\ndef job(): ...\nprint(operation_of(job))\n"
    )
    for how in (["work.py"], ["-m", "work"], ["-c", "import work"]):
        told = subprocess.run([sys.executable, *how], cwd=tmp_path, capture_output=True, text=True, check=True).stdout
        assert told == "work:job\n"


def test_a_script_whose_last_line_has_run_keeps_its_name(tmp_path):
    """Threads and exit handlers that outlive a script name its functions as before: its `__file__` is gone then."""
    (tmp_path / "work.py").write_text(
        "import atexit, threading\nfrom ninelives.registry import operation_of\n"
        "def job(): ...\ndef tell():\n    print(operation_of(job))\n"
        "def late():\n    threading.main_thread().join()\n    tell()\n"
        "threading.Thread(target=late).start()\natexit.register(tell)\n"
    )
    told = subprocess.run([sys.executable, "work.py"], cwd=tmp_path, capture_output=True, text=True, check=True).stdout
    assert told == "work:job\nwork:job\n"


@pytest.fixture
def known():
    return Registry()


def test_what_is_registered_is_found(known):
    """A registered function is found in any process, under its own name or the given one; the newest counts."""
    assert known.register(function) == f"{HERE}:function"
    assert known.register(len, "count") == "count"
    assert known.find(f"{HERE}:function", same_process=False) is function
    known.register(sum, "count")
    assert known.find("count", same_process=False) is sum
    assert known.register(len, "\ud800") == "\\ud800"


def generates():
    yield


@pytest.mark.parametrize(("func", "name"), [(5, None), (function, 5), (function, ""), (generates, None)])
def test_what_can_not_be_registered_is_refused(known, func, name):
    """What can't be called or would not run, or a name that is none, is refused."""
    with pytest.raises(ConfigurationError, match="register"):
        known.register(func, name)


def test_a_name_makes_nothing_be_imported(known):
    """A name that was not registered is not looked up anywhere else, and the text says what to do."""
    before = set(sys.modules)
    assert "wave:open is not registered here" in known.find("wave:open", same_process=True)
    assert set(sys.modules) == before


def test_what_failed_here_runs_letters_of_this_process_only(known):
    """A function that failed without being registered runs letters of this very process."""
    known.remember("x", function)
    known.remember("x", function)
    assert known.find("x", same_process=True) is function
    assert "is not registered here" in known.find("x", same_process=False)


def test_a_registered_function_is_not_replaced_by_one_that_failed(known):
    """The function that the program registered counts, whatever fails under its name."""
    known.register(len, "x")
    known.remember("x", sum)
    assert known.find("x", same_process=True) is len


def test_it_is_remembered_while_the_program_holds_it(known):
    """A function that is gone is not kept alive, and not found."""

    def make():
        def closure():
            """Gone soon."""

        known.remember("x", closure)
        return closure

    kept = make()
    assert known.find("x", same_process=True) is kept
    del kept
    gc.collect()
    assert isinstance(known.find("x", same_process=True), str)


def test_a_method_is_remembered_while_its_object_lives(known):
    """A bound method, which is made anew each time, is known again by its object."""
    thing = Thing()
    known.remember("x", thing.method)
    known.remember("x", thing.method)
    assert known.find("x", same_process=True) == thing.method
    known.remember("x", Thing().method)
    gc.collect()
    assert known.find("x", same_process=True) == thing.method


def test_two_that_live_are_too_many(known):
    """Two different functions of one name are not chosen from; the text says what to do."""
    closures = [lambda number=number: number for number in range(2)]
    for closure in closures:
        known.remember("x", closure)
    assert known.find("x", same_process=True).startswith("2 different functions go by x: register the right one")
    del closure, closures[0]
    gc.collect()
    assert known.find("x", same_process=True) is closures[0]


class Odd:
    """Can't be compared."""

    def __eq__(self, other):
        raise RuntimeError("eq")

    __hash__ = None

    def __call__(self):
        """Something to call."""

    def method(self):
        """A method of it."""


def test_functions_are_compared_by_what_they_are(known):
    """Objects that can't be compared, and methods of such, are remembered all the same."""
    odd = Odd()
    for _ in range(2):
        known.remember("object", odd)
        known.remember("method", odd.method)
    assert known.find("object", same_process=True) is odd
    assert known.find("method", same_process=True).__self__ is odd


class Slotted:
    __slots__ = ()

    def __call__(self):
        """Something to call."""

    def method(self):
        """A method of it."""


def test_what_can_not_be_referred_to_is_not_remembered(known):
    """An object that takes no weak references is not remembered, and that is no error."""
    slotted = Slotted()
    known.remember("x", slotted)
    known.remember("x", slotted.method)
    assert isinstance(known.find("x", same_process=True), str)


def test_memory_is_bounded(known):
    """Names made at run time, and closures without number, leave no growth: the latest names are known."""
    for number in range(MAX_SEEN + 10):
        known.remember(f"job-{number}", function)
    assert len(known._seen) == MAX_SEEN
    assert known.find(f"job-{MAX_SEEN + 9}", same_process=True) is function
    assert isinstance(known.find("job-0", same_process=True), str)
    closures = [lambda number=number: number for number in range(50)]
    for closure in closures:
        known.remember("x", closure)
    assert len(known._seen["x"]) == MAX_ALIKE


def test_its_limits_are_what_they_say():
    """The limits are those that are documented."""
    assert (registry.MAX_SEEN, registry.MAX_ALIKE) == (1_000, 10)
