"""Plugins: found, isolated from each other, and refused with an error that says what to do."""

from __future__ import annotations

import subprocess
import sys
import textwrap
import warnings
from collections.abc import Callable
from typing import Any

import msgspec
import pytest

from ninelives.address import Address
from ninelives.dead_letters.store import DeadLetterStore
from ninelives.environment import Setting
from ninelives.errors import ConfigurationError, ConfigurationWarning, PluginError, Problem
from ninelives.hookspecs import hookimpl
from ninelives.middleware.link import Around
from ninelives.plugins import MiddlewareEntry, PluginInfo, Plugins, default_plugins

BUILT_IN = ("backoff", "breaker", "dead_letter", "fallback", "notify")
# What is installed beside the core when these tests run must not matter.
OTHERS = "ninelives-file,ninelives-log,ninelives-cli,ninelives-sqlite,ninelives-sqs,ninelives-sns,ninelives-email"


class Store:
    def __init__(self, address):
        self.address = address

    def put(self, letter): ...
    def receive(self, max_letters, *, lease): ...
    def ack(self, lease): ...
    def release(self, lease, letter=None): ...
    def close(self): ...


class Channel:
    def __init__(self, address):
        self.address = address

    def send(self, notification, *, timeout): ...
    def close(self): ...


class Link(Around):
    def __init__(self, **options: Any) -> None:
        self.options = options


def plugin(kind: str, *entries: tuple[Any, ...], **options: Any) -> Any:
    """An object with one hook, which registers these."""

    def implementation(self, register):
        for entry in entries:
            register(*entry, **options)

    return type(f"Plugin_{kind}", (), {f"register_{kind}": hookimpl(implementation)})()


def settings(**options: Any) -> dict[str, Setting]:
    return {option: Setting(value, f"x.toml: link.{option}") for option, value in options.items()}


# Made by hand ---------------------------------------------------------------------------------------------------------


def test_the_built_in_links_are_always_there():
    """Without any plugin there are the five links of the default chain and letters in memory."""
    plugins = Plugins()
    assert plugins.links == BUILT_IN
    assert plugins.middleware("breaker").distribution == "ninelives-core"
    assert isinstance(plugins.open_store("memory:"), DeadLetterStore)
    assert (plugins.listeners, plugins.commands) == ((), ())


def test_a_plugin_adds_what_its_hooks_register():
    """Links, stores, channels, listeners and commands of a plugin are had by name, beside the built-in ones."""

    class Command:
        name = "tidy"

    command = Command()
    plugins = Plugins(
        plugin("middleware", ("timing", Link)),
        plugin("stores", ("redis", Store)),
        plugin("channels", ("chat+tls", Channel)),
        plugin("listeners", ("counter", print)),
        plugin("commands", (command,)),
    )
    assert plugins.links == (*BUILT_IN, "timing")
    entry = plugins.middleware("timing")
    assert isinstance(entry, MiddlewareEntry)
    assert (entry.name, entry.factory, entry.options, entry.distribution) == ("timing", Link, None, "Plugin_middleware")
    store, channel = plugins.open_store("redis:x?a=b"), plugins.open_channel(Address("chat+tls", "room"))
    assert isinstance(store, Store)
    assert store.address == Address("redis", "x", {"a": "b"})
    assert isinstance(channel, Channel)
    assert channel.address == Address("chat+tls", "room")
    assert plugins.listeners == (print,)
    assert plugins.commands == (command,)


def test_a_hook_is_called_when_its_kind_is_asked_for_and_once():
    """Nobody pays for a command line, or for any kind, that is not asked for."""
    called = []

    class Plugin:
        @hookimpl
        def register_stores(self, register):
            called.append("stores")

        @hookimpl
        def register_listeners(self, register):
            called.append("listeners")

        @hookimpl
        def register_commands(self, register):
            called.append("commands")

    plugins = Plugins(Plugin())
    assert called == []
    assert plugins.listeners == plugins.listeners == ()
    assert called == ["listeners"]
    plugins.installed()
    plugins.installed()
    assert called == ["listeners", "stores", "commands"]


def test_the_same_object_twice_is_one_plugin():
    """A module that two entry points name is no clash with itself."""
    one = plugin("stores", ("redis", Store))
    assert isinstance(Plugins(one, one).open_store("redis:"), Store)


# Unknown names --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("ask", "said"),
    [
        (
            lambda p: p.middleware("brekaer"),
            f"middleware 'brekaer': expected an installed middleware (there are: {', '.join(BUILT_IN)})",
        ),
        (lambda p: p.build_link("timeout", {}, "Pipeline('x')"), "Pipeline('x'): expected an installed middleware"),
        (
            lambda p: p.open_store("redis:x?password=y"),
            "store redis:x?password=***: expected an installed store (there are: memory)",
        ),
        (
            lambda p: p.open_store("sqs:u"),
            "store sqs:u: expected an installed store (there are: memory); pip install ninelives-sqs adds it",
        ),
        (lambda p: p.open_store("file:x"), "pip install ninelives-file adds it"),
        (lambda p: p.open_store("sqlite:x"), "pip install ninelives-sqlite adds it"),
        (lambda p: p.open_store("log:"), "; 'log' is a channel"),
        (
            lambda p: p.open_channel("log:"),
            "channel log:: expected an installed channel (there are: none); pip install ninelives-log adds it",
        ),
        (lambda p: p.open_channel("sns:x"), "pip install ninelives-sns adds it"),
        (lambda p: p.open_channel("sms:+1"), "pip install ninelives-sms adds it"),
        (lambda p: p.open_channel("smtp://h"), "pip install ninelives-email adds it"),
        (lambda p: p.open_channel("smtps://h"), "pip install ninelives-email adds it"),
        (lambda p: p.open_channel("file:x"), "; 'file' is a store"),
    ],
)
def test_an_unknown_name_says_what_there_is_and_what_to_install(ask, said):
    """Law 60: the first error that everyone meets has the next step in it."""
    with pytest.raises(PluginError) as caught:
        ask(Plugins())
    assert said in str(caught.value)
    assert isinstance(caught.value.args[0], Problem)


def test_a_wrong_address_is_a_configuration_error():
    """What is no address at all is refused before anything is looked up."""
    with pytest.raises(ConfigurationError, match="expected scheme:target") as caught:
        Plugins().open_store("./dlq.json")
    assert not isinstance(caught.value, PluginError)


# Clashes --------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("kind", "entries", "use"),
    [
        ("middleware", ("timing", Link), lambda p: p.middleware("timing")),
        ("middleware", ("breaker", Link), lambda p: p.build_link("breaker", {}, "x")),
        ("stores", ("redis", Store), lambda p: p.open_store("redis:")),
        ("channels", ("chat", Channel), lambda p: p.open_channel("chat:")),
    ],
)
def test_two_of_one_name_are_refused_when_used(kind, entries, use):
    """One warning names both; who uses the name gets an error that does, and nobody else is stopped."""
    plugins = Plugins(plugin(kind, entries), type("Other", (type(plugin(kind, entries)),), {})())
    with pytest.warns(ConfigurationWarning) as warned, pytest.raises(PluginError) as caught:
        use(plugins)
    assert plugins.open_store("memory:")
    assert "notify" in plugins.links
    assert f"{entries[0]!r} is registered by " in str(caught.value)
    assert "Other" in str(caught.value)
    assert "NINELIVES_DISABLE_PLUGINS" in str(caught.value)
    assert str(warned[0].message).partition(" by ")[0] == str(caught.value).partition(" by ")[0]
    infos = [info for info in plugins.installed() if info.name == entries[0]]
    assert len(infos) >= 2
    assert all(info.error == str(caught.value) for info in infos)
    assert entries[0] not in plugins.links


def test_two_listeners_of_one_name_warn_and_the_first_is_told():
    """Listeners and commands are not chosen by name: a clash must not silence both."""
    plugins = Plugins(
        plugin("listeners", ("log", print)), type("Other", (type(plugin("listeners", ("log", repr))),), {})()
    )
    with pytest.warns(ConfigurationWarning, match="the listener 'log' is registered by Plugin_listeners and by Other"):
        assert plugins.listeners == (print,)


# Broken plugins -------------------------------------------------------------------------------------------------------


class Unknown:
    @hookimpl
    def register_store(self, register):
        """Wants to be register_stores."""

    @hookimpl
    def register_channels(self, register):
        register("chat", Channel)


class Raising:
    @hookimpl
    def register_stores(self, register):
        register("redis", Store)
        raise RuntimeError("no smtp://u:hunter2@h")

    @hookimpl
    def register_channels(self, register):
        raise SystemExit("at once")


class WrongSignature:
    @hookimpl
    def register_stores(self, register, address):
        """Takes what no hook is given."""


def test_an_unknown_hook_is_named_and_the_others_of_the_plugin_work():
    """A hook that there is not is warned of, and listed where something is missing."""
    with pytest.warns(
        ConfigurationWarning, match="plugin 'Unknown' has an unknown hook: PluginValidationError: .*register_store"
    ):
        plugins = Plugins(Unknown())
    assert isinstance(plugins.open_channel("chat:"), Channel)
    with pytest.raises(PluginError, match="; plugin 'Unknown' has an unknown hook: "):
        plugins.open_store("redis:")


def test_a_hook_that_raises_stops_no_other():
    """Law 62: one warning for the plugin; what it registered before stays, as does what others registered."""
    plugins = Plugins(Raising(), plugin("stores", ("other", Store)), plugin("channels", ("chat", Channel)))
    with pytest.warns(ConfigurationWarning) as warned:
        made = [plugins.open_store("other:"), plugins.open_store("redis:"), plugins.open_channel("chat:")]
    assert [type(each) for each in made] == [Store, Store, Channel]
    with pytest.raises(PluginError) as caught:
        plugins.open_store("absent:")
    text = "register_stores failed: RuntimeError: no smtp://u:***@h"
    assert [str(each.message) for each in warned] == [
        f"plugin 'Raising' {text}; NINELIVES_DISABLE_PLUGINS=Raising switches it off"
    ]
    assert str(caught.value).endswith(f"; plugin 'Raising' {text}")


def test_a_hook_of_the_wrong_signature_breaks_its_plugin_only():
    """pluggy refuses the plugin; the others are there."""
    with pytest.warns(ConfigurationWarning, match="'WrongSignature' does not load: PluginValidationError"):
        plugins = Plugins(WrongSignature(), plugin("stores", ("redis", Store)))
    assert isinstance(plugins.open_store("redis:"), Store)


@pytest.mark.parametrize(
    ("kind", "entry", "options", "said"),
    [
        (
            "middleware",
            ("no-name", Link),
            {},
            "ValueError: register('no-name'): expected a link's name that is a Python identifier",
        ),
        ("middleware", (5, Link), {}, "ValueError: register(5)"),
        ("middleware", ("timing", 5), {}, "TypeError: register('timing', 5): expected a callable"),
        ("middleware", ("timing", Link), {"options": dict}, "expected a msgspec struct type"),
        ("middleware", ("timing", Link), {"options": {}}, "expected a msgspec struct type"),
        ("stores", ("Redis", Store), {}, "ValueError: register('Redis'): expected a scheme"),
        ("stores", (None, Store), {}, "ValueError: register(None): expected a scheme"),
        ("channels", ("chat", None), {}, "TypeError: register('chat', None): expected a callable"),
        ("listeners", ("counter", 5), {}, "TypeError: register('counter', 5): expected a callable"),
        ("commands", (5,), {}, "TypeError: register(5): expected a click command"),
    ],
)
def test_what_can_not_be_registered_breaks_its_plugin(kind, entry, options, said):
    """A wrong name or factory is the plugin's fault, found when it registers, not when someone uses it."""
    plugins = Plugins(plugin(kind, entry, **options))
    with pytest.warns(ConfigurationWarning):
        infos = plugins.installed()
    (error,) = [info.error for info in infos if info.kind == "plugin" and info.error]
    assert said in error


# Making links, stores and channels ------------------------------------------------------------------------------------


class TimingOptions(msgspec.Struct):
    limit: float
    names: tuple[str, ...] = ()
    call: Any = None
    password: int = 0
    on_done: Callable[..., Any] | None = None


def test_options_are_converted_and_passed_to_the_factory():
    """Each value comes as its type says, only those that were given, and what code gave is the same object."""
    plugins = Plugins(plugin("middleware", ("timing", Link), options=TimingOptions))
    call, given = lambda: None, [ValueError, print]
    link = plugins.build_link("timing", settings(limit=5, names=["a", "b"], call=given, on_done=call), "x")
    assert isinstance(link, Link)
    assert link.options == {"limit": 5.0, "names": ("a", "b"), "call": [ValueError, print], "on_done": call}
    assert link.options["call"] is given
    assert type(link.options["limit"]) is float


TIMING = ("limit", "names", "call", "password", "on_done")


def test_all_wrong_options_are_said_at_once():
    """Law 60: unknown, of a wrong type, and missing: each by where it stands, masked where it looks secret."""
    plugins = Plugins(plugin("middleware", ("timing", Link), options=TimingOptions))
    given = settings(nmaes=1, names=["a", 5], password=["hunter2"])
    with pytest.raises(ConfigurationError) as caught:
        plugins.build_link("timing", given, "Pipeline('x')")
    assert not isinstance(caught.value, PluginError)
    assert str(caught.value).splitlines() == [
        f"x.toml: link.nmaes: expected an option of timing (there are: {', '.join(TIMING)}); did you mean 'names'?",
        "x.toml: link.names is ['a', 5]: expected `str`, got `int` - at `$[1]`",
        "x.toml: link.password is '***': expected a whole number",
        "Pipeline('x'): expected the option 'limit' of timing",
    ]
    assert [problem.option for problem in caught.value.problems] == ["nmaes", "names", "password", "limit"]


@pytest.mark.parametrize(
    ("error", "more"),
    [
        (
            ConfigurationError(Problem("Timing(limit=)", "0", "more", "limit")),
            ["x.toml: link.limit is 0: expected more"],
        ),
        (ConfigurationError(Problem("Timing(call=)", "", "a call", "call"), "a sentence"), []),
        (RuntimeError("not without names"), []),
        (None, []),
    ],
)
def test_what_the_link_refuses_is_said_with_what_is_of_a_wrong_type(error, more):
    """Law 60: an option out of range is named beside one of a wrong type, but not what the link may only lack."""

    def timing(**options):
        assert options == {"limit": 0.0}
        if error:
            raise error
        return Link()

    plugins = Plugins(plugin("middleware", ("timing", timing), options=TimingOptions))
    with pytest.raises(ConfigurationError) as caught:
        plugins.build_link("timing", settings(limit=0, names=5), "x")
    assert str(caught.value).splitlines() == ["x.toml: link.names is 5: expected a list", *more]


def test_without_a_struct_the_signature_says_which_options_there_are():
    """Unknown and missing keywords are refused, whatever the factory would say itself."""

    def factory(limit, /, size, *, colour="red"):
        raise AssertionError

    def timing(size, *, colour="red"):
        return Link(size=size, colour=colour)

    plugins = Plugins(plugin("middleware", ("timing", timing)))
    link = plugins.build_link("timing", settings(size="any"), "x")
    assert isinstance(link, Link)
    assert link.options == {"size": "any", "colour": "red"}
    with pytest.raises(ConfigurationError) as caught:
        plugins.build_link("timing", settings(color="blue"), "Pipeline('x')")
    assert str(caught.value).splitlines() == [
        "x.toml: link.color: expected an option of timing (there are: size, colour); did you mean 'colour'?",
        "Pipeline('x'): expected the option 'size' of timing",
    ]
    with pytest.raises(ConfigurationError, match=r"option of odd \(there are: size, colour\)"):
        Plugins(plugin("middleware", ("odd", factory))).build_link("odd", settings(limit=1, size=1), "x")
    with pytest.raises(ConfigurationError, match=r"option of bare \(there are: none\)"):
        Plugins(plugin("middleware", ("bare", Around))).build_link("bare", settings(limit=1), "x")


def test_a_factory_that_tells_nothing_is_given_everything():
    """One that takes any keyword, or has no signature, checks for itself."""

    class Untold(Link):
        __signature__ = "rubbish"

    plugins = Plugins(plugin("middleware", ("timing", Link), ("untold", Untold)))
    for name in ("timing", "untold"):
        link = plugins.build_link(name, settings(anything=1), "x")
        assert isinstance(link, Link)
        assert link.options == {"anything": 1}


def test_what_a_factory_refuses_is_named_by_where_it_was_given():
    """The part says which option is wrong, the problem says which file or variable it came from."""

    def timing(**options):
        raise ConfigurationError(
            Problem("Timing(limit=)", "0", "more", "limit"), Problem("Timing", "", "sense", "mood"), "a sentence"
        )

    with pytest.raises(ConfigurationError) as caught:
        Plugins(plugin("middleware", ("timing", timing))).build_link("timing", settings(limit=0), "Pipeline('x')")
    assert str(caught.value).splitlines() == [
        "x.toml: link.limit is 0: expected more",
        "Timing: expected sense",
        "a sentence",
    ]
    assert caught.value.problems[0].option == "limit"


def test_a_plugin_error_of_a_factory_stays_one():
    """An unknown store named by a link's option is still a matter of plugins."""

    def timing(**options):
        raise PluginError(Problem("store", "", "another", "store"))

    with pytest.raises(PluginError, match=r"^x.toml: link.store: expected another$"):
        Plugins(plugin("middleware", ("timing", timing))).build_link("timing", settings(store="redis:"), "x")


def boom(*_: object, **__: object) -> Any:
    raise OSError("no smtp://u:hunter2@h")


def wrong(*_: object, **__: object) -> Any:
    return 5


@pytest.mark.parametrize(
    ("factory", "said"),
    [
        (boom, "failed: OSError: no smtp://u:***@h"),
        (wrong, "made a int, which is no {}"),
    ],
)
@pytest.mark.parametrize(
    ("kind", "use", "protocol"),
    [
        ("middleware", lambda p: p.build_link("redis", {}, "place"), "Middleware"),
        ("stores", lambda p: p.open_store("redis:"), "DeadLetterStore"),
        ("channels", lambda p: p.open_channel("redis:"), "Channel"),
    ],
)
def test_a_factory_that_is_at_fault_is_named(factory, said, kind, use, protocol):
    """What is no configuration error, and what is no link, store or channel, names the distribution."""
    with pytest.raises(PluginError) as caught:
        use(Plugins(plugin(kind, ("redis", factory))))
    assert f": Plugin_{kind} {said.format(protocol)}" in str(caught.value)


def test_a_configuration_error_of_a_store_comes_out_as_it_is():
    """What a factory says of its address needs no more words."""
    error = ConfigurationError(Problem("redis:", "", "a host"))

    def refuse(address):
        raise error

    with pytest.raises(ConfigurationError) as caught:
        Plugins(plugin("stores", ("redis", refuse))).open_store("redis:")
    assert caught.value is error


class Unreadable(msgspec.Struct):
    limit: Missing  # type: ignore[name-defined]  # noqa: F821 - what is tested


class Unsupported(msgspec.Struct):
    limit: int | list[int] | Callable[..., Any]


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (Unreadable, "Plugin_middleware: the options of timing can't be read: name 'Missing' is not defined"),
        (Unsupported, "Plugin_middleware: the type of timing's option 'limit': "),
    ],
)
def test_a_struct_of_no_use_is_the_plugins_fault(options, said):
    """A type that can't be read or converted to names the distribution, not the user's value."""
    with pytest.raises(PluginError) as caught:
        Plugins(plugin("middleware", ("timing", Link), options=options)).build_link("timing", settings(limit=1), "x")
    assert str(caught.value).startswith(said)


# Installed distributions ----------------------------------------------------------------------------------------------


@pytest.fixture
def install(tmp_path, monkeypatch):
    """Makes a distribution, with its metadata and a module, that the interpreter finds."""
    monkeypatch.syspath_prepend(str(tmp_path))
    before = set(sys.modules)

    def install(name, entry_points="", module="", *, version="1.0", metadata=None):
        info = tmp_path / f"{name.replace('-', '_')}-{version}.dist-info"
        info.mkdir()
        if metadata is None:
            metadata = f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n".encode()
        if metadata:
            (info / "METADATA").write_bytes(metadata)
        module_name = name.replace("-", "_")
        entry_points = entry_points or f"[ninelives]\n{module_name} = {module_name}\n"
        (info / "entry_points.txt").write_bytes(
            entry_points if isinstance(entry_points, bytes) else entry_points.encode()
        )
        (tmp_path / f"{module_name}.py").write_text(textwrap.dedent(module))

    yield install
    for added in set(sys.modules) - before:
        if str(getattr(sys.modules[added], "__file__", None)).startswith(str(tmp_path)):
            del sys.modules[added]


def discover(disabled: str = "") -> Plugins:
    return Plugins.discover({"NINELIVES_DISABLE_PLUGINS": f"{OTHERS},{disabled}"})


def rows(plugins: Plugins, *names: str) -> list[PluginInfo]:
    return [info for info in plugins.installed() if info.distribution in names]


LISTENER = """
    from ninelives import hookimpl

    def listener(event): ...

    @hookimpl
    def register_listeners(register):
        register(__name__, listener)
    """

STORE = """
    from ninelives import hookimpl

    class Store:
        def put(self, letter): ...
        def receive(self, max_letters, *, lease): ...
        def ack(self, lease): ...
        def release(self, lease, letter=None): ...
        def close(self): ...

    @hookimpl
    def register_stores(register):
        register("redis", lambda address: Store())
    """


def test_installed_plugins_are_found(install):
    """A distribution with an entry point is all that it takes; name and version are told."""
    install("nine-redis", "[ninelives]\nredis = nine_redis\n", STORE, version="2.5")
    plugins = discover()
    assert isinstance(plugins.open_store("redis:"), DeadLetterStore)
    assert rows(plugins, "nine-redis") == [
        PluginInfo("plugin", "redis", "nine-redis", "2.5"),
        PluginInfo("store", "redis", "nine-redis", "2.5"),
    ]


def test_plugins_are_sorted_by_name(install):
    """Their order is that of the names, not of the installation."""
    for name in ("nine-c", "nine-a", "nine-b"):
        install(name, module=LISTENER)
    assert [listener.__module__ for listener in discover().listeners] == ["nine_a", "nine_b", "nine_c"]


def test_two_plugins_of_one_name_are_both_found(install):
    """Entry points of the same name in two distributions hide each other from nobody."""
    for name in ("nine-a", "nine-b"):
        install(name, f"[ninelives]\nsame = {name.replace('-', '_')}\n", LISTENER)
    assert len(discover().listeners) == 2


def test_a_clash_names_both_distributions(install):
    """Two distributions with one scheme: a warning, and an error for whoever uses it, with both names."""
    for name in ("nine-a", "nine-b"):
        install(name, module=STORE)
    plugins = discover()
    text = "the store 'redis' is registered by nine-a and by nine-b: NINELIVES_DISABLE_PLUGINS=<one of them>"
    with pytest.warns(ConfigurationWarning) as warned, pytest.raises(PluginError) as caught:
        plugins.open_store("redis:")
    assert [str(each.message) for each in warned] == [str(caught.value)] == [f"{text} switches it off"]
    assert isinstance(discover("nine-b").open_store("redis:"), DeadLetterStore)


@pytest.mark.parametrize(
    ("module", "said"),
    [
        (
            "import a_library_that_is_not_there",
            "does not load: ModuleNotFoundError: No module named 'a_library_that_is_not_there'",
        ),
        ("raise SystemExit('bye')", "does not load: SystemExit: bye"),
        ("this is no python", "does not load: SyntaxError: "),
    ],
)
def test_a_broken_plugin_names_itself_and_stops_nobody(install, module, said):
    """Law 62: one warning with its distribution, an error for who misses something, and it can be switched off."""
    install("nine-broken", module=module)
    install("nine-sound", module=STORE)
    with pytest.warns(ConfigurationWarning) as warned:
        plugins = discover()
    (text,) = [str(each.message) for each in warned]
    assert text.startswith(f"plugin 'nine_broken' of nine-broken {said}")
    assert text.endswith("; NINELIVES_DISABLE_PLUGINS=nine_broken switches it off")
    assert isinstance(plugins.open_store("redis:"), DeadLetterStore)
    with pytest.raises(PluginError) as caught:
        plugins.open_store("absent:")
    assert f"; plugin 'nine_broken' of nine-broken {said}" in str(caught.value)
    (row,) = rows(plugins, "nine-broken")
    assert (row.kind, row.version, row.error) == (
        "plugin",
        "1.0",
        text.removeprefix("plugin 'nine_broken' of nine-broken ").partition("; NINE")[0],
    )


@pytest.mark.parametrize("name", ["nine_broken", "nine-broken", "Nine.Broken", " nine--broken "])
def test_a_plugin_can_be_switched_off(install, name):
    """By its entry point's or its distribution's name: it is not imported, and who misses it is told."""
    install("nine-broken", module="raise RuntimeError")
    with warnings.catch_warnings(record=True) as warned:
        plugins = discover(name)
    assert warned == []
    assert "nine_broken" not in sys.modules
    (row,) = rows(plugins, "nine-broken")
    assert (row.error, row.switched_off) == ("switched off by NINELIVES_DISABLE_PLUGINS", True)
    with pytest.raises(
        PluginError, match="; plugin 'nine_broken' of nine-broken is switched off by NINELIVES_DISABLE_PLUGINS"
    ):
        plugins.open_store("redis:")


def test_a_known_distribution_that_is_there_is_not_to_be_installed(install):
    """Who has ninelives-sqs but can't use it is told why, not to install it."""
    install("ninelives-sqs", module="raise RuntimeError")
    plugins = discover()
    with pytest.raises(PluginError) as caught:
        plugins.open_store("sqs:x")
    assert "pip install" not in str(caught.value)
    assert "of ninelives-sqs is switched off" in str(caught.value)


@pytest.mark.parametrize(
    "entry_points",
    [b"[ninelives]\n\xff = x\n", b"[other]\nthis has no equals sign\n", b"[other]\nx = y\n"],
)
def test_a_distribution_that_is_not_ours_is_left_alone(install, entry_points):
    """A file that can't be read, or parsed, or has no entry point of ours, is none of our business."""
    install("nine-odd", entry_points)
    install("nine-sound", module=STORE)
    with warnings.catch_warnings(record=True) as warned:
        plugins = discover()
    assert warned == []
    assert isinstance(plugins.open_store("redis:"), DeadLetterStore)
    assert rows(plugins, "nine-odd") == []


@pytest.mark.parametrize(
    "entry_points",
    ["[ninelives]\nthis has no equals sign\n", "[ninelives]\nx = a b c\n", "[ninelives]\nx = nine_odd:gone\n"],
)
def test_entry_points_that_can_not_be_read_are_the_plugins_fault(install, entry_points):
    """A broken declaration is a broken plugin."""
    install("nine-odd", entry_points)
    install("nine-sound", module=STORE)
    with pytest.warns(ConfigurationWarning, match="of nine-odd does not load|plugin 'nine-odd' does not load"):
        plugins = discover()
    assert isinstance(plugins.open_store("redis:"), DeadLetterStore)


@pytest.mark.parametrize("metadata", [b"", b"\xff"])
def test_a_distribution_without_metadata_has_its_plugins_all_the_same(install, metadata):
    """Missing or damaged metadata cost the name and the version, no more."""
    install("nine-bare", module=STORE, metadata=metadata)
    plugins = discover()
    assert isinstance(plugins.open_store("redis:"), DeadLetterStore)
    (row,) = [row for row in plugins.installed() if row.name == "nine_bare"]
    assert (row.distribution, row.version) == ("a distribution without a name", "")


def test_the_first_of_two_versions_counts(install, tmp_path):
    """A distribution that is found twice, an older one further down the path, is one."""
    install("nine-redis", module=STORE, version="2.0")
    old = tmp_path / "old" / "nine_redis-1.0.dist-info"
    old.mkdir(parents=True)
    (old / "METADATA").write_text("Metadata-Version: 2.1\nName: Nine.Redis\nVersion: 1.0\n")
    (old / "entry_points.txt").write_text("[ninelives]\ngone = nine_redis_old\n")
    sys.path.insert(1, str(old.parent))
    try:
        plugins = discover()
    finally:
        sys.path.remove(str(old.parent))
    assert [row.name for row in rows(plugins, "nine-redis", "Nine.Redis")] == ["nine_redis", "redis"]


def test_what_is_installed_is_found_once_a_process(install, monkeypatch):
    """`default_plugins` discovers at its first call, and gives the same object ever after."""
    from ninelives import plugins

    monkeypatch.setattr(plugins, "_default", {})
    monkeypatch.setenv("NINELIVES_DISABLE_PLUGINS", f"{OTHERS},nine-off")
    install("nine-redis", module=STORE)
    install("nine-off", module=STORE)
    found = default_plugins()
    install("nine-late", module=STORE)
    assert default_plugins() is found
    assert isinstance(found.open_store("redis:"), DeadLetterStore)


def loaded(program: str) -> set[str]:
    """The modules that a program imports, besides those that Python itself, or what measures it, has at the start."""
    program = f"import sys; before = set(sys.modules)\n{program}\nprint(*set(sys.modules) - before)"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    return set(done.stdout.split())


HEAVY = {"boto3", "botocore", "yagmail", "structlog", "click", "rich"}


def test_importing_ninelives_imports_nothing_heavy():
    """Law 61: neither the SDKs, nor the command line's libraries, nor what only building a pipeline needs."""
    modules = loaded("import ninelives")
    assert "ninelives" in modules
    assert modules & {*HEAVY, "pluggy", "importlib.metadata", "tomllib", "logging"} == set()


def test_discovery_imports_nothing_heavy():
    """Law 61: what a plugin's backend needs comes at the backend's first use, not when links and backends are found."""
    kinds = "middleware", "store", "channel", "listener"
    modules = loaded(f"from ninelives import default_plugins as p; [p()._catalogue(kind) for kind in {kinds}]")
    assert "pluggy" in modules
    assert modules & HEAVY == set()
