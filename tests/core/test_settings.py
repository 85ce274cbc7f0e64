"""The configuration: what counts more than what, and what is said when it is wrong."""

from __future__ import annotations

import subprocess
import sys
import textwrap
from typing import Any

import pytest

from ninelives.environment import Setting
from ninelives.errors import ConfigurationError
from ninelives.pipeline import Pipeline
from ninelives.settings import Settings, load_settings

TOPIC = "arn:aws:sns:us-east-1:1:admins"


@pytest.fixture
def write(tmp_path, monkeypatch):
    """Writes a file into the working directory, which is empty."""
    monkeypatch.chdir(tmp_path)

    def write(name, text):
        path = tmp_path / name
        path.write_text(textwrap.dedent(text), encoding="utf-8")
        return path

    return write


def values(options: Any) -> Any:
    return None if options is None else {option: setting.value for option, setting in options.items()}


ARGUMENTS = {"failure_threshold": 1}
PIPELINE = {"failure_threshold": 2}
ENVIRON = {"CIRCUIT_BREAKER_FAILURE_THRESHOLD": "3"}
DEFAULTS = {"failure_threshold": 4}

FROM_ARGUMENTS = Setting(1, "Pipeline('api', breaker={'failure_threshold': ...})", explicit=True)
FROM_PIPELINE = Setting(2, "ninelives.toml: pipelines.api.breaker.failure_threshold", explicit=True)
FROM_ENVIRON = Setting(3, "CIRCUIT_BREAKER_FAILURE_THRESHOLD", explicit=False)
FROM_DEFAULTS = Setting(4, "ninelives.toml: defaults.breaker.failure_threshold", explicit=False)


@pytest.mark.parametrize(
    ("arguments", "pipeline", "environ", "defaults", "wins"),
    [
        (ARGUMENTS, PIPELINE, ENVIRON, DEFAULTS, FROM_ARGUMENTS),
        (ARGUMENTS, PIPELINE, {}, {}, FROM_ARGUMENTS),
        (ARGUMENTS, {}, ENVIRON, {}, FROM_ARGUMENTS),
        (ARGUMENTS, {}, {}, DEFAULTS, FROM_ARGUMENTS),
        ({}, PIPELINE, ENVIRON, DEFAULTS, FROM_PIPELINE),
        ({}, PIPELINE, ENVIRON, {}, FROM_PIPELINE),
        ({}, PIPELINE, {}, DEFAULTS, FROM_PIPELINE),
        ({}, {}, ENVIRON, DEFAULTS, FROM_ENVIRON),
        ({}, {}, ENVIRON, {}, FROM_ENVIRON),
        ({}, {}, {}, DEFAULTS, FROM_DEFAULTS),
        ({}, {}, {}, {}, None),
    ],
)
def test_the_more_particular_counts_more(arguments, pipeline, environ, defaults, wins):
    """Law 66: arguments beat the pipeline's section, it beats the environment, that beats the file's defaults."""
    table = {"pipelines": {"api": {"breaker": pipeline}}, "defaults": {"breaker": defaults}}
    settings = Settings(table, environ=environ, place="ninelives.toml: ")
    assert settings.link("api", "breaker", "breaker", arguments) == (
        {} if wins is None else {"failure_threshold": wins}
    )


def test_layers_are_merged_option_by_option():
    """A layer that gives one option leaves the others to those below it."""
    table = {
        "pipelines": {"api": {"backoff": {"max_delay": 9.0}}},
        "defaults": {"backoff": {"max_delay": 1.0, "base_delay": 2.0, "jitter": "none"}},
    }
    settings = Settings(table, environ={"BACKOFF_BASE_DELAY": "3"})
    assert values(settings.link("api", "backoff", "backoff", {"max_retries": 1})) == {
        "max_retries": 1,
        "max_delay": 9.0,
        "base_delay": 3.0,
        "jitter": "none",
    }
    assert values(settings.link("other", "backoff", "backoff", {})) == {
        "max_delay": 1.0,
        "base_delay": 3.0,
        "jitter": "none",
    }


def test_defaults_go_for_any_pipeline():
    """What a part without a section of its own gets: the environment, over the file's defaults."""
    settings = Settings(
        {"defaults": {"backoff": {"max_retries": 1, "jitter": "none"}}}, environ={"BACKOFF_MAX_RETRIES": "2"}
    )
    assert settings.defaults("backoff") == {
        "max_retries": Setting(2, "BACKOFF_MAX_RETRIES"),
        "jitter": Setting("none", "settings: defaults.backoff.jitter"),
    }
    assert settings.defaults("breaker") == {}
    assert Settings({"defaults": {"breaker": False}}, environ=ENVIRON).defaults("breaker") == {}


def test_an_alias_has_its_own_options():
    """A section goes by the alias; the defaults by either, the alias counting more; the environment by the link."""
    table = {
        "pipelines": {"api": {"inner": {"half_open_max_calls": 2}, "breaker": {"half_open_max_calls": 3}}},
        "defaults": {"breaker": {"probe_timeout": 1, "success_threshold": 1}, "inner": {"success_threshold": 2}},
    }
    assert values(Settings(table, environ=ENVIRON).link("api", "inner", "breaker", {})) == {
        "failure_threshold": 3,
        "half_open_max_calls": 2,
        "probe_timeout": 1,
        "success_threshold": 2,
    }


def test_none_is_not_given_to_the_parts_that_the_environment_knows():
    """``breaker={"failure_threshold": None}`` leaves it to the layers below; elsewhere None is a value."""
    settings = Settings({"pipelines": {"api": {"breaker": PIPELINE}}}, environ={})
    assert values(settings.link("api", "breaker", "breaker", {"failure_threshold": None})) == PIPELINE
    assert values(settings.link("api", "fallback", "fallback", {"value": None})) == {"value": None}


@pytest.mark.parametrize(
    ("defaults", "pipeline", "arguments", "on"),
    [
        (None, None, {}, True),
        (False, None, {}, False),
        (None, False, {}, False),
        (False, True, {}, True),
        (False, {}, {}, True),
        (True, False, {}, False),
        ({"success_threshold": 1}, False, {}, False),
        (None, False, ARGUMENTS, True),
    ],
)
def test_a_link_can_be_switched_off_and_on(defaults, pipeline, arguments, on):
    """False leaves a link out, true or a table has it back; the environment has no say in it, arguments the last."""
    sections = {"breaker": pipeline} if pipeline is not None else {}
    table = {"pipelines": {"api": sections}, "defaults": {"breaker": defaults} if defaults is not None else {}}
    options = Settings(table, environ=ENVIRON).link("api", "breaker", "breaker", arguments)
    assert (options is not None) is on
    assert options is None or values(options) == {"failure_threshold": 3, **arguments}


@pytest.mark.parametrize(
    ("lower", "higher", "arguments", "wins"),
    [
        ("Meow?", None, {}, {"value": "Meow?"}),
        ("Meow?", "Purr", {}, {"value": "Purr"}),
        ("Meow?", {"call": "m:f"}, {}, {"call": "m:f"}),
        ({"call": "m:f", "when": "x"}, "Purr", {}, {"value": "Purr", "when": "x"}),
        ({"call": "m:f"}, {"when": "x"}, {}, {"call": "m:f", "when": "x"}),
        ("Meow?", "Purr", {"call": print}, {"call": print}),
        (None, True, {}, {"value": True}),
        ("Meow?", False, {}, None),
    ],
)
def test_a_fallback_is_a_value_or_a_call(lower, higher, arguments, wins):
    """Anything but a table or false is the value; what a higher layer chooses replaces what a lower one chose."""
    table = {
        "defaults": {"fallback": lower} if lower is not None else {},
        "pipelines": {"api": {"fallback": higher} if higher is not None else {}},
    }
    assert values(Settings(table, environ={}).link("api", "fallback", "fallback", arguments)) == wins


BOTH = {"DLQ_QUEUE_URL": "https://sqs/q", "DLQ_LOCAL_FILE_PATH": "./dlq.json"}


@pytest.mark.parametrize(
    ("defaults", "pipeline", "arguments", "wins"),
    [
        ({}, {}, {}, {"store": "sqs:https://sqs/q", "fallback": "file:./dlq.json"}),
        ({}, {}, {"store": "memory:"}, {"store": "memory:"}),
        ({}, {"store": "memory:"}, {}, {"store": "memory:"}),
        ({}, {}, {"local_file_path": "./x.json"}, {"local_file_path": "./x.json"}),
        ({}, {}, {"queue_url": "https://x"}, {"queue_url": "https://x"}),
        ({}, {}, {"queue_url": None}, {"store": "sqs:https://sqs/q", "fallback": "file:./dlq.json"}),
        ({}, {"fallback": "memory:"}, {}, {"store": "sqs:https://sqs/q", "fallback": "memory:"}),
        ({}, {"store": "a:", "fallback": "b:"}, {"store": "c:"}, {"store": "c:", "fallback": "b:"}),
        ({"store": "a:", "fallback": "b:"}, {"store": "c:"}, {}, {"store": "c:"}),
        (
            {"store": "a:", "on_open": False},
            {},
            {},
            {"store": "sqs:https://sqs/q", "fallback": "file:./dlq.json", "on_open": False},
        ),
    ],
)
def test_who_names_a_store_means_that_one(defaults, pipeline, arguments, wins):
    """The environment's store and fallback count only where no store is given."""
    table = {"defaults": {"dead_letter": defaults}, "pipelines": {"api": {"dead_letter": pipeline}}}
    assert values(Settings(table, environ=BOTH).link("api", "dead_letter", "dead_letter", arguments)) == wins


@pytest.mark.parametrize("argument", ["channels", "channel", "sns_topic_arn", "email", "phone_number"])
def test_who_names_a_channel_means_that_one(argument):
    """The environment's channel counts only where no channel is given."""
    settings = Settings(environ={"SNS_TOPIC_ARN": TOPIC})
    assert values(settings.link("api", "notify", "notify", {argument: "x"})) == {argument: "x"}
    assert values(settings.link("api", "notify", "notify", {"timeout": 5})) == {
        "channels": [f"sns:{TOPIC}"],
        "timeout": 5,
    }


def test_the_chain_is_the_pipelines_own_or_the_default():
    """A section's chain, else the defaults' chain, else none."""
    table = {"pipelines": {"api": {"chain": ["breaker"]}, "mail": {}}, "defaults": {"chain": ["backoff"]}}
    settings = Settings(table, environ={})
    assert settings.pipelines == ("api", "mail")
    assert settings.chain("api") == ("breaker",)
    assert settings.chain("mail") == settings.chain("unheard of") == ("backoff",)
    assert Settings(environ={}).chain("api") is None
    assert Settings(environ={}).pipelines == ()


def test_what_a_section_has_options_for_can_be_asked():
    """Each alias of a pipeline's section with its place, so that one that is no link of the chain can be refused."""
    settings = Settings({"pipelines": {"a.b c": {"chain": ["breaker"], "breaker": {}, "brekaer": {}}}}, environ={})
    assert settings.links_of("a.b c") == {
        "breaker": 'settings: pipelines."a.b c".breaker',
        "brekaer": 'settings: pipelines."a.b c".brekaer',
    }
    assert settings.links_of("other") == {}
    assert Settings({"defaults": {"chain": ["x"], "brekaer": 1}}).links_of(None) == {
        "brekaer": "settings: defaults.brekaer"
    }


def test_what_links_go_by_can_be_asked():
    """By the aliases of all chains of the file's pipelines, their own or the default."""
    pipelines = {"a": {"chain": ["total:timeout", "backoff"]}, "b": {}, "c": {"chain": 5}}
    defaults = {"chain": ["x:breaker"]}
    settings = Settings({"pipelines": pipelines, "defaults": defaults}, environ={}, tolerant=True)
    assert settings.aliases == {"total", "backoff", "x"}
    assert Settings({"pipelines": {"b": {}}}, environ={}).aliases == frozenset()


def test_a_value_in_place_of_options_is_refused():
    """Only a fallback can be given a bare value."""
    settings = Settings({"pipelines": {"api": {"plan_b": "x", "inner": "smtp://u:hunter2@h"}}}, environ={})
    assert values(settings.link("api", "plan_b", "fallback", {})) == {"value": "x"}
    with pytest.raises(ConfigurationError) as caught:
        settings.link("api", "inner", "timeout", {})
    assert str(caught.value) == (
        "settings: pipelines.api.inner is 'smtp://u:***@h': expected a table of its options, or false to leave it out"
    )


@pytest.mark.parametrize(
    ("table", "said"),
    [
        (
            {"pipeline": {}},
            "settings: pipeline is {}: expected one of: pipelines, defaults, redaction; did you mean 'pipelines'?",
        ),
        ({"password": "hunter2"}, "settings: password is '***': expected one of: pipelines, defaults, redaction"),
        ({"pipelines": []}, "settings: pipelines is []: expected a table of pipelines"),
        (
            {"pipelines": {"api": 5}},
            "settings: pipelines.api is 5: expected a table: chain, and the options of each link",
        ),
        ({"defaults": "x"}, "settings: defaults is 'x': expected a table: chain, and the options of each link"),
        (
            {"pipelines": {"api": {"breaker": 5}}},
            "settings: pipelines.api.breaker is 5: expected a table of its options, or false to leave it out",
        ),
        (
            {"defaults": {"notify": "sns:x"}},
            "settings: defaults.notify is 'sns:x': expected a table of its options, or false to leave it out",
        ),
        *(
            (
                {"defaults": {"chain": chain}},
                f"settings: defaults.chain is {chain!r}: expected a list of links, like ['breaker', 'backoff']",
            )
            for chain in ("breaker", [], ["breaker", ""], ["breaker", 5], {"a": 1})
        ),
        (["x"], "settings is ['x']: expected a table"),
    ],
)
def test_what_is_wrong_whatever_the_pipelines_are_is_refused(table, said):
    """Unknown keys and values of a wrong shape: by file and key, value, and what was expected."""
    with pytest.raises(ConfigurationError) as caught:
        Settings(table, environ={})
    assert str(caught.value) == said


def test_all_problems_of_file_and_environment_are_said_at_once(write):
    """Law 60: one error has them all."""
    write(
        "ninelives.toml",
        "color = 1\n[pipelines]\na = 1\n[pipelines.b]\nchain = 'x'\nbackoff = 3\n[defaults]\nchain = []",
    )
    environ = {"BACKOFF_MAX_RETRIES": "many", "CIRCUIT_BREAKER_FAILURE_THRESHOLD": "few"}
    with pytest.raises(ConfigurationError) as caught:
        load_settings(environ=environ)
    assert [problem.place for problem in caught.value.problems] == [
        "ninelives.toml: color",
        "ninelives.toml: pipelines.a",
        "ninelives.toml: pipelines.b.chain",
        "ninelives.toml: pipelines.b.backoff",
        "ninelives.toml: defaults.chain",
        "CIRCUIT_BREAKER_FAILURE_THRESHOLD",
        "BACKOFF_MAX_RETRIES",
    ]


EXAMPLE = """
    [pipelines.openai-api]
    chain = ["fallback", "notify", "dead_letter", "breaker", "backoff"]
    breaker = { failure_threshold = 5, recovery_timeout = 60 }
    backoff = { max_retries = 3, retry_exceptions = ["builtins:TimeoutError"] }
    dead_letter = { store = "sqs:https://sqs.x/1/dlq", fallback = "file:./local_dlq.json" }
    notify = { channels = ["sns:arn", "log:"] }
    """


def test_the_documented_file_is_read(write):
    """Every value of the example is where it belongs, with its file and key."""
    write("ninelives.toml", EXAMPLE)
    settings = load_settings(environ={})
    assert settings.pipelines == ("openai-api",)
    assert settings.chain("openai-api") == ("fallback", "notify", "dead_letter", "breaker", "backoff")
    source = "ninelives.toml: pipelines.openai-api.breaker.failure_threshold"
    options = settings.link("openai-api", "breaker", "breaker", {})
    assert options is not None
    assert options["failure_threshold"] == Setting(5, source, explicit=True)
    assert values(settings.link("openai-api", "notify", "notify", {})) == {"channels": ["sns:arn", "log:"]}


def chosen(**arguments: Any) -> tuple[str, ...]:
    return load_settings(**arguments).pipelines


def test_the_first_file_of_the_documented_order_is_read(write, tmp_path):
    """A path, else NINELIVES_CONFIG, else ninelives.toml, else pyproject.toml, else nothing."""
    assert chosen(environ={}) == ()
    write("pyproject.toml", "[tool.ninelives.pipelines.from-pyproject]")
    assert chosen(environ={}) == ("from-pyproject",)
    write("ninelives.toml", "[pipelines.from-native]")
    assert chosen(environ={}) == chosen(environ={"NINELIVES_CONFIG": " "}) == ("from-native",)
    named = str(write("named.toml", "[pipelines.from-variable]"))
    assert chosen(environ={"NINELIVES_CONFIG": named}) == ("from-variable",)
    path = str(write("path.toml", "\ufeff[pipelines.from-path]"))
    assert chosen(path=path, environ={"NINELIVES_CONFIG": named}) == ("from-path",)
    assert chosen(path="pyproject.toml", environ={}) == ("from-pyproject",)


def test_the_process_environment_is_what_counts_by_default(write, monkeypatch):
    """Without a mapping `os.environ` is read, for the file's name and for the values."""
    path = write("named.toml", "[pipelines.named]")
    monkeypatch.setenv("NINELIVES_CONFIG", str(path))
    monkeypatch.setenv("BACKOFF_MAX_RETRIES", "7")
    assert load_settings().pipelines == ("named",)
    assert values(Settings().defaults("backoff"))["max_retries"] == 7


def test_places_in_pyproject_are_whole_keys(write):
    """A problem in pyproject.toml is named by the key as it stands there."""
    write("pyproject.toml", "[tool.ninelives.defaults]\nchain = 5")
    with pytest.raises(ConfigurationError, match=r"^pyproject.toml: tool.ninelives.defaults.chain is 5: "):
        load_settings(environ={})
    write("pyproject.toml", "[tool]\nninelives = 5")
    with pytest.raises(ConfigurationError, match=r"^pyproject.toml: tool.ninelives is 5: expected a table$"):
        load_settings(environ={})


@pytest.mark.parametrize(
    "text",
    [
        "[project]\nname = 'other'",
        "[project\nbroken",
        "[project]\ndependencies = ['ninelives']",
        "tool = 'ninelives'",
        "[tool.x]\ny = 'ninelives'",
    ],
)
def test_the_pyproject_of_another_project_is_none_of_ours(write, text):
    """Without tool.ninelives there is nothing, and a file that does not name us need not even be TOML."""
    write("pyproject.toml", text)
    assert load_settings(environ={}).pipelines == ()


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (
            b"[pipelines",
            "ninelives.toml: expected TOML; Expected ']' at the end of a table declaration (at end of document)",
        ),
        (b"a = 1\na = 2", "ninelives.toml: expected TOML; Cannot overwrite a value (at line 2, column 6)"),
        (b"a = '\xff'", "ninelives.toml: expected a TOML file that can be read: it is no UTF-8"),
        (b"a = " + b"[" * 100_000, "ninelives.toml: expected TOML; "),
    ],
)
def test_a_file_that_is_no_toml_is_refused(write, tmp_path, content, said):
    """The error names the file and the line; what is wrong with the environment is said with it."""
    (tmp_path / "ninelives.toml").write_bytes(content)
    with pytest.raises(ConfigurationError) as caught:
        load_settings(environ={"BACKOFF_MAX_RETRIES": "many"})
    first, second = str(caught.value).splitlines()
    assert first.startswith(said.partition(" (at")[0])
    assert second == "BACKOFF_MAX_RETRIES is 'many': expected a whole number, like 5"


@pytest.mark.parametrize(
    ("arguments", "source"),
    [
        ({"path": "gone.toml", "environ": {}}, "load_settings(path=)"),
        ({"environ": {"NINELIVES_CONFIG": "gone.toml"}}, "NINELIVES_CONFIG"),
    ],
)
def test_a_file_that_was_asked_for_must_exist(write, arguments, source):
    """A missing file is an error that names it, and who asked for it."""
    with pytest.raises(ConfigurationError) as caught:
        load_settings(**arguments)
    assert (
        str(caught.value)
        == f"{source} is 'gone.toml': expected a TOML file that can be read: No such file or directory"
    )


def test_a_file_that_is_there_must_be_readable(write, tmp_path):
    """What is found but can't be read is an error, not the same as nothing."""
    (tmp_path / "ninelives.toml").mkdir()
    with pytest.raises(
        ConfigurationError, match=r"^ninelives.toml: expected a TOML file that can be read: Is a directory$"
    ):
        load_settings(environ={})


CLOSED = """
import os, sys
from ninelives.settings import load_settings
os.chdir(sys.argv[1])
os.chmod(".", 0)
if os.geteuid() == 0:  # may go anywhere
    os.setuid(65534)
print(load_settings(environ={}).pipelines)
"""


def test_a_directory_that_can_not_be_entered_has_no_file(tmp_path):
    """A service whose working directory is closed to it runs, with what is built in."""
    place = tmp_path / "closed"
    place.mkdir()
    try:
        done = subprocess.run([sys.executable, "-c", CLOSED, place], capture_output=True, text=True, check=True)
    finally:
        place.chmod(0o700)
    assert done.stdout == "()\n"


@pytest.mark.parametrize(
    ("link", "option", "value", "expected"),
    [
        ("dead_letter", "max_replays", "five", "a whole number"),
        ("dead_letter", "lease", "long", "a number"),
        ("dead_letter", "on_open", "yes", "True or False"),
        ("breaker", "probe_timeout", [], "a number"),
        ("breaker", "name", 5, "text"),
    ],
)
def test_wrong_types_are_said_in_the_words_of_the_parts(link, option, value, expected):
    """A value of the wrong type in a file is refused in the words that the part itself has for it."""
    settings = Settings({"pipelines": {"api": {link: {option: value}}}}, environ={})
    with pytest.raises(ConfigurationError) as caught:
        Pipeline("api", settings=settings)
    (problem,) = caught.value.problems
    assert problem[:3] == (f"settings: pipelines.api.{link}.{option}", repr(value), expected)
