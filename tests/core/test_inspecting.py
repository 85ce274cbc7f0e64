"""The stores, channels and functions of a pipeline, one by one."""

from __future__ import annotations

from ninelives import AdminNotifier, Pipeline, Plugins, builtin, hookimpl
from ninelives.checkable import Checkable
from ninelives.dead_letters.memory import MemoryStore
from ninelives.inspecting import backends_of, channels_of, functions_of
from ninelives.testing import RecordingChannel


class Pagers:
    """A plugin with a channel of its own."""

    @hookimpl
    def register_channels(self, register):
        register("page", lambda _address: RecordingChannel())


def test_each_is_there_with_its_part():
    """Every store and channel of a pipeline is there once, in the order of the chain, as what it is to its link."""
    shop = Pipeline(
        "shop",
        plugins=Plugins(builtin, Pagers()),
        dead_letter={"store": "memory:a", "fallback": "memory:b", "park": "memory:c"},
        notify={
            "channels": ["log:", {"to": "log:", "severity": "ERROR"}],
            "failover": [["page:one", "page:backup"], ["page:two", "page:backup"]],
            "timeout": 7.0,
        },
    )
    found = backends_of(shop)
    assert [(one.part, one.kind, one.name) for one in found] == [
        ("channel", "channel", "log:"),
        ("channel", "channel", "page:one"),
        ("channel", "channel", "page:backup"),
        ("channel", "channel", "page:two"),
        ("store", "store", "memory:a"),
        ("fallback", "store", "memory:b"),
        ("park", "store", "memory:c"),
    ]
    assert found[0].timeout == 7.0
    assert found[4].own is shop["dead_letter"].places[0].own


def test_what_has_none_has_none():
    """A pipeline whose links use no backend has none; a store without a fallback is alone."""
    assert backends_of(Pipeline("shop", chain=["backoff"])) == []
    shop = Pipeline("shop", dead_letter={"store": "memory:"}, notify=False)
    assert [one.part for one in backends_of(shop)] == ["store"]


def test_the_same_address_is_the_same_place():
    """Two that have one address have one key; secrets count, though they are not shown."""
    (first,), (second,) = channels_of(AdminNotifier()), channels_of(AdminNotifier(channels=["log:", "log:"]))
    assert first.key == second.key == ("channel", "log:")
    shop = Pipeline("shop", dead_letter={"store": "memory:x", "fallback": "memory:y"}, notify=False)
    one, other = backends_of(shop)
    assert one.key != other.key


def test_a_ready_object_is_its_own():
    """An object that the program made has no address: it is the same place as itself only."""
    store, channel = MemoryStore(), RecordingChannel()
    shop = Pipeline("shop", dead_letter={"store": store}, notify={"channels": [channel]})
    told, kept = backends_of(shop)
    assert (told.own, told.address, told.name) == (channel, None, "RecordingChannel")
    assert (kept.own, kept.address, kept.name) == (store, None, "MemoryStore")
    assert kept.key == backends_of(shop)[1].key != told.key


def test_the_log_without_a_plugin_can_be_checked(caplog):
    """What stands in for ``log:`` where no plugin provides it says so when it is checked, and writes nothing."""
    (log,) = channels_of(AdminNotifier(channels=["log:"], plugins=Plugins()))
    assert isinstance(log.own, Checkable)
    assert log.own.check(timeout=5) == "notifications go to the logger 'ninelives' of the standard library"
    assert caplog.records == []


def test_its_functions_go_by_their_operations():
    """What the program decorated or registered is there by its operation; what only failed is not."""
    shop = Pipeline("shop", dead_letter={"store": "memory:"}, notify=False, backoff=False)

    @shop
    def charge():
        return 1

    shop.register(len, "count")
    shop.try_run(lambda: 1 / 0)
    assert list(functions_of(shop)) == [f"{__name__}:{charge.__qualname__}", "count"]
    assert functions_of(shop)["count"] is len
