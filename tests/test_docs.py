"""The documents say what is so: every example runs, and the reference has what the code has."""

from __future__ import annotations

import inspect
import re
import sys
from pathlib import Path
from types import ModuleType

import pytest
from sybil import Document, Example
from sybil.parsers.markdown import PythonCodeBlockParser

import ninelives
from ninelives import environment, errors, events

ROOT = Path(__file__).resolve().parent.parent
PAGES = [
    ROOT / "README.md",
    ROOT / "core/README.md",
    *sorted(ROOT.glob("plugins/*/README.md")),
    *sorted(ROOT.glob("docs/**/*.md")),
]
REFERENCE = (ROOT / "docs/reference/index.md").read_text(encoding="utf-8")
EXPLAINED = [
    "Pipeline",
    "CircuitBreaker",
    "BackoffStrategy",
    "DeadLetterQueue",
    "AdminNotifier",
]
HOOKS = [
    "register_middleware",
    "register_stores",
    "register_channels",
    "register_listeners",
    "register_commands",
]


EXAMPLES = [
    pytest.param(example, id=f"{page.relative_to(ROOT)}:{example.line}")
    for page in PAGES
    for example in Document.parse(str(page), PythonCodeBlockParser())
]


@pytest.fixture
def alone(tmp_path, monkeypatch):
    """A directory and a main module of its own, as a program has them that a reader makes of an example."""
    monkeypatch.chdir(tmp_path)
    for variable in (*environment.VARIABLES, "NINELIVES_CONFIG", "NINELIVES_DISABLE_PLUGINS"):
        monkeypatch.delenv(variable, raising=False)
    main = ModuleType("__main__")
    main.__file__ = str(tmp_path / "example.py")
    monkeypatch.setitem(sys.modules, "__main__", main)
    return main.__dict__


@pytest.mark.parametrize("example", EXAMPLES)
def test_every_example_runs_by_itself(example: Example, alone):
    """Every Python example of the documents is a whole program and runs without an error."""
    example.namespace = alone
    example.evaluate()


def signature(name: str) -> str:
    """How the reference writes it: names and defaults, no types."""
    parameters = inspect.signature(getattr(ninelives, name)).parameters.values()
    bare = [parameter.replace(annotation=parameter.empty) for parameter in parameters]
    return f"{name}{inspect.Signature(bare)}"


def section(heading: str) -> str:
    return re.split(rf"^## {re.escape(heading)}$", REFERENCE, flags=re.MULTILINE)[1].split("\n## ")[0]


@pytest.mark.parametrize("name", EXPLAINED)
def test_the_reference_has_every_signature(name):
    """The reference has the signature and every option of each part, as they are."""
    text = section(name)
    assert signature(name) in re.sub(r"\s+", " ", text)
    for parameter in inspect.signature(getattr(ninelives, name)).parameters:
        assert f"`{parameter}`" in text


@pytest.mark.parametrize("event", events.EVENTS, ids=lambda event: event.name)
def test_the_reference_has_every_event(event):
    """The reference has every event with its fields, in their order."""
    of_all = events.Event.__dataclass_fields__
    fields = ", ".join(f"`{field}`" for field in event.__dataclass_fields__ if field not in of_all)
    assert f"| `{event.name}` | {fields} |" in section("Events")


@pytest.mark.parametrize("name", sorted(set(errors.__all__) - {"Problem"}))
def test_the_reference_has_every_error(name):
    """The reference has every error and what it derives from."""
    assert re.search(rf"\b{name}\b", section("Errors"))


@pytest.mark.parametrize("variable", [*environment.VARIABLES, "NINELIVES_CONFIG", "NINELIVES_DISABLE_PLUGINS"])
def test_the_reference_has_every_variable(variable):
    """The reference has every environment variable that is read."""
    assert f"| `{variable}` |" in section("Environment")


def test_the_reference_has_every_hook():
    """The reference has every hook with its exact arguments."""
    from ninelives import hookspecs

    found = {name: func for name, func in vars(hookspecs).items() if name.startswith("register_")}
    assert sorted(found) == sorted(HOOKS)
    for name, func in found.items():
        assert f"| `{name}({', '.join(inspect.signature(func).parameters)})` |" in section("Hooks")


def test_the_reference_has_every_field_of_a_letter():
    """The reference has every field of a letter and of an outcome."""
    for field in ninelives.DeadLetter.__struct_fields__:
        assert f"`{field}`" in section("DeadLetterQueue")
    for field in ninelives.Outcome.__struct_fields__:
        assert f"| `{field}` |" in section("Pipeline")
