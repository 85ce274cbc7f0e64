"""The documents for authors of plugins say what is so: every hook, every fixture, every method, as they are."""

from __future__ import annotations

import inspect
import re
from pathlib import Path

import pytest

from ninelives import hookspecs
from ninelives.testing import FaultProxy, contracts
from ninelives_cli.kit.command import new

DOCS = Path(__file__).resolve().parent.parent / "docs/plugins"
HOOKS = [name for name in vars(hookspecs) if name.startswith("register_")]
TESTING = (DOCS / "testing.md").read_text(encoding="utf-8")


def written(name: str, func) -> str:
    """A signature as the documents have it: with its types, without quotes and self."""
    return f"{name}{inspect.signature(func)}".replace("'", "").replace("(self, ", "(")


def section(heading: str) -> str:
    text = (DOCS / "hooks.md").read_text(encoding="utf-8")
    return re.split(rf"^## {heading}$", text, flags=re.MULTILINE)[1].split("\n## ")[0]


@pytest.mark.parametrize("hook", HOOKS)
def test_every_hook_is_described_as_it_is(hook):
    """Each hook stands there with its exact signature, and with that of the `register` that it is given."""
    func = getattr(hookspecs, hook)
    protocol = getattr(hookspecs, inspect.signature(func).parameters["register"].annotation)
    expected = f"```text\n{written(hook, func)}\n{written('register', protocol.__call__)}\n```"
    assert expected in section(hook)


def test_no_hook_is_described_that_there_is_not():
    """Each section that is called like a hook is one of a hook, in the order of the contract."""
    text = (DOCS / "hooks.md").read_text(encoding="utf-8")
    assert re.findall(r"^## (register_\w+)$", text, re.MULTILINE) == HOOKS
    assert f"There are {['no', 'one', 'two', 'three', 'four', 'five', 'six'][len(HOOKS)]} hooks" in text


@pytest.mark.parametrize("name", contracts.__all__)
def test_every_fixture_of_a_contract_is_described(name):
    """Each fixture of a contract stands in its table, and each attribute that can be set, with its default."""
    table = TESTING.split(f"| `{name}` | |\n")[1].split("\n\n")[0]
    members = inspect.getmembers(getattr(contracts, name))
    given = {key: value for key, value in members if not key.startswith(("_", "test_", "pytest"))}
    settings = {key: value for key, value in given.items() if isinstance(value, bool | float)}
    for key, value in settings.items():
        assert f"| `{key}` | {value};" in table
    for key in given.keys() - settings.keys():
        assert f"| fixture `{key}` |" in table


def test_every_method_of_the_proxy_is_described():
    """Each method, property and attribute of the proxy stands there."""
    text = TESTING.split("## FaultProxy")[1].split("\n## ")[0]
    for name in [name for name in vars(FaultProxy) if not name.startswith("_")] + ["port", "address"]:
        assert re.search(rf"^\|[^|]*`{name}\b", text, re.MULTILINE), name


def test_every_kind_of_plugin_is_named():
    """The command's documentation has its options, and each kind that it can write."""
    text = (DOCS.parent.parent / "plugins/cli/README.md").read_text(encoding="utf-8")
    section = text.split("## ninelives plugins new")[1].split("\n## ")[0]
    (kind,) = (parameter for parameter in new.params if parameter.name == "kind")
    assert [name for name in ("--kind", *kind.type.choices) if f"`{name}" not in section] == []
