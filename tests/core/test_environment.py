"""What the environment says, and what is said of it when it is wrong."""

from __future__ import annotations

import pytest

from ninelives.environment import LINKS, VARIABLES, Setting, defaults
from ninelives.errors import ConfigurationError

QUEUE = "https://sqs.us-east-1.amazonaws.com/123456789012/dlq"
TOPIC = "arn:aws:sns:us-east-1:123456789012:admins"


@pytest.mark.parametrize(
    ("link", "variable", "text", "option", "value"),
    [
        ("breaker", "CIRCUIT_BREAKER_FAILURE_THRESHOLD", "3", "failure_threshold", 3),
        ("breaker", "CIRCUIT_BREAKER_RECOVERY_TIMEOUT", "2.5", "recovery_timeout", 2.5),
        ("backoff", "BACKOFF_BASE_DELAY", "0.5", "base_delay", 0.5),
        ("backoff", "BACKOFF_MAX_DELAY", "30", "max_delay", 30.0),
        ("backoff", "BACKOFF_MAX_RETRIES", " 7\n", "max_retries", 7),
        ("dead_letter", "DLQ_QUEUE_URL", QUEUE, "store", f"sqs:{QUEUE}"),
        ("dead_letter", "DLQ_LOCAL_FILE_PATH", "./dlq.json", "store", "file:./dlq.json"),
        ("notify", "SNS_TOPIC_ARN", TOPIC, "channels", [f"sns:{TOPIC}"]),
    ],
)
def test_each_variable_sets_its_option(link, variable, text, option, value):
    """Each variable gives one option, converted, with its name as the source, and as a default."""
    settings = defaults(link, {variable: text})
    assert settings == {option: Setting(value, variable, explicit=False)}
    assert type(settings[option].value) is type(value)
    assert variable in VARIABLES
    assert link in LINKS


@pytest.mark.parametrize("variable", sorted(VARIABLES))
@pytest.mark.parametrize("text", ["", "  "])
def test_an_empty_variable_is_not_given(variable, text):
    """Unset, empty and blank are the same: not given."""
    assert all(defaults(link, {variable: text}) == {} for link in LINKS)


def test_nothing_is_known_of_other_links():
    """A link that no variable is about has no defaults."""
    assert defaults("timeout", {"BACKOFF_MAX_RETRIES": "x"}) == {}


def test_a_queue_and_a_file_are_a_store_and_its_fallback():
    """With both variables the queue is the store, and the file takes what it does not."""
    settings = defaults("dead_letter", {"DLQ_LOCAL_FILE_PATH": "./dlq.json", "DLQ_QUEUE_URL": QUEUE})
    assert settings["store"] == Setting(f"sqs:{QUEUE}", "DLQ_QUEUE_URL")
    assert settings["fallback"] == Setting("file:./dlq.json", "DLQ_LOCAL_FILE_PATH")


def test_a_path_is_taken_as_it_is():
    """What would mean something in an address means nothing in a path: it comes through as it was."""
    from ninelives.address import Address

    path = "./50%25 done?.json?fsync=off"
    address = Address.parse(defaults("dead_letter", {"DLQ_LOCAL_FILE_PATH": path})["store"].value)
    assert (address.target, address.options) == (path, {})


@pytest.mark.parametrize("text", ["nan", "inf", "-inf", "1e999", "soon", "1,5"])
def test_a_number_must_be_a_finite_number(text):
    """What is no finite number is refused, by the variable's name and value."""
    with pytest.raises(ConfigurationError) as caught:
        defaults("backoff", {"BACKOFF_MAX_DELAY": text})
    assert str(caught.value) == f"BACKOFF_MAX_DELAY is {text!r}: expected a number of seconds, like 60.0"
    assert caught.value.problems[0].option == "max_delay"


def test_all_bad_values_are_said_at_once():
    """Each wrong variable is a problem of its own, in one error."""
    environ = {"BACKOFF_BASE_DELAY": "fast", "BACKOFF_MAX_DELAY": "9", "BACKOFF_MAX_RETRIES": "2.5"}
    with pytest.raises(ConfigurationError) as caught:
        defaults("backoff", environ)
    assert [problem.place for problem in caught.value.problems] == ["BACKOFF_BASE_DELAY", "BACKOFF_MAX_RETRIES"]


def test_the_process_environment_is_what_counts_by_default(monkeypatch):
    """Without a mapping `os.environ` is read, at each call."""
    monkeypatch.setenv("BACKOFF_MAX_RETRIES", "1")
    assert defaults("backoff")["max_retries"].value == 1
    monkeypatch.setenv("BACKOFF_MAX_RETRIES", "2")
    assert defaults("backoff")["max_retries"].value == 2
