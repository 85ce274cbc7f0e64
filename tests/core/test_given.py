"""What parts are given ready."""

from __future__ import annotations

from random import Random

import pytest

from ninelives import (
    AdminNotifier,
    BackoffStrategy,
    CircuitBreaker,
    Circuits,
    ConfigurationError,
    DeadLetterQueue,
    Pipeline,
    Plugins,
    circuit_breaker,
    default_plugins,
    plugins,
    with_backoff,
)
from ninelives.checks import Checks
from ninelives.dead_letters.desk import Desk
from ninelives.given import plugins_of
from ninelives.settings import Settings

OWNERS = {
    "AdminNotifier": AdminNotifier,
    "DeadLetterQueue": lambda **given: DeadLetterQueue(store="memory:", **given),
    "Desk.at": lambda **given: Desk.at("memory:", **given),
    "Pipeline": lambda **given: Pipeline("shop", chain=["backoff"], **given),
}

PLUGINS = "a Plugins object, like Plugins(my_plugin), or None for those that are installed"
EXPECTED = {
    "settings": "a Settings object, as load_settings() makes them, or None for file and environment",
    "plugins": PLUGINS,
    "circuits": "a Circuits object, like Circuits(), or None for the process's own",
    "clock": "a ninelives.clock.Clock, or None for the system's",
    "random": "a Random object, like random.Random(), or None for the system's",
}


@pytest.mark.parametrize("owner", OWNERS)
@pytest.mark.parametrize("wrong", [3, 0, "", {}, [], Plugins, plugins])
def test_plugins_are_those_of_plugins(owner, wrong):
    """Anything else is refused when the part is built, also a plugin itself and what is empty."""
    with pytest.raises(ConfigurationError) as caught:
        OWNERS[owner](plugins=wrong)
    (problem,) = caught.value.problems
    assert (problem.place, problem.expected) == (f"{owner}(plugins=)", PLUGINS)


@pytest.mark.parametrize("owner", OWNERS)
def test_it_is_said_together_with_the_rest(owner):
    """All that is wrong with what a part is given ready is one error."""
    with pytest.raises(ConfigurationError) as caught:
        OWNERS[owner](plugins=3, clock=3, listeners=3)
    assert [problem.option for problem in caught.value.problems if problem.option == "plugins"] == ["plugins"]
    assert {problem.option for problem in caught.value.problems} == {"plugins", "clock", "listeners"}


def test_a_pipeline_says_of_each_what_it_expects():
    """In one error, in the order of its arguments."""
    wrong = dict.fromkeys(EXPECTED, "pin=1234")
    with pytest.raises(ConfigurationError) as caught:
        Pipeline("shop", **wrong)
    assert str(caught.value).split("\n") == [
        f"Pipeline({option}=) is 'pin=***': expected {expected}" for option, expected in EXPECTED.items()
    ]


@pytest.mark.parametrize(
    ("make", "option"),
    [
        (lambda: CircuitBreaker(0, name="api", circuits=3), "circuits"),
        (lambda: circuit_breaker(0, circuits=3), "circuits"),
        (lambda: BackoffStrategy(-1, random=3), "random"),
        (lambda: with_backoff(-1, random=3), "random"),
    ],
)
def test_parts_alone_refuse_it_too(make, option):
    """Together with their options, and not when a call has failed."""
    with pytest.raises(ConfigurationError) as caught:
        make()
    said = {problem.option: problem.expected for problem in caught.value.problems}
    assert said[option] == EXPECTED[option]
    assert len(said) == 2


def test_what_is_right_is_used():
    """And where nothing is given, what is installed."""
    own = Plugins()
    assert plugins_of(Checks("X"), own) is own
    assert plugins_of(Checks("X"), None) is default_plugins()
    Pipeline(
        "shop", settings=Settings({}), plugins=own, circuits=Circuits(), random=Random(1), chain=["backoff"]
    ).close()
