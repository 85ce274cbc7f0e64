"""Finding the installed plugins and loading each so that a broken one stops no other."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import suppress
from typing import Any

from ninelives.cautions import caution
from ninelives.checks import told

__all__ = ["DISABLED", "GROUP", "Plugin", "installed_plugins", "switched_off_in_vain"]

GROUP = "ninelives"
DISABLED = "NINELIVES_DISABLE_PLUGINS"
NAMELESS = "a distribution without a name"


class Plugin:
    """One plugin, and what is wrong with it.

    It has a plugin manager of its own: in a shared one, an implementation that raises stops the rest, and an unknown
    hook of one plugin refuses them all.

    Args:
        name: Its entry point's name.
        distribution: What it was installed with, or what else to call it by.
        load: Gives the module, or the object, that has the hooks; None for a plugin that is switched off.

    Attributes:
        module: What has the hooks; None for one that is switched off or does not load.
        error: Why it is of no use, or not of full use; None when nothing is wrong.
        switched_off: Whether someone switched it off.
    """

    def __init__(self, name: str, distribution: str, load: Callable[[], object] | None) -> None:
        self.name = name
        self.distribution = distribution
        self.switched_off = load is None
        self.error: str | None = f"switched off by {DISABLED}" if self.switched_off else None
        self.module: object = None
        self._manager: Any = None
        if load is not None:
            self._try("does not load", lambda: self._take(load()))
        if self._manager is not None:
            self._try("has an unknown hook", self._manager.check_pending)

    def call(self, hook: str, register: Callable[..., None]) -> None:
        """Call the plugin's implementation of the hook, if it has one."""
        if self._manager is not None:
            self._try(f"{hook} failed", lambda: getattr(self._manager.hook, hook)(register=register))

    def _take(self, module: object) -> None:
        import pluggy  # `import ninelives` must not pay for it

        from ninelives import hookspecs  # likewise

        manager = pluggy.PluginManager("ninelives")
        manager.add_hookspecs(hookspecs)
        manager.register(module, self.name)
        self.module, self._manager = module, manager

    def _try(self, what: str, action: Callable[[], object]) -> None:
        try:
            action()
        except (Exception, SystemExit) as error:  # whatever it is, the other plugins must not see it
            if self.error is None:
                self.error = f"{what}: {told(error)}"
                text = f"plugin {self} {self.error}; {switch_off(self.name)}"
                caution(text)

    def __str__(self) -> str:
        return repr(self.name) if self.name == self.distribution else f"{self.name!r} of {self.distribution}"


def switch_off(name: str) -> str:
    """The sentence that says how to go on without a plugin."""
    return f"{DISABLED}={name} switches it off"


def installed_plugins(environ: Mapping[str, str] | None = None) -> tuple[Plugin, ...]:
    """Those that the installed distributions have as entry points of the group ``ninelives``, sorted by name.

    Args:
        environ: Where to look for ``NINELIVES_DISABLE_PLUGINS=a,b``, names of entry points or distributions; None is
            `os.environ`.
    """
    disabled = {_normalised(name) for name in _disabled(environ)}
    return tuple(
        Plugin(name, owner, None if disabled & {_normalised(name), _normalised(owner)} else load)
        for name, owner, load in sorted(_entry_points(), key=lambda point: point[:2])
    )


def switched_off_in_vain(names: Iterable[str], environ: Mapping[str, str] | None = None) -> tuple[str, ...]:
    """What ``NINELIVES_DISABLE_PLUGINS`` names that is none of these: nothing is switched off by it.

    Args:
        names: The names of the installed entry points and their distributions.
        environ: Where to look; None is `os.environ`.
    """
    known = {_normalised(name) for name in names}
    return tuple(name for name in _disabled(environ) if _normalised(name) not in known)


def _disabled(environ: Mapping[str, str] | None) -> list[str]:
    variable = (os.environ if environ is None else environ).get(DISABLED, "")
    return [name.strip() for name in variable.split(",") if name.strip()]


def _entry_points() -> Iterator[tuple[str, str, Callable[[], object]]]:
    """The name, the distribution and the loader of each.

    `importlib.metadata.entry_points` would do, but the file of any distribution that it can't read stops it.
    """
    from importlib import metadata

    seen: set[str] = set()
    for distribution in metadata.distributions():
        with suppress(Exception):  # a file that can't be read is not known to be ours
            if f"[{GROUP}]" not in (distribution.read_text("entry_points.txt") or ""):
                continue
            owner = _name_of(distribution)
            if _normalised(owner) not in seen:  # else an older one, further down the path
                seen.add(_normalised(owner))
                yield from _points_of(distribution, owner)


def _points_of(distribution: Any, owner: str) -> list[tuple[str, str, Callable[[], object]]]:
    try:
        return [(point.name, owner, point.load) for point in distribution.entry_points.select(group=GROUP)]
    except Exception:
        return [(owner, owner, lambda: distribution.entry_points)]


def _name_of(distribution: Any) -> str:
    with suppress(Exception):  # damaged metadata cost the name, no more
        return str(distribution.name or NAMELESS)
    return NAMELESS


def _normalised(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name.strip()).lower()
