"""The plugin contract is what the design says: five hooks, their names, and what each is given."""

from __future__ import annotations

import inspect
import sys

import pluggy
import pytest

from ninelives import hookspecs
from ninelives.plugins import Plugins

HOOKS = {
    "register_middleware": ("name", "factory", "options"),
    "register_stores": ("scheme", "factory"),
    "register_channels": ("scheme", "factory"),
    "register_listeners": ("name", "listener"),
    "register_commands": ("command",),
}


def test_there_are_five_hooks():
    """Each hook of the contract is there, takes ``register`` and says what it is for; there is no other."""
    manager = pluggy.PluginManager("ninelives")
    manager.add_hookspecs(hookspecs)
    hooks = {name: caller.spec for name, caller in vars(manager.hook).items() if not name.startswith("_")}
    assert hooks.keys() == HOOKS.keys()
    for name, spec in hooks.items():
        assert spec.argnames == ("register",)
        assert "register(" in (inspect.getdoc(getattr(hookspecs, name)) or "")


@pytest.mark.parametrize("hook", HOOKS)
def test_register_takes_what_the_contract_says(hook):
    """The protocol of each ``register``, and the ``register`` that a hook is really given, have these parameters."""
    given = []

    class Asking:
        pass

    def implementation(self, register):
        given.append(register)

    setattr(Asking, hook, hookspecs.hookimpl(implementation))
    Plugins(Asking()).installed()
    (register,) = given
    assert tuple(inspect.signature(register).parameters) == HOOKS[hook]
    protocol = inspect.signature(getattr(hookspecs, hook)).parameters["register"].annotation
    assert tuple(inspect.signature(getattr(hookspecs, protocol).__call__).parameters)[1:] == HOOKS[hook]


def test_hooks_do_nothing_by_themselves():
    """A specification is prose with a signature: calling it is of no effect."""
    for hook in HOOKS:
        assert getattr(hookspecs, hook)(lambda *_: pytest.fail("registered something")) is None


def test_the_marker_is_exported():
    """``from ninelives import hookimpl`` is what plugins write."""
    import ninelives

    assert ninelives.hookimpl is hookspecs.hookimpl
    assert sys.modules["ninelives"].hookimpl is hookspecs.hookimpl
