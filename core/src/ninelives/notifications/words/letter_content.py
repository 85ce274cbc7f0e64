"""What is said of a failed call's dead letter: where it is, and what to run to see it and to run it again."""

from __future__ import annotations

import re
import shlex
from typing import Any

from ninelives.notifications.failure import Failure
from ninelives.notifications.words.commands import (
    LOST_FILE,
    commands_for,
    import_of_lost,
    list_of_kind,
    list_of_pipeline,
)
from ninelives.redaction import functions_in, redact, redact_function, redact_text

__all__ = ["all_in", "all_of_pipeline", "of_its_kind", "of_letter", "where_lost"]

_FUNCTION = re.compile(r"[\w.]+:(\w+)")  # of a module: what else has a name there can't be found by it alone
_ON_STDERR = f"It stands whole on stderr, as one line of JSON: save all such lines as {LOST_FILE}, and import that"
_IN_LOG = "stderr could not be written either. The log has it masked, so that it can't be run again as it is"


def of_letter(failure: Failure) -> dict[str, Any]:
    """The dead letter, and what to run to see it and to run it again; of one that no store has, how to get it back."""
    if failure.letter_id is None:
        return {"replay_count": failure.replay_count}
    return {
        "letter": {"id": failure.letter_id, "place": redact_text(failure.letter_place or ""), **_state(failure)},
        "replay_count": failure.replay_count,
        **_masked(_ways_back(failure) if failure.is_letter_lost else _commands(failure), failure.pipeline),
    }


def where_lost(failure: Failure) -> str:
    """What the sentence says besides, of a letter that no store has."""
    if not failure.is_letter_lost:
        return ""
    return f", and its dead letter is in no store, only {_on_stderr(failure, 'on stderr', 'in the log')}"


def of_its_kind(failure: Failure) -> dict[str, str]:
    """What to run to see the letters of all failures like this one."""
    kind = failure.fingerprint
    if failure.letter_id is None or failure.is_letter_lost or kind is None or redact_text(kind) != kind:
        return {}
    place, moves = _whole(failure.letter_place), failure.letter_missed is not None
    return _masked(list_of_kind(kind, place, failure.pipeline, failure.operation, moves=moves), failure.pipeline)


def all_of_pipeline(failure: Failure) -> dict[str, str]:
    """What to run to see all letters of the pipeline of a call that became one of them."""
    missed, moves = failure.letter_missed, failure.letter_missed is not None
    place = missed.store if missed is not None and missed.is_lost else failure.letter_place
    return _masked(list_of_pipeline(_whole(place), failure.pipeline, failure.operation, moves=moves), failure.pipeline)


def all_in(store: str, pipeline: str) -> dict[str, str]:
    """What to run to see all letters of a pipeline whose store this is."""
    return _masked(list_of_pipeline(_whole(store), pipeline, ""), pipeline)


def _state(failure: Failure) -> dict[str, str]:
    """What is special about it."""
    said, lacks, missed = {}, failure.letter_lacks, failure.letter_missed
    if lacks is not None:
        said["lacks"] = redact_text(f"{lacks}: put it back by an edit before the replay")
    if missed is not None and missed.is_lost:
        how = _on_stderr(failure, _ON_STDERR, _IN_LOG)
        said["lost"] = redact_text(f"no store took it: {missed.why}. {how}")
    elif missed is not None:
        said["spilled"] = redact_text(f"this is the fallback, as the store did not take it: {missed.why}")
    return said


def _ways_back(failure: Failure) -> dict[str, str]:
    missed = failure.letter_missed
    if missed is None or failure.letter_place != "stderr":
        return {}
    return import_of_lost(_whole(missed.store), failure.pipeline, failure.operation)


def _commands(failure: Failure) -> dict[str, str]:
    commands = commands_for(
        failure.letter_id or "",
        _whole(failure.letter_place),
        failure.pipeline,
        failure.operation,
        whole=failure.letter_lacks is None,
        moves=failure.letter_missed is not None,
    )
    if failure.registered or not commands:
        return commands
    replay = commands.pop("replay")
    return {**commands, "register": _registering(failure.operation), "replay": replay}


def _registering(operation: str) -> str:
    """What is to be done in the program, so that it can run letters of this operation again."""
    shown = redact_function(operation)
    if (function := _FUNCTION.fullmatch(shown)) is not None:
        how = f"decorate {shown} with the pipeline, or call pipeline.register({function[1]})"
    else:
        how = f"call pipeline.register(FUNCTION, {shown!r}), with a function that does the same"
    return f"{how}, in what --app imports: a replay runs no function that is not registered there"


def _on_stderr(failure: Failure, on_stderr: str, in_log: str) -> str:
    return on_stderr if failure.letter_place == "stderr" else in_log


def _whole(place: str | None) -> str | None:
    """A store's address, if nothing of it is masked: only then it leads there."""
    return None if place is None or redact_text(place) != place else place


def _masked(commands: dict[str, str], pipeline: str) -> dict[str, str]:
    shown = redact_text(pipeline)
    if shown == pipeline:
        return commands
    given, named = shlex.quote(pipeline), shlex.quote(shown)  # what is quoted is recognised by nothing
    commands = {name: command.replace(given, named) for name, command in commands.items()}
    masked: dict[str, str] = redact(commands, functions=functions_in(commands))
    return masked
