"""The documents say what is so: every example runs, and the reference has what the code has."""

from __future__ import annotations

import inspect
import re
import subprocess
import sys
from pathlib import Path
from types import ModuleType

import click
import msgspec
import pytest
from sybil import Document, Example
from sybil.parsers.markdown import PythonCodeBlockParser

import ninelives
from ninelives import environment, errors, events, testing
from ninelives.dead_letters.options import DeadLetterOptions
from ninelives.delays import JITTERS
from ninelives.middleware.backoff_options import BackoffOptions
from ninelives.middleware.breaker_options import BreakerOptions
from ninelives.middleware.fallback import FallbackOptions
from ninelives.notifications.notifier import NotifyOptions
from ninelives.plugins import default_plugins
from ninelives.testing import contracts

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
# By the section of the reference: the options of the link that it describes.
LINKS = {
    "The link fallback": FallbackOptions,
    "CircuitBreaker": BreakerOptions,
    "BackoffStrategy": BackoffOptions,
    "DeadLetterQueue": DeadLetterOptions,
    "AdminNotifier": NotifyOptions,
}
# By the section of the reference: the records that it describes field by field.
RECORDS = {
    "DeadLetterQueue": [ninelives.DeadLetter],
    "Pipeline": [ninelives.Outcome, ninelives.ReplayReport, ninelives.LetterFilter],
    "Hooks": [ninelives.Context, ninelives.Address, ninelives.Lease, ninelives.Page, ninelives.Notification],
}
STORES = ["DeadLetterStore", "Browsable", "Claimable", "Renewable", "Batched", "Purgeable"]


EXAMPLES = [
    pytest.param(example, id=f"{page.relative_to(ROOT)}:{example.line}")
    for page in PAGES
    for example in Document.parse(str(page), PythonCodeBlockParser())
]


@pytest.fixture
def alone(tmp_path, monkeypatch):
    """A directory and a main module of its own, as a program has them that a reader makes of an example."""
    monkeypatch.chdir(tmp_path)
    for variable in (*environment.VARIABLES, "NINELIVES_CONFIG", "NINELIVES_DISABLE_PLUGINS", "NINELIVES_MASK_KEYS"):
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


SHOWN_TESTS = [example for example in EXAMPLES if re.search(r"Contract\)|\(instant", example.values[0].parsed)]


@pytest.mark.parametrize("example", SHOWN_TESTS)
def test_every_test_that_is_shown_passes(example: Example, tmp_path):
    """A test that a document shows is one that pytest finds, and it passes where only our packages are installed."""
    path = tmp_path / "test_example.py"
    path.write_text(example.parsed, encoding="utf-8")
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-p", "no:asyncio", "-W", "error", path]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout
    assert re.search(r"\b[1-9]\d* passed", done.stdout)


def test_each_contract_is_shown_in_use():
    """The documents show a test for each contract that there is."""
    shown = "".join(example.values[0].parsed for example in SHOWN_TESTS)
    assert [name for name in contracts.__all__ if f"({name})" not in shown] == []


def signature(name: str) -> str:
    """How the reference writes it: names and defaults, no types."""
    return f"{name}{bare(getattr(ninelives, name))}"


def bare(func) -> inspect.Signature:
    parameters = inspect.signature(func).parameters.values()
    return inspect.Signature([parameter.replace(annotation=parameter.empty) for parameter in parameters])


def section(heading: str) -> str:
    return re.split(rf"^## {re.escape(heading)}$", REFERENCE, flags=re.MULTILINE)[1].split("\n## ")[0]


@pytest.mark.parametrize("name", EXPLAINED)
def test_the_reference_has_every_signature(name):
    """The reference has the signature and every option of each part, as they are."""
    text = section(name)
    assert signature(name) in re.sub(r"\s+", " ", text)
    for parameter in inspect.signature(getattr(ninelives, name)).parameters:
        assert f"`{parameter}`" in text


def row(option: str, text: str) -> list[str]:
    """The cells of the table's row for an option."""
    (found,) = re.findall(rf"^\|([^|]*`{option}`[^|]*)\|([^|]*)\|(.*)\|$", text, re.MULTILINE)
    return [cell.strip() for cell in found]


@pytest.mark.parametrize("heading", LINKS)
def test_the_reference_has_every_option_of_a_link(heading):
    """The reference lists the options of each link, those that there are and no others, each with its default."""
    text, options = section(heading), LINKS[heading]
    listed = re.search(r"^Options of the link: ([^.]*)\.", text, re.MULTILINE)
    assert listed is not None
    assert re.findall(r"`(\w+)`", listed[1]) == list(options.__struct_fields__)
    for field in msgspec.structs.fields(options):
        _, default, meaning = row(field.name, text)
        assert meaning
        if isinstance(field.default, bool):
            assert default == str(field.default)
        elif isinstance(field.default, int | float):
            assert float(default.split()[-1]) == field.default
        elif isinstance(field.default, str):
            assert default == f'`"{field.default}"`'


def test_the_reference_has_every_jitter():
    """The reference says what each kind of jitter does."""
    for jitter in JITTERS:
        assert f'`"{jitter}"`' in row("jitter", section("BackoffStrategy"))[2]


@pytest.mark.parametrize("name", sorted(set(ninelives.__all__) - {event.__name__ for event in events.EVENTS}))
def test_the_reference_has_every_name(name):
    """The reference has every name that `ninelives` exports; an event stands there by what logs carry."""
    assert re.search(rf"(?<!\w){name}(?!\w)", REFERENCE)


@pytest.mark.parametrize("name", [*testing.__all__, *contracts.__all__, "fake_clock"])
def test_the_reference_has_what_is_for_tests(name):
    """The reference has every name of `ninelives.testing`, and every fixture."""
    assert re.search(rf"`{name}\b", section("Testing"))


@pytest.mark.parametrize("name", STORES)
def test_the_reference_has_every_method_of_a_store(name):
    """The reference has every method of a store, with its arguments, beside the protocol that it belongs to."""
    protocol = getattr(ninelives, name)
    methods = [method for method in vars(protocol) if not method.startswith("_")]
    assert methods
    for method in methods:
        written = f"{method}{bare(getattr(protocol, method))}".replace("(self, ", "(").replace("(self)", "()")
        assert re.search(rf"^\| `{name}` \| .*`{re.escape(written)}`", section("Hooks"), re.MULTILINE), written


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


@pytest.mark.parametrize(
    "variable", [*environment.VARIABLES, "NINELIVES_CONFIG", "NINELIVES_DISABLE_PLUGINS", "NINELIVES_MASK_KEYS"]
)
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


@pytest.mark.parametrize(("heading", "record"), [(heading, one) for heading, all_ in RECORDS.items() for one in all_])
def test_the_reference_has_every_field(heading, record):
    """The reference has every field of the records that programs and plugins see."""
    for field in record.__struct_fields__:
        assert re.search(rf"`{field}\b", section(heading)), field


@pytest.mark.parametrize("variable", sorted(environment.VARIABLES))
def test_the_reference_has_the_default_of_a_variable(variable):
    """The default beside a variable is the one beside the option that it sets."""
    _, sets, default = row(variable, section("Environment"))
    link, option = re.findall(r"`(\w+)\.(\w+)`", sets)[0]
    text = section({"breaker": "CircuitBreaker", "backoff": "BackoffStrategy"}.get(link, "Environment"))
    if text != section("Environment"):
        assert row(option, text)[1] == f"`{variable}`, then {default}"


def test_the_command_line_is_described():
    """Its README has every command and every option of ours."""
    text = (ROOT / "plugins/cli/README.md").read_text(encoding="utf-8")
    for command in default_plugins().commands:
        assert f"`ninelives {command.name}" in text
        options = [option for parameter in command.params for option in parameter.opts if option.startswith("--")]
        assert [option for option in options if f"`{option}" not in text] == []


def test_the_commands_for_letters_are_described():
    """The reference of `ninelives dlq` has every command of it and every option."""
    text = (ROOT / "docs/reference/dlq.md").read_text(encoding="utf-8")
    (dlq,) = (command for command in default_plugins().commands if command.name == "dlq")
    context = click.Context(dlq)
    for name in dlq.list_commands(context):
        assert re.search(rf"^## .*`{name}\b", text, re.MULTILINE), name
        parameters = dlq.get_command(context, name).params
        options = [option for parameter in parameters for option in parameter.opts if option.startswith("--")]
        assert [option for option in options if not re.search(rf"[` ]{option}\b", text)] == [], name
