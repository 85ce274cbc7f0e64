"""Finding the user's pipeline: the names that work, and what is said of each that does not."""

from __future__ import annotations

import os
import sys
from textwrap import dedent

import pytest

from ninelives import ConfigurationError, Pipeline
from ninelives_cli.dlq.apps import import_modules, load

SHOP = """
from ninelives import Pipeline

pipeline = Pipeline("shop", dead_letter={"store": "memory:"}, notify=False)
again = pipeline

class Held:
    inner = pipeline

@pipeline
def charge(order):
    return order
"""
TWO = SHOP + 'other = Pipeline("other", dead_letter={"store": "memory:"}, notify=False)\n'


@pytest.fixture
def module(tmp_path, monkeypatch):
    """Writes a module into the working directory; what is imported from there is forgotten in the end."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", list(sys.path))

    def module(name: str, text: str) -> None:
        tmp_path.joinpath(name).parent.mkdir(exist_ok=True)
        tmp_path.joinpath(name).write_text(dedent(text))

    yield module
    for name, one in list(sys.modules.items()):
        if str(getattr(one, "__file__", "")).startswith(f"{tmp_path}/"):
            del sys.modules[name]


def refused(text: str) -> str:
    with pytest.raises(ConfigurationError) as caught:
        load(text)
    return str(caught.value)


@pytest.mark.parametrize("text", ["shop:pipeline", "shop:again", "shop:Held.inner", "shop"])
def test_a_pipeline_is_found_by_its_name(module, text):
    """`module:name`, a dotted name and a module with one pipeline, whatever names it has, each mean that pipeline."""
    module("shop.py", SHOP)
    found = load(text)
    assert isinstance(found, Pipeline)
    assert found is sys.modules["shop"].pipeline


def test_the_working_directory_comes_first(module, tmp_path):
    """A module of the working directory is found before another of its name, and it is put on the path once."""
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    elsewhere.joinpath("shop.py").write_text("raise RuntimeError('the other one')")
    sys.path.insert(0, str(elsewhere))
    module("shop.py", SHOP)
    assert load("shop").name == "shop"
    load("shop:pipeline")
    assert sys.path.count(os.getcwd()) == 1


def test_a_working_directory_that_is_gone_is_no_obstacle(module, tmp_path, monkeypatch):
    """Where the working directory has been removed, installed modules are found all the same."""
    gone = tmp_path / "gone"
    gone.mkdir()
    monkeypatch.chdir(gone)
    gone.rmdir()
    assert refused("json") == (
        "--app is 'json': expected module:pipeline, or a module with exactly one pipeline; the pipelines of json: none"
    )


@pytest.mark.parametrize("text", ["", ":pipeline", "shop:", ".shop:pipeline"])
def test_what_is_no_name_of_a_module_is_refused(module, text):
    """A relative name and an empty one are told what is expected."""
    assert refused(text) == (
        f"--app is {text!r}: expected module:pipeline, as in shop.jobs:pipeline; the module without .py"
    )


@pytest.mark.parametrize("name", ["nowhere", "shop.nowhere", "nowhere.shop"])
def test_a_module_that_is_not_there_is_named(module, tmp_path, name):
    """The error says which module is missing, and where it was looked for."""
    module("shop/__init__.py", SHOP)
    said = refused(f"{name}:pipeline")
    assert said.startswith(f"--app is '{name}:pipeline': expected a module that is in {tmp_path} or is installed (No ")


def test_what_a_module_raises_is_shown_with_the_end_of_its_traceback(module, tmp_path):
    """An error of the module itself comes with the lines that raised it, without those of the import machinery."""
    module("shop.py", "import helper\n")
    module("helper.py", "def connect():\n    raise OSError('no route to password=hunter2')\n\nconnect()\n")
    said = refused("shop")
    assert said.startswith(
        f"--app is 'shop': importing shop failed:\n  File \"{tmp_path}/shop.py\", line 1, in <module>"
    )
    assert f'  File "{tmp_path}/helper.py", line 2, in connect\n' in said
    assert "OSError: no route to password=" in said
    assert "importlib" not in said
    assert "hunter2" not in said


def test_of_a_long_traceback_both_ends_are_shown(module):
    """Of many frames the first one, in the module itself, and the last four are shown."""
    steps = "".join(f"def step{number}():\n    step{number - 1}()\n" for number in range(1, 9))
    module("shop.py", f"def step0():\n    1 / 0\n{steps}step8()\n")
    said = refused("shop").splitlines()
    assert said[2].strip() == "step8()"
    assert "  ..." in said
    assert sum(line.startswith("  File ") for line in said) == 5
    assert said[-1] == "ZeroDivisionError: division by zero"


def test_what_a_module_prints_goes_to_stderr(module, capsys):
    """stdout is the command's own: what is printed while a module is imported goes to stderr."""
    module("shop.py", SHOP + "print('hello')\n")
    load("shop")
    assert capsys.readouterr() == ("", "hello\n")


@pytest.mark.parametrize(
    ("text", "last"),
    [
        ("import no_such_library", "ModuleNotFoundError: No module named 'no_such_library'"),
        ("import sys; sys.exit(3)", "SystemExit: 3"),
        ("def broken(:", "SyntaxError: invalid syntax"),
        ("1 / 0", "ZeroDivisionError: division by zero"),
    ],
)
def test_a_module_that_fails_is_no_module_that_is_missing(module, text, last):
    """A missing library, an exit, a syntax error: each is told as what it is."""
    module("shop.py", text)
    said = refused("shop:pipeline").splitlines()
    assert said[0] == "--app is 'shop:pipeline': importing shop failed:"
    assert said[-1] == last


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("shop:pipelin", "a name that is there, and 'pipelin' is not"),
        ("shop:Held.outer", "a name that is there, and 'outer' is not"),
        ("shop:charge", "a Pipeline, and that is of type function; a function is not called"),
        ("shop:__doc__", "a Pipeline, and that is of type NoneType"),
        ("shop", "module:pipeline, or a module with exactly one pipeline"),
    ],
)
def test_a_name_that_means_no_pipeline_names_those_that_there_are(module, text, expected):
    """A name that is not there, one of something else, and a choice of several, name the pipelines of the module."""
    module("shop.py", TWO)
    assert refused(text) == f"--app is {text!r}: expected {expected}; the pipelines of shop: pipeline, other"


def test_modules_are_imported_by_the_way(module):
    """`--import` imports each of the modules, and says which is wrong."""
    module("shop.py", SHOP)
    module("jobs.py", "import shop")
    import_modules(["jobs"])
    assert {"jobs", "shop"} <= set(sys.modules)
    with pytest.raises(ConfigurationError, match=r"--import is 'nowhere': expected a module that is in "):
        import_modules(["jobs", "nowhere"])


RAISES = """
from ninelives import Pipeline

class Lazy:
    @property
    def pipeline(self):
        raise RuntimeError("no database, password=hunter2")

    @property
    def ends(self):
        raise SystemExit

lazy = Lazy()

def __getattr__(name):
    if name == "made":
        return Pipeline("made", dead_letter={"store": "memory:"}, notify=False)
    raise LookupError(name)
"""


def test_a_name_that_raises_is_shown_with_where_it_does(module):
    """A property or a module's own `__getattr__` may raise whatever it likes: that is told like a broken module."""
    module("raises.py", RAISES)
    said = refused("raises:lazy.pipeline")
    assert said.startswith("--app is 'raises:lazy.pipeline': looking for pipeline failed:\n")
    assert said.endswith("RuntimeError: no database, password=***")
    assert "in pipeline" in said
    assert "apps.py" not in said
    assert refused("raises:lazy.ends").endswith("SystemExit")
    assert refused("raises:other").endswith("LookupError: other")


def test_a_pipeline_that_is_made_when_it_is_asked_for_is_found(module):
    """A module's own `__getattr__` is asked, as everywhere in Python."""
    module("raises.py", RAISES)
    assert load("raises:made").name == "made"


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ("shop.py", "shop"),
        ("shop.py:pipeline", "shop:pipeline"),
        ("./shop.py:pipeline", "shop:pipeline"),
        ("package/jobs.py:pipeline", "package.jobs:pipeline"),
        ("package/jobs:pipeline", "package.jobs:pipeline"),
        ("package.jobs.py:pipeline", "package.jobs:pipeline"),
        ("package/__init__.py:pipeline", "package:pipeline"),
        ("{here}/shop.py:pipeline", "shop:pipeline"),
    ],
)
def test_a_file_is_told_how_its_module_is_called(module, tmp_path, text, meant):
    """Who names a file in the working directory is told what to write instead."""
    module("shop.py", SHOP)
    text = text.format(here=tmp_path)
    assert f"a module and no file: {meant};" in refused(text) + ";"


@pytest.mark.parametrize("text", ["/elsewhere/shop.py:pipeline", "../shop.py", "a b/c.py:pipeline", "/"])
def test_a_file_that_can_not_be_imported_from_here_is_no_hint(module, text):
    """Of a file elsewhere, or whose path is no name of a module, nothing is guessed."""
    assert refused(text).endswith("module:pipeline, as in shop.jobs:pipeline; the module without .py")


def test_who_forgets_the_colon_is_told_where_it_belongs(module):
    """`shop.pipeline` is what other programs take: what is meant is said."""
    module("shop.py", SHOP)
    assert refused("shop.pipeline").endswith("is not a package); if pipeline is a name in it, shop:pipeline")
