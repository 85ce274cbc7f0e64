"""The pipelines that the configuration names, each built once a process."""

from __future__ import annotations

from threading import RLock

from ninelives.errors import ConfigurationError

# At the top, so that importing the module of that name later does not hide the function of that name.
from ninelives.pipeline import Pipeline

__all__ = ["forget_pipelines", "pipeline"]

_built: dict[str, Pipeline] = {}
_lock = RLock()  # what building one imports may ask for another


def pipeline(name: str) -> Pipeline:
    """The pipeline of that name from the configuration, built once a process.

    Args:
        name: As in ``[pipelines.NAME]``.

    Raises:
        ConfigurationError: The configuration has no such pipeline, or is wrong.

    Example:
        ``ninelives.pipeline("openai-api").run(generate_reply, message)``
    """
    with _lock:
        if name not in _built:
            _built[name] = _build(name)
        return _built[name]


def forget_pipelines() -> None:
    """Close and forget those that were built: for tests."""
    with _lock:
        built = list(_built.values())
        _built.clear()
    for one in built:
        one.close()


def _build(name: str) -> Pipeline:
    from ninelives.settings import load_settings

    settings = load_settings()
    if name not in settings.pipelines:
        known = ", ".join(settings.pipelines) or "none"
        raise ConfigurationError(
            f"no pipeline {name!r} in the configuration: it has {known}; add [pipelines.{name}] to ninelives.toml"
        )
    return Pipeline(name, settings=settings)
