"""What a part is given ready: looked at when the part is built, and the process's own where nothing is given."""

from __future__ import annotations

from random import Random
from typing import TYPE_CHECKING, Any

from ninelives.checks import Checks
from ninelives.clock import clock_of
from ninelives.emitter import check_listeners

if TYPE_CHECKING:
    from ninelives.plugins import Plugins

__all__ = ["check_arguments", "check_circuits", "check_random", "plugins_of"]


def plugins_of(checks: Checks, given: Any) -> Plugins:
    """The plugins that are meant: those that are installed for None. A problem is noted unless they are some."""
    from ninelives.plugins import Plugins, default_plugins

    _check(checks, "plugins", given, Plugins, "like Plugins(my_plugin), or None for those that are installed")
    return given if isinstance(given, Plugins) else default_plugins()


def check_circuits(checks: Checks, given: Any) -> None:
    """Note a problem unless they are a set of circuits, or None."""
    from ninelives.circuits import Circuits

    _check(checks, "circuits", given, Circuits, "like Circuits(), or None for the process's own")


def check_random(checks: Checks, given: Any) -> None:
    """Note a problem unless chance can come from it, or it is None."""
    _check(checks, "random", given, Random, "like random.Random(), or None for the system's")


def check_arguments(
    name: Any, *, listeners: Any, settings: Any, plugins: Any, circuits: Any, clock: Any, random: Any
) -> None:
    """Refuse what a pipeline can't be given.

    Raises:
        ConfigurationError: All that is wrong with these arguments.
    """
    from ninelives.settings import Settings

    checks = Checks("Pipeline")
    checks.that(isinstance(name, str) and bool(name), "name", name, "a name, as text that is not empty")
    check_listeners(checks, listeners)
    _check(checks, "settings", settings, Settings, "as load_settings() makes them, or None for file and environment")
    plugins_of(checks, plugins)
    check_circuits(checks, circuits)
    clock_of(checks, clock)
    check_random(checks, random)
    checks.done()


def _check(checks: Checks, option: str, given: Any, kind: type, expected: str) -> None:
    checks.that(given is None or isinstance(given, kind), option, given, f"a {kind.__name__} object, {expected}")
