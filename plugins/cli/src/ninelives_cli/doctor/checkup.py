"""The check-up: settings first, then every store and channel that they name."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from ninelives.circuits import Circuits
from ninelives.describing import safe_message, type_name
from ninelives.discovery import switch_off
from ninelives.errors import ConfigurationError, Problem
from ninelives.inspecting import Backend, backends_of
from ninelives.pipeline import Pipeline
from ninelives.plugins import default_plugins
from ninelives.settings import Settings, find_settings
from ninelives_cli.doctor.pipelines import choose, importing_here
from ninelives_cli.doctor.rows import Row
from ninelives_cli.doctor.trying import Verdict, try_all
from ninelives_cli.doctor.words import clean, expectation
from ninelives_cli.listing import is_broken

__all__ = ["check_up"]


def check_up(names: Sequence[str], timeout: float) -> list[Row]:
    """Look at pipelines and at all that they use.

    Args:
        names: The pipelines; none: all that are configured, or the defaults where there are none.
        timeout: Seconds that one answer of a backend may take. A backend that takes much longer is given up.

    Raises:
        ConfigurationError: The configuration has no pipeline of that name.
    """
    settings = find_settings()
    chosen = choose(settings, names)
    problems, settings.problems = settings.problems, ()  # else each pipeline would say them again
    rows = [*_broken_plugins(), *(_of_problem(None, problem) for problem in problems)]
    circuits = Circuits()
    examined = {name: _examine(name, settings, circuits) for name in chosen}
    verdicts = _try_each_once([backend for _, backends in examined.values() for backend in backends], timeout)
    for name, (said, backends) in examined.items():
        rows += said
        rows += (_of_backend(name, one, *verdicts[_key(one)]) for one in backends)
    return rows


def _broken_plugins() -> Iterator[Row]:
    for info in filter(is_broken, default_plugins().installed()):
        where, advice = f"{info.kind} {info.name} of {info.distribution}", ""
        if info.kind == "plugin":
            where, advice = f"{info.name} of {info.distribution}", f"; {switch_off(info.name)}"
        yield Row(None, "plugin", clean(where), works=False, detail=clean(f"{info.error}{advice}"))


def _examine(name: str, settings: Settings, circuits: Circuits) -> tuple[list[Row], list[Backend]]:
    """What there is to say of a pipeline's settings, and what it uses."""
    try:
        with importing_here():
            pipeline = Pipeline(name, settings=settings, circuits=circuits)
        backends = backends_of(pipeline)
    except ConfigurationError as error:
        return [_of_problem(name, what) for what in error.args], []
    except (Exception, SystemExit) as error:  # a plugin may raise anything
        return [_of_problem(name, f"{type_name(error)}: {safe_message(error)}")], []
    links = ", ".join(link["link"] for link in pipeline.describe()["chain"])
    return [Row(name, "settings", "", works=True, detail=clean(f"chain: {links}"))], backends


def _of_problem(name: str | None, what: str | Problem) -> Row:
    if isinstance(what, Problem):
        return Row(name, "settings", clean(what.place), works=False, detail=expectation(what))
    return Row(name, "settings", "", works=False, detail=clean(what))


def _of_backend(name: str, backend: Backend, works: bool | None, detail: str) -> Row:  # noqa: FBT001 - a verdict's parts
    where = clean(backend.name)
    return Row(name, backend.part, where, works, detail.removeprefix(f"{where}: "))  # which stands beside it


def _try_each_once(backends: Sequence[Backend], timeout: float) -> dict[tuple[object, bool], Verdict]:
    """What came of each place, by its key: several pipelines may use the same one."""
    places = {_key(backend): backend for backend in backends}
    return dict(zip(places, try_all(list(places.values()), timeout), strict=True))


def _key(backend: Backend) -> tuple[object, bool]:
    """Which place it is, and whether it is a fallback: of that there is more to say."""
    return backend.key, backend.part == "fallback"
