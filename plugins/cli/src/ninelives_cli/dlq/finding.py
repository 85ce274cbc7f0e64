"""Finding the queue that a command means."""

from __future__ import annotations

from typing import NamedTuple

import click

from ninelives.circuits import Circuits
from ninelives.dead_letters.queue import DeadLetterQueue
from ninelives.errors import ConfigurationError
from ninelives.pipeline import Pipeline
from ninelives.settings import Settings, load_settings
from ninelives_cli.doctor.pipelines import DEFAULT

__all__ = ["Found", "find_queue"]


class Found(NamedTuple):
    """A queue that letters are in.

    Attributes:
        queue: The queue.
        why: Why this one, where nobody named it; None: someone did.
    """

    queue: DeadLetterQueue
    why: str | None = None


def find_queue(pipeline: str | None, app: str | None) -> Found:
    """The queue of a pipeline, or of a program; with neither, the one that the configured pipelines share.

    Args:
        pipeline: Its name.
        app: ``module:pipeline``; its queue counts more.

    Raises:
        ConfigurationError: The configuration is wrong, there is no such app, or no dead letters are kept there.
        click.UsageError: The pipelines of the configuration have several stores, and nothing says which is meant.
    """
    if app is not None:
        from ninelives_cli.dlq.apps import load

        return Found(_queue(load(app)))
    settings = load_settings()
    return _of_all(settings) if pipeline is None else _of_pipeline(settings, pipeline)


def _of_pipeline(settings: Settings, name: str) -> Found:
    queue = _queue(_build(settings, name))
    if name in settings.pipelines:
        return Found(queue)
    known = ", ".join(settings.pipelines) or "none"
    return Found(
        queue, f"where Pipeline({name!r}) keeps letters; the configuration has no such pipeline (it has: {known})"
    )


def _of_all(settings: Settings) -> Found:
    if not settings.pipelines:
        return Found(_queue(_build(settings, DEFAULT)), "no --store or --pipeline was given")
    queues = {name: queue for name in settings.pipelines for queue in _queues(_build(settings, name))}
    different = {tuple(place.key for place in queue.places): queue for queue in queues.values()}
    if len(different) > 1:
        raise click.UsageError(f"the pipelines have different stores; name one with --pipeline:\n{_listed(queues)}")
    if not different:
        raise ConfigurationError("no pipeline of the configuration has a link dead_letter: name a store with --store")
    (queue,) = different.values()
    return Found(queue, "the store of the configured pipelines, as no --store or --pipeline was given")


def _listed(queues: dict[str, DeadLetterQueue]) -> str:
    return "\n".join(f"  {name}: {', '.join(place.name for place in queue.places)}" for name, queue in queues.items())


def _build(settings: Settings, name: str) -> Pipeline:
    return Pipeline(name, settings=settings, circuits=Circuits())


def _queue(pipeline: Pipeline) -> DeadLetterQueue:
    queues = _queues(pipeline)
    if not queues:
        raise ConfigurationError(f"pipeline {pipeline.name!r} keeps no letters: it has no link dead_letter")
    return queues[0]


def _queues(pipeline: Pipeline) -> list[DeadLetterQueue]:
    links = (pipeline[link["link"]] for link in pipeline.describe()["chain"])
    return [link for link in links if isinstance(link, DeadLetterQueue)]
