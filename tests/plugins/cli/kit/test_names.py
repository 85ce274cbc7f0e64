"""What follows from a new plugin's name, and which names are refused."""

from __future__ import annotations

import pytest

from ninelives.errors import ConfigurationError
from ninelives.plugins import PluginInfo
from ninelives_cli.kit.names import Names, names_of

INSTALLED = [
    PluginInfo("plugin", "taken", "stranger", "1.2"),
    PluginInfo("store", "redis", "ninelives-redis", "1.0"),
]


@pytest.mark.parametrize(
    ("distribution", "kind", "package", "name", "title"),
    [
        ("ninelives-pager", "channel", "ninelives_pager", "pager", "Pager"),
        ("pager-ninelives", "channel", "pager_ninelives", "pager", "Pager"),
        ("Acme.Red__box2", "store", "acme_red_box2", "acme-red-box2", "AcmeRedBox2"),
        ("acme-slow-9", "middleware", "acme_slow_9", "acme_slow_9", "AcmeSlow9"),
        ("ear", "listener", "ear", "ear", "Ear"),
        ("redis", "channel", "redis", "redis", "Redis"),
    ],
)
def test_names_follow_from_the_distributions(distribution, kind, package, name, title):
    """Package, scheme or link, and classes are called by the distribution's name, without `ninelives` at an end."""
    assert names_of(distribution, kind, INSTALLED) == Names(distribution, package, name, title)


@pytest.mark.parametrize(
    ("distribution", "kind", "told"),
    [
        ("", "store", "expected a distribution's name, like 'ninelives-redis'"),
        ("-pager", "store", "expected a distribution's name"),
        ("pager.", "store", "expected a distribution's name"),
        ("pager\n", "store", "expected a distribution's name"),
        ("größe", "store", "expected a distribution's name"),
        ("a" * 41, "store", "at most 40"),
        ("9lives", "store", "'9lives' is none"),
        ("ninelives-9", "store", "'9' is none"),
        ("ninelives", "store", "'' is none"),
        ("class", "store", "'class' is none"),
        ("ninelives-class", "middleware", "'class' is none"),
        ("ninelives-clock", "middleware", "Pipeline(clock=) is not a link's options"),
        ("ninelives-taken", "channel", "another: there is a plugin 'taken' of stranger"),
        ("acme-ninelives-redis", "store", None),
        ("ninelives-redis", "store", "another: there is a store 'redis' of ninelives-redis"),
        ("Ninelives_Core", "store", "of a distribution of that name is installed"),
        ("json", "store", "there is a module 'json', which it would hide"),
    ],
)
def test_wrong_names_are_refused(distribution, kind, told):
    """A name that is none by the rules for packages or for Python, or that is taken, is refused, and it is said why."""
    if told is None:
        assert names_of(distribution, kind, INSTALLED).name == "acme-ninelives-redis"
        return
    with pytest.raises(ConfigurationError) as caught:
        names_of(distribution, kind, INSTALLED)
    assert told in str(caught.value)
    assert all(problem.place == "NAME" for problem in caught.value.problems)


def test_all_that_is_wrong_is_said():
    """Several things that are wrong with a name are said at once."""
    installed = [*INSTALLED, PluginInfo("middleware", "clock", "acme", "1.0")]
    with pytest.raises(ConfigurationError) as caught:
        names_of("clock-ninelives", "middleware", installed)
    assert len(caught.value.problems) == 2
