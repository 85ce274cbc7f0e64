"""What alerts say of dead letters that can't simply be replayed: lost, in the fallback, of unknown functions."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from msgspec.structs import replace

from ninelives.dead_letters.missed import Missed
from ninelives.notifications.failure import Failure
from ninelives.notifications.notification import ErrorSeverity
from ninelives.notifications.words.letter_content import all_in, all_of_pipeline, of_its_kind, of_letter, where_lost

FAILURE = Failure(
    pipeline="shop",
    operation="shop.jobs:charge",
    error_type="builtins.TimeoutError",
    text="no answer",
    severity=ErrorSeverity.ERROR,
    at=datetime(2026, 11, 25, tzinfo=UTC),
    fingerprint="abc",
    letter_id="letter-1",
    letter_place="file:/srv/dlq.json",
)
SPILLED = replace(FAILURE, letter_missed=Missed("sqs:https://queue", "sqs:https://queue: no answer"))
LOST = replace(
    FAILURE,
    letter_place="stderr",
    letter_missed=Missed("file:/srv/dlq.json", "the disk is full; user ops@example.com may not", is_lost=True),
)
UNKNOWN = replace(FAILURE, registered=False)


def test_a_letter_in_no_store():
    """The sentence says so, the details why and how to get it back; no command looks for it where it is not."""
    said = of_letter(LOST)
    assert where_lost(LOST) == ", and its dead letter is in no store, only on stderr"
    assert said == {
        "letter": {
            "id": "letter-1",
            "place": "stderr",
            "lost": "no store took it: the disk is full; user ***@example.com may not. "
            "It stands whole on stderr, as one line of JSON: save all such lines as lost.jsonl, and import that",
        },
        "replay_count": None,
        "import": "ninelives dlq import lost.jsonl --store file:/srv/dlq.json",
    }
    assert of_its_kind(LOST) == {}


def test_a_letter_that_only_the_log_has():
    """Where stderr is closed too nothing brings it back, and no command says so."""
    lost = replace(LOST, letter_place="the log")
    assert where_lost(lost) == ", and its dead letter is in no store, only in the log"
    said = of_letter(lost)
    assert said["letter"]["lost"].endswith("The log has it masked, so that it can't be run again as it is")
    assert set(said) == {"letter", "replay_count"}


@pytest.mark.parametrize("store", ["memory:", ""])
def test_a_store_that_nothing_can_be_imported_into(store):
    """What ends with the process is named in no command; a store without an address is the configured one."""
    lost = replace(LOST, letter_missed=Missed(store, "no", is_lost=True))
    commands = {"": "ninelives dlq import lost.jsonl --pipeline shop"}
    assert of_letter(lost).get("import") == commands.get(store)


def test_a_letter_in_the_fallback():
    """It is said why it is there."""
    said = of_letter(SPILLED)["letter"]
    assert said["place"] == "file:/srv/dlq.json"
    assert said["spilled"] == "this is the fallback, as the store did not take it: sqs:https://queue: no answer"
    assert where_lost(SPILLED) == ""


@pytest.mark.parametrize(
    ("operation", "how"),
    [
        ("shop.jobs:charge", "decorate shop.jobs:charge with the pipeline, or call pipeline.register(charge), "),
        ("shop.jobs:<lambda>", "call pipeline.register(FUNCTION, 'shop.jobs:<lambda>'), with a function "),
        ("shop.jobs:run.<locals>.inner", "call pipeline.register(FUNCTION, 'shop.jobs:run.<locals>.inner'), with a "),
        ("shop.jobs:Card.charge", "call pipeline.register(FUNCTION, 'shop.jobs:Card.charge'), with a function "),
        ("charge", "call pipeline.register(FUNCTION, 'charge'), with a function that does the same, "),
        ("tokens:charge", "decorate tokens:charge with the pipeline, or call pipeline.register(charge), "),
    ],
)
def test_a_function_that_is_not_registered(operation, how):
    """What is to be done in the program stands before the replay that would answer that it is not registered."""
    said = of_letter(replace(UNKNOWN, operation=operation))
    assert said["register"].startswith(how)
    assert said["register"].endswith("in what --app imports: a replay runs no function that is not registered there")
    assert list(said) == ["letter", "replay_count", "show", "register", "replay"]


def test_an_edit_comes_before_the_registering():
    """Of a letter that lacks something too, all that is to be done stands in its order."""
    said = of_letter(replace(UNKNOWN, letter_lacks="args[0]"))
    assert list(said)[2:] == ["show", "edit", "register", "replay"]


def test_nothing_to_register_where_nothing_is_kept():
    """A letter in memory can be run by its own process only, which knows the function."""
    assert set(of_letter(replace(UNKNOWN, letter_place="memory:"))) == {"letter", "replay_count"}


@pytest.mark.parametrize(
    ("failure", "where"),
    [
        (FAILURE, " --store file:/srv/dlq.json"),
        (LOST, " --store file:/srv/dlq.json"),
        (SPILLED, " --store file:/srv/dlq.json"),
        (replace(FAILURE, letter_place="redis://u:hunter2@host"), ""),
        (replace(FAILURE, letter_place="memory:"), None),
    ],
)
def test_all_letters_of_a_pipeline(failure, where):
    """They are found where one of them is, or was to be."""
    command = {} if where is None else {"list": f"ninelives dlq list --pipeline shop{where}"}
    assert all_of_pipeline(failure) == command


def test_all_letters_in_a_store():
    """Without any of them, they are looked for in the pipeline's store; nothing of its name that is masked is shown."""
    assert all_in("file:/srv/dlq.json", "shop") == {
        "list": "ninelives dlq list --pipeline shop --store file:/srv/dlq.json"
    }
    assert all_in("memory:", "shop") == {}
    assert "5551230000" not in all_in("file:/srv/dlq.json", "+15551230000")["list"]
