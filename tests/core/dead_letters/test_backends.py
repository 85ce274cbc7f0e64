"""Which stores a queue uses."""

from __future__ import annotations

import os
import tempfile
import warnings

import pytest

from ninelives.address import Address
from ninelives.dead_letters import backends
from ninelives.dead_letters.backends import Backends, backends_alone
from ninelives.dead_letters.memory import MemoryStore
from ninelives.dead_letters.queue import DeadLetterQueue
from ninelives.errors import ConfigurationError, ConfigurationWarning, PluginError
from ninelives.plugins import Plugins

URL = "https://sqs.us-east-1.amazonaws.com/123456789012/dlq"


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(backends, "_warned", set())
    monkeypatch.delenv("DLQ_QUEUE_URL", raising=False)
    monkeypatch.delenv("DLQ_LOCAL_FILE_PATH", raising=False)
    return tmp_path


def alone(queue_url=None, region=None, path=None, store=None, fallback=None):
    made = backends_alone(queue_url, region, path, store, fallback)
    return tuple(one.raw if isinstance(one, Address) else one for one in (made.store, made.fallback))


def test_what_is_given_counts(folder, monkeypatch):
    """Each argument that names a place names it; the second of two is the fallback; the environment is not asked."""
    monkeypatch.setenv("DLQ_QUEUE_URL", "https://other")
    monkeypatch.setenv("DLQ_LOCAL_FILE_PATH", "/other")
    file = f"file:{folder}/x.json"
    assert alone(path="x.json") == (file, None)
    assert alone(queue_url=URL) == (f"sqs:{URL}", None)
    assert alone(queue_url=URL, region="eu-west-1", path="x.json") == (f"sqs:{URL}?region=eu-west-1", file)
    assert alone(queue_url=f"sqs:{URL}") == (f"sqs:{URL}", None)
    assert alone(store="memory:", path="x.json") == ("memory:", file)
    assert alone(store="memory:", fallback="memory:b") == ("memory:", "memory:b")
    assert alone(path="x.json", fallback="memory:") == (file, "memory:")
    assert alone(queue_url="", path="x.json") == (file, None)


@pytest.mark.parametrize(
    "given",
    [
        {"store": "memory:", "queue_url": URL},
        {"queue_url": URL, "path": "x", "fallback": "memory:"},
        {"store": "memory:", "path": "x", "fallback": "memory:"},
    ],
)
def test_more_than_two_places_are_refused(given):
    """No place that was named is dropped in silence: what is too much is an error that names the arguments."""
    with pytest.raises(ConfigurationError, match="at most one of each"):
        alone(**given)


def test_the_environment_counts_where_nothing_is_given(monkeypatch):
    """The queue of the environment comes first, its file is the fallback; `region` and `fallback` go with it."""
    monkeypatch.setenv("DLQ_LOCAL_FILE_PATH", "./x.json")
    assert alone() == ("file:./x.json", None)
    assert alone(region="eu-west-1") == ("file:./x.json", None)
    monkeypatch.setenv("DLQ_QUEUE_URL", URL)
    assert alone() == (f"sqs:{URL}", "file:./x.json")
    assert alone(region="eu-west-1") == (f"sqs:{URL}?region=eu-west-1", "file:./x.json")
    assert alone(fallback="memory:") == (f"sqs:{URL}", "memory:")


def test_with_nothing_there_it_is_the_default_file(folder):
    """Without any word it is `./local_dlq.json`, made absolute, and one warning at the caller's line says so."""
    with pytest.warns(ConfigurationWarning, match=f"letters go to {folder}/local_dlq.json; name one with") as caught:
        assert alone() == (f"file:{folder}/local_dlq.json", None)
    assert caught[0].filename == __file__
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert alone(fallback="memory:") == (f"file:{folder}/local_dlq.json", "memory:")


def test_where_the_directory_can_not_be_written(monkeypatch, folder):
    """Where the working directory can't be written it is the temporary one, and one warning says what that means."""
    monkeypatch.setattr(backends.os, "access", lambda path, mode: False)
    expected = os.path.join(tempfile.gettempdir(), "local_dlq.json")
    with pytest.warns(ConfigurationWarning, match="may not outlast") as caught:
        assert alone() == (f"file:{expected}", None)
    assert len(caught) == 1
    assert Backends.of_link(None, None).store == Address("file", expected)


def test_where_the_directory_is_gone(folder, monkeypatch):
    """A working directory that was deleted is like one that can't be written."""
    gone = folder / "gone"
    gone.mkdir()
    monkeypatch.chdir(gone)
    gone.rmdir()
    with pytest.warns(ConfigurationWarning, match="may not outlast"):
        assert alone() == (f"file:{tempfile.gettempdir()}/local_dlq.json", None)


def test_a_link_without_a_store_has_the_default_file(folder):
    """A pipeline's link without a store has the default file, without a warning: a pipeline works with its defaults."""
    assert Backends.of_link(None, "memory:").store == Address("file", f"{folder}/local_dlq.json")
    assert Backends.of_link("memory:", None) == Backends("memory:")


def test_nothing_is_made_before_the_first_letter(folder):
    """Making a queue does no I/O."""
    DeadLetterQueue(local_file_path="x.json")
    assert os.listdir(folder) == []


def test_a_scheme_that_is_not_installed_says_what_to_install():
    """Where nothing installed has the scheme the error says which distribution has it."""
    with pytest.raises(PluginError, match="ninelives-sqs"):
        DeadLetterQueue(queue_url=URL, plugins=Plugins())


@pytest.mark.parametrize("store", [5, object(), b"file:x", MemoryStore])
def test_what_is_no_store_is_refused(store):
    """Something that is neither an address nor a store is refused when the queue is made."""
    with pytest.raises(ConfigurationError, match="an address, or a store"):
        DeadLetterQueue(store=store, plugins=Plugins())


@pytest.mark.parametrize(
    ("arguments", "places"),
    [
        ({"store": "no:a", "fallback": "no:b", "park": "no:c"}, ["store", "fallback", "park"]),
        ({"queue_url": URL, "local_file_path": "x", "park": "no:c"}, ["queue_url", "local_file_path", "park"]),
        ({"local_file_path": "x", "fallback": "y"}, ["local_file_path", "fallback"]),
        ({"store": 5, "park": "z"}, ["store", "park"]),
    ],
)
def test_the_wrong_argument_is_named(arguments, places):
    """Each wrong address is named by the argument that gave it."""
    with pytest.raises(ConfigurationError) as caught:
        DeadLetterQueue(**arguments, plugins=Plugins())
    assert [str(what).partition(": ")[0] for what in caught.value.args] == [
        f"DeadLetterQueue({name}=)" for name in places
    ]


def test_a_wrong_address_from_the_environment_is_named_by_its_variable(monkeypatch):
    """Of what the environment gives the variable is named, beside the arguments that are wrong."""
    monkeypatch.setenv("DLQ_QUEUE_URL", URL)
    monkeypatch.setenv("DLQ_LOCAL_FILE_PATH", "x")
    with pytest.raises(ConfigurationError) as caught:
        DeadLetterQueue(park="no:c", plugins=Plugins())
    assert [str(what).partition(": ")[0] for what in caught.value.args] == [
        "DLQ_QUEUE_URL",
        "DLQ_LOCAL_FILE_PATH",
        "DeadLetterQueue(park=)",
    ]
    with pytest.raises(ConfigurationError, match=r"DeadLetterQueue\(fallback=\): address is 'y'"):
        DeadLetterQueue(fallback="y", plugins=Plugins())


def test_a_sentence_about_an_address_names_the_argument_too():
    """Where what is wrong is said in one sentence the argument stands before it."""

    def refuse(address):
        raise ConfigurationError("it is wrong")

    given = backends_alone(None, None, None, "memory:", None, None)
    with pytest.raises(ConfigurationError, match=r"^DeadLetterQueue\(store=\): it is wrong$"):
        given.open(refuse)


class Named(MemoryStore):
    def __init__(self, name):
        super().__init__()
        self.name = name


@pytest.mark.parametrize(("name", "shown"), [("mine", "mine"), ("", "Named"), (5, "Named"), (None, "Named")])
def test_a_store_may_have_a_name(name, shown):
    """A store goes by its own name where it has one, else by its class."""
    assert DeadLetterQueue(store=Named(name), plugins=Plugins()).places[0].name == shown


def test_a_name_shows_no_secrets():
    """A store that was made of an address goes by it, masked."""
    plugins = Plugins()
    made = Backends("memory:a?password=hunter2").open(lambda address: MemoryStore())
    assert made.store.name == "memory:a?password=***"
    assert Backends(Address("memory", "b")).open(plugins.open_store).store.name == "memory:b"
