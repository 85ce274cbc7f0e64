"""Building a chain: order, aliases, options, and what is refused before anything runs."""

from __future__ import annotations

from functools import partial
from itertools import permutations

import pytest

from ninelives import (
    DEFAULT_CHAIN,
    AdminNotifier,
    BackoffStrategy,
    CircuitBreaker,
    ConfigurationError,
    ConfigurationWarning,
    DeadLetterQueue,
    Pipeline,
    Plugins,
    hookimpl,
)
from ninelives.dead_letters.desk import Desk
from ninelives.middleware import Around
from ninelives.settings import Settings, find_settings
from ninelives.testing import FakeClock, RecordingChannel


class Named(Around):
    """Writes down when it is passed."""

    def __init__(self, name, log):
        self.name, self.log = name, log

    def before(self, call):
        self.log.append(f"> {self.name}")

    def succeeded(self, call, value):
        self.log.append(f"< {self.name} {value}")

    def failed(self, call, error):
        self.log.append(f"< {self.name} {error}")


def _four(log):
    class Plugin:
        @hookimpl
        def register_middleware(self, register):
            for name in "abcd":
                register(name, lambda name=name: Named(name, log))

    return Plugins(Plugin())


@pytest.mark.parametrize("order", list(permutations("abcd")), ids="".join)
def test_the_order_of_the_list_is_the_order_of_the_calls(shop, order):
    """Links are passed in the order of the list on the way in, and back on the way out; whatever registered first."""
    log = []
    pipeline = shop.pipeline(chain=list(order), plugins=_four(log))
    pipeline.run(lambda: log.append("run") or 1)
    into = [f"> {name}" for name in order]
    assert log == [*into, "run", *(f"< {name} 1" for name in reversed(order))]


async def test_async_calls_go_the_same_way(shop):
    """Asynchronous calls pass the links in the same order, also when they fail."""
    log = []
    pipeline = shop.pipeline(chain=list("ba"), plugins=_four(log))

    async def fail():
        raise ValueError("x")

    with pytest.raises(ValueError, match="x"):
        await pipeline.arun(fail)
    assert log == ["> b", "> a", "< a x", "< b x"]


_LEGAL = [
    order
    for order in permutations(DEFAULT_CHAIN)
    if order.index("backoff") > max(order.index("notify"), order.index("dead_letter"))
]


@pytest.mark.parametrize("order", _LEGAL, ids="-".join)
def test_every_legal_order_of_the_default_links_works(shop, order):
    """Each legal order runs, fails with the function's error or the fallback, and keeps one letter."""
    pipeline = shop.pipeline(
        chain=list(order),
        dead_letter={"store": "memory:"},
        notify={"channels": [RecordingChannel()]},
        fallback="f",
        backoff={"max_retries": 1},
    )
    assert pipeline.run(str, 5) == "5"

    def fail():
        raise ConnectionError

    assert pipeline.run(fail) == "f"
    # What stands outside of the fallback sees a success.
    expected = 1 if order.index("fallback") < order.index("dead_letter") else 0
    assert len(shop.letters(pipeline)) == expected


_ILLEGAL = [order for order in permutations(DEFAULT_CHAIN) if order not in _LEGAL]


@pytest.mark.parametrize("order", _ILLEGAL[::7], ids="-".join)
def test_once_per_call_links_inside_backoff_are_refused(shop, order):
    """`notify` and `dead_letter` inside `backoff` would act on every attempt: refused, with the reason."""
    with pytest.raises(ConfigurationError, match="inside, it would act on every attempt"):
        shop.pipeline(chain=list(order), dead_letter={"store": "memory:"})


@pytest.mark.parametrize("part", [lambda: DeadLetterQueue(store="memory:"), AdminNotifier], ids=["queue", "notifier"])
def test_ready_objects_are_placed_by_the_same_rule(shop, part):
    """What a link is decides, not what it is called."""
    with pytest.raises(ConfigurationError, match="outside of 'again'"):
        shop.pipeline(chain=["again:backoff", part()], again=BackoffStrategy())


def test_a_fallback_that_is_not_set_is_left_out(shop):
    """A link that has nothing to do is not in the built chain."""
    assert [link["link"] for link in shop.pipeline().describe()["chain"]] == ["dead_letter", "breaker", "backoff"]


def test_false_leaves_a_link_out(shop):
    """An option that is False leaves the link out."""
    pipeline = shop.pipeline(breaker=False, backoff=False, dead_letter=False)
    assert pipeline.describe()["chain"] == []
    assert pipeline.run(str, 5) == "5"


def test_two_of_a_kind_go_by_their_aliases(shop):
    """`alias:link` puts a link twice into a chain; options and `pipeline[...]` go by the alias."""
    pipeline = shop.pipeline(
        chain=["outer:breaker", "inner:breaker"], outer={"failure_threshold": 2}, inner={"failure_threshold": 3}
    )
    assert pipeline["outer"].describe()["failure_threshold"] == 2
    assert pipeline["inner"].describe()["failure_threshold"] == 3
    for _ in range(2):
        pipeline.try_run(_fail)
    assert (pipeline["outer"].state.name, pipeline["inner"].state.name) == ("OPEN", "CLOSED")


def _fail():
    raise ConnectionError


def test_ready_objects_stand_in_for_their_options(shop):
    """A part that stands alone is a link as it is."""
    strategy = BackoffStrategy(base_delay=0, max_retries=1)
    pipeline = shop.pipeline(backoff=strategy, breaker=CircuitBreaker(failure_threshold=9))
    outcome = pipeline.try_run(_fail)
    assert outcome.attempts == 2
    assert pipeline["backoff"] is strategy


def test_objects_in_the_chain_go_by_their_class(shop):
    """An object in the list goes by its class's name in lower case."""
    log = []
    link = Named("x", log)
    pipeline = shop.pipeline(chain=[link])
    assert pipeline["named"] is link


class SyncOnly:
    """A link that forgot asynchronous calls."""

    def wrap(self, call_next, context):
        return call_next


async def test_a_link_without_wrap_async_is_named(shop):
    """A chain with a synchronous link takes synchronous calls; an asynchronous one is told which link lacks it."""
    pipeline = shop.pipeline(chain=[SyncOnly(), "backoff"])
    assert pipeline.run(str, 1) == "1"
    with pytest.raises(ConfigurationError, match="no wrap_async in: synconly"):
        await pipeline.arun(str, 1)


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"brekaer": {}}, r"brekaer=\): expected one of its links: fallback, notify, dead_letter, breaker, backoff"),
        ({"breaker": {"treshold": 3}}, "failure_threshold"),
        ({"breaker": {"failure_threshold": 0}}, "is 0: expected a whole number of at least 1"),
        ({"breaker": {"failure_threshold": "many"}}, "failure_threshold"),
        ({"breaker": 5}, "is 5: expected a mapping of its options, a ready object, or False"),
        ({"breaker": None}, "is None: expected a mapping"),
        ({"backoff": {"base_delay": -1}}, "is -1"),
        ({"backoff": {"base_delay": 9, "max_delay": 3}}, "max_delay"),
        ({"dead_letter": {"store": "fiel:./x"}}, "fiel"),
        ({"dead_letter": {"store": "nothing"}}, "scheme:target"),
        ({"dead_letter": {"max_replays": 0}}, "max_replays"),
        ({"fallback": {"value": 1, "call": len}}, "either value or call"),
        ({"fallback": {"call": 5}}, "a function that is given the error"),
        ({"chain": ["no_such_link"]}, "no_such_link"),
        ({"chain": ["backoff", "backoff"]}, "each alias once"),
        ({"chain": [5]}, "the name of a link, alias:link, or an object with wrap"),
        ({"chain": [SyncOnly]}, "an object with wrap"),
    ],
)
def test_wrong_configuration_is_refused_when_built(shop, options, said):
    """What is wrong is refused before anything runs, naming the place, the value and what is known."""
    with pytest.raises(ConfigurationError, match=said):
        shop.pipeline(**options)


def test_all_problems_are_said_at_once(shop):
    """One error names every problem of every link."""
    with pytest.raises(ConfigurationError) as caught:
        shop.pipeline(
            breaker={"failure_threshold": 0, "recovery_timeout": -1},
            backoff={"base_delay": -1},
            dead_letter={"max_replays": 0},
            nothing={},
        )
    assert {problem.option for problem in caught.value.problems} == {
        "failure_threshold",
        "recovery_timeout",
        "base_delay",
        "max_replays",
        "nothing",
    }


def test_problems_of_addresses_are_said_at_once(shop):
    """So are those that are found when stores and channels are opened."""
    with pytest.raises(ConfigurationError) as caught:
        shop.pipeline(dead_letter={"store": "fiel:x"}, notify={"channels": ["lgo:"]})
    assert "fiel" in str(caught.value)
    assert "lgo" in str(caught.value)


async def _told_later(_event):
    raise AssertionError("never awaited")


def _tells(_event):
    yield


_OBSERVED = pytest.mark.parametrize(
    "make",
    [
        partial(Pipeline, "shop", dead_letter=False),
        CircuitBreaker,
        BackoffStrategy,
        partial(AdminNotifier, channels=["log:"]),
        partial(DeadLetterQueue, store="memory:"),
        partial(Desk.at, "memory:"),
    ],
    ids=["pipeline", "breaker", "backoff", "notifier", "queue", "desk"],
)


@_OBSERVED
@pytest.mark.parametrize("listeners", [5, print, [3], [None], [_told_later], [_tells], "listener"], ids=repr)
def test_what_can_not_be_told_events_is_refused(listeners, make):
    """Listeners are a list of plain functions: of a coroutine function nothing would run."""
    with pytest.raises(
        ConfigurationError,
        match=r"listeners=\) is .*expected a list of functions that take an event, none of them a coroutine",
    ):
        make(listeners=listeners)


@_OBSERVED
@pytest.mark.parametrize("clock", [0, 3, "UTC", FakeClock], ids=repr)
def test_what_does_not_tell_the_time_is_refused(clock, make):
    """A clock is something with a clock's methods; also the class of one is none."""
    with pytest.raises(ConfigurationError, match=r"\(clock=\) is .*: expected a ninelives.clock.Clock, or None"):
        make(clock=clock)


@_OBSERVED
def test_wrong_listeners_and_a_wrong_clock_are_told_at_once(make):
    """Who is told, and what tells the time, are looked at together."""
    with pytest.raises(ConfigurationError) as caught:
        make(clock=3, listeners=[3])
    assert sorted(problem.option for problem in caught.value.problems) == ["clock", "listeners"]


@pytest.mark.parametrize("predicate", [_told_later, _tells])
@pytest.mark.parametrize("option", ["retry_exceptions", "record", "ignore"])
def test_a_predicate_that_must_be_awaited_is_refused(shop, option, predicate):
    """A coroutine or generator function as a predicate would always say yes: it is refused when it is given."""
    link = "backoff" if option == "retry_exceptions" else "breaker"
    with pytest.raises(ConfigurationError, match="a plain function of the error"):
        shop.pipeline(**{link: {option: predicate}})


class _Picky(Around):
    def __init__(self, problem):
        self.problem = problem

    def wrap(self, call_next, context):
        raise ConfigurationError(self.problem)


class _PickyToo(_Picky):
    """Another of a kind."""


def test_what_links_find_wrong_when_they_are_put_in_place_is_said_at_once(shop):
    """What several links refuse while the chain is folded is one error, a line for each."""
    with pytest.raises(ConfigurationError) as caught:
        shop.pipeline(chain=[_Picky("no left shoe"), _PickyToo("no right shoe")])
    assert set(str(caught.value).splitlines()) == {"no left shoe", "no right shoe"}


@pytest.mark.parametrize("arguments", [{"chain": 5}, {"chain": None}, {"clock": 5}], ids=repr)
def test_arguments_of_another_type_are_refused(arguments):
    """A chain that is no list, and a clock that is none, are refused with what is expected."""
    (name,) = arguments
    with pytest.raises(ConfigurationError, match=f"{name}.* is (5|None): expected a"):
        Pipeline("shop", dead_letter=False, **arguments)


def test_everything_is_said_at_once_wherever_it_stands(shop, tmp_path):
    """Variables, the file's shape, options, ranges and addresses: one error has them all, each with its place."""
    (tmp_path / "ninelives.toml").write_text(
        """
        [pipelines.x]
        breaker = 3
        backoff = { max_retry = 1 }
        [defaults]
        dead_letter = { store = "nowhere:abc" }
        notify = { channels = ["lgo:"] }
        """
    )
    environ = {"BACKOFF_MAX_RETRIES": "lots", "CIRCUIT_BREAKER_FAILURE_THRESHOLD": "0"}
    with pytest.raises(ConfigurationError) as caught:
        shop.pipeline("x", settings=find_settings(environ=environ), notify={}, dead_letter={}, fallback={"valeu": 1})
    said = str(caught.value).splitlines()
    begins = [
        "ninelives.toml: pipelines.x.breaker is 3: expected a table",
        "BACKOFF_MAX_RETRIES is 'lots': expected a whole number",
        "Pipeline('x', fallback={'valeu': ...}): expected an option of fallback (there are: value, call)",
        "CIRCUIT_BREAKER_FAILURE_THRESHOLD is 0: expected a whole number of at least 1",
        "ninelives.toml: pipelines.x.backoff.max_retry: expected an option of backoff",
        "ninelives.toml: defaults.notify.channels: channels[0]: channel lgo:: expected an installed channel",
        "ninelives.toml: defaults.dead_letter.store: store nowhere:abc: expected an installed store",
    ]
    assert [begin for begin in begins if not any(line.startswith(begin) for line in said)] == [], said
    assert len(said) == len(begins)


@pytest.mark.parametrize("name", ["notfy", "dead_leter", "Backoff"])
def test_defaults_of_a_link_that_is_mistyped_are_warned_of(shop, name):
    """They would go for nothing, without a word."""
    settings = Settings({"defaults": {name: {}}}, environ={})
    with pytest.warns(
        ConfigurationWarning, match=rf"^settings: defaults\.{name} is for a link that .*; did you mean '"
    ):
        shop.pipeline("x", settings=settings)


@pytest.mark.parametrize(
    "name",
    ["notify", "timeout", "rate", "x_notify", "notify2"],
)
def test_defaults_of_a_link_that_others_may_have_are_not(shop, name):
    """Of a known link that this chain lacks, of an alias of this chain or of another of the file, of another name."""
    table = {"defaults": {name: {}}, "pipelines": {"y": {"chain": ["notify2:notify"]}}}
    shop.pipeline("x", settings=Settings(table, environ={}), chain=["x_notify:notify"], x_notify={"channels": ["log:"]})


def test_what_is_wrong_in_an_address_is_named(shop):
    """Where an option of an address is wrong, the error names the address and the option, and where they stand."""
    with pytest.raises(ConfigurationError) as caught:
        shop.pipeline("x", dead_letter={"store": "file:x?fsync=maybe"})
    place = "Pipeline('x', dead_letter={'store': ...}): file:x?fsync=maybe"
    assert str(caught.value) == f"{place}: option 'fsync' is 'maybe': expected on or off"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("pipelines = 3", "ninelives.toml: pipelines is 3: expected a table of pipelines"),
        ("pipelines.x = 3", "ninelives.toml: pipelines.x is 3: expected a table"),
        ("[pipelines.x]\nchain = 5", "ninelives.toml: pipelines.x.chain is 5: expected a list of links"),
        ("[pipelines", "ninelives.toml: expected TOML"),
    ],
)
def test_a_file_that_is_no_use_does_not_hide_the_rest(shop, tmp_path, text, said):
    """What is wrong with the file comes together with what is wrong with the program's own options."""
    (tmp_path / "ninelives.toml").write_text(text)
    with pytest.raises(ConfigurationError) as caught:
        shop.pipeline("x", settings=find_settings(environ={}), backoff={"max_retries": -1})
    assert said in str(caught.value)
    assert "max_retries" in str(caught.value)
