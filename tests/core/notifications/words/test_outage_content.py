"""What alerts of a circuit say: that it opened, that it is still open, and that it is over."""

from __future__ import annotations

import os
from datetime import UTC, datetime, timedelta

import pytest
from msgspec.structs import replace

from ninelives.circuit import CircuitState
from ninelives.machine import hostname
from ninelives.notifications.alert import Alert, Flaps, Phase
from ninelives.notifications.circuit_change import CircuitChange
from ninelives.notifications.failure import Failure
from ninelives.notifications.notification import ErrorSeverity
from ninelives.notifications.wording import line_of, subject_of, text_of
from ninelives.notifications.words.content import of_alert, of_circuit

NINE = datetime(2026, 11, 25, 9, tzinfo=UTC)
SOON = NINE + timedelta(seconds=30)
LATER = NINE + timedelta(hours=1, minutes=20)
OPENED = CircuitChange(
    circuit="api", pipeline="shop", at=NINE, state=CircuitState.OPEN, failures=5, recovers_after=60.0
)
ISOLATED = CircuitChange(circuit="api", pipeline="shop", at=NINE, state=CircuitState.ISOLATED, failures=2)
CLOSED = CircuitChange(circuit="api", pipeline="office", at=LATER, state=CircuitState.CLOSED)
REFUSED = Failure(
    pipeline="shop",
    operation="shop.jobs:charge",
    error_type="ninelives.errors.CircuitBreakerOpenError",
    text="circuit 'api' is open; try again in 60 s",
    severity=ErrorSeverity.WARNING,
    at=SOON,
    refused=True,
    circuit="api",
    letter_id="letter-1",
    letter_place="file:/srv/dlq.json",
)


CAUSE = Failure(
    pipeline="shop",
    operation="shop.jobs:charge",
    error_type="builtins.OSError",
    text="no route to +15551230000",
    severity=ErrorSeverity.ERROR,
    at=NINE,
    letter_id="letter-0",
    letter_place="file:/srv/dlq.json",
)
REASON = "; 5 failures in a row, the last builtins.OSError: no route to +1XXXXXXXXXX"


@pytest.fixture
def opened(world):
    """The alert that says that it opened."""

    def made(occurrence=OPENED, **how):
        times = {"first": NINE, "last": SOON, "began": NINE}
        return Alert(occurrence=occurrence, route=world.route(), phase=Phase.OPENED, **times | how)

    return made


@pytest.fixture
def after(opened):
    """One that follows it, an hour and twenty minutes after the beginning."""

    def made(occurrence, phase, **how):
        times = {"first": SOON, "last": LATER, "began": NINE}
        beginning = opened()
        return Alert(occurrence=occurrence, route=beginning.route, phase=phase, after=beginning, **times | how)

    return made


@pytest.mark.parametrize(
    ("change", "message", "more"),
    [
        (OPENED, "is open: calls are refused", {"state": "open", "failures": 5, "trial_after": "1 min"}),
        (ISOLATED, "is isolated: calls are refused until it is reset", {"state": "isolated", "failures": 2}),
        (CLOSED, "has closed: calls are admitted again", {"state": "closed"}),
    ],
)
def test_a_change_by_itself(change, message, more):
    """What has happened to the circuit, and what is known of how it goes on."""
    said = of_circuit(change)
    assert said == change.notification()
    assert said.message == f"Circuit api {message}"
    assert said.details == {"circuit": "api", **more, "host": hostname(), "process": os.getpid()}
    assert (said.severity, said.error_type, said.key) == (change.severity, "circuit_open", "circuit:api")
    assert (said.pipeline, said.first, said.last) == (change.pipeline, change.at, change.at)
    assert said.resolved is (change is CLOSED)


def test_opened(opened):
    """Since when it refuses calls, and how many it was so far."""
    said = of_alert(opened(count=12, total=12))
    assert said.message == "Circuit api is open since 2026-11-25 09:00:00 UTC: 12 calls were refused or failed"
    assert (said.severity, said.resolved) == ("ERROR", False)
    assert (said.count, said.first, said.last) == (12, NINE, SOON)
    assert said.details == {
        "phase": "opened",
        "circuit": "api",
        "state": "open",
        "failures": 5,
        "trial_after": "1 min",
        "host": hostname(),
        "process": os.getpid(),
        "total": 12,
        "began": "2026-11-25 09:00:00 UTC",
    }


@pytest.mark.parametrize(
    ("count", "calls"), [(0, "0 calls were refused"), (1, "1 call was refused"), (2_000, "2,000 calls were refused")]
)
def test_how_many_calls(opened, count, calls):
    """An outage may have cost no call, one, or many."""
    said = of_alert(opened(ISOLATED, count=count, total=count))
    assert said.message == f"Circuit api is isolated since 2026-11-25 09:00:00 UTC: {calls} or failed"
    assert said.count == count


def test_it_continues(after):
    """For how long, how many more calls it was since the last message, and how many in all."""
    said = of_alert(after(OPENED, Phase.CONTINUES, count=40, total=2_052))
    assert said.message == (
        "Circuit api is still open after 1 h 20 min, since 2026-11-25 09:00:00 UTC: "
        "40 more, in all 2,052 calls were refused or failed"
    )
    assert (said.count, said.first, said.last, said.resolved) == (40, SOON, LATER, False)
    assert (said.details["phase"], said.details["duration"]) == ("continues", "1 h 20 min")
    first = of_alert(after(OPENED, Phase.CONTINUES, count=40, total=40))
    assert first.message.endswith("UTC: 40 calls were refused or failed")


def test_it_is_over(after):
    """How long it took and how many calls it cost, whichever pipeline's call it was that closed it."""
    said = of_alert(after(CLOSED, Phase.RECOVERED, count=0, total=2_052))
    assert said.message == "Circuit api has closed after 1 h 20 min: 2,052 calls were refused or failed"
    assert (said.severity, said.resolved, said.count) == ("INFO", True, 0)
    assert said.details == {
        "phase": "recovered",
        "circuit": "api",
        "state": "closed",
        "failures": 5,
        "host": hostname(),
        "process": os.getpid(),
        "total": 2_052,
        "began": "2026-11-25 09:00:00 UTC",
        "duration": "1 h 20 min",
    }


def test_it_flaps(after):
    """How often it opened and closed since when, and how many calls that has cost."""
    flaps = Flaps(times=37, since=NINE)
    said = of_alert(after(OPENED, Phase.CONTINUES, count=412, total=412, flaps=flaps))
    assert said.message == (
        "Circuit api flaps: it opened and closed 37 more times since 2026-11-25 09:00:00 UTC; "
        "412 calls were refused or failed"
    )
    assert (said.severity, said.resolved, said.count, said.key) == ("ERROR", False, 412, "circuit:api")
    assert said.details["state"] == "flapping"
    assert said.details["opened_and_closed"] == 37
    assert said.details["flaps_since"] == "2026-11-25 09:00:00 UTC"
    assert subject_of(said) == "[ERROR] circuit api"


@pytest.mark.parametrize(
    ("times", "more"),
    [(0, ""), (1, ": it opened and closed once more since 2026-11-25 09:00:00 UTC; 3 calls were refused or failed")],
)
def test_it_flaps_no_more(after, times, more):
    """Since when it has been closed, and what was not told yet; it ends what was told of the circuit."""
    flaps = Flaps(times=times, since=NINE, over=True)
    said = of_alert(after(OPENED, Phase.CONTINUES, count=3 * times, total=3 * times, flaps=flaps))
    assert said.message == f"Circuit api flaps no more, and has been closed since 2026-11-25 10:20:00 UTC{more}"
    assert (said.severity, said.resolved, said.details["state"]) == ("INFO", True, "closed")
    assert subject_of(said) == "[RESOLVED] circuit api"


def test_one_that_flaps_is_open(opened):
    """Since when it refuses calls, and how often it opened before without being told."""
    said = of_alert(opened(count=30, total=12, flaps=Flaps(times=2, since=NINE)))
    assert said.message == (
        "Circuit api is open since 2026-11-25 09:00:00 UTC: 12 calls were refused or failed. It flaps: it opened and "
        "closed 2 more times since 2026-11-25 09:00:00 UTC; 30 calls were refused or failed in all"
    )
    assert (said.details["state"], said.details["opened_and_closed"], said.resolved) == ("open", 2, False)


def test_a_refused_call_tells_of_the_circuit(opened, after):
    """Where only refusals are known of it, the alert is the circuit's, with the call that was refused last."""
    said = of_alert(opened(REFUSED, count=3, total=3))
    assert said.message == "Circuit api is open since 2026-11-25 09:00:00 UTC: 3 calls were refused or failed"
    assert (said.severity, said.error_type, said.key) == ("ERROR", "circuit_open", "circuit:api")
    assert (said.letter_id, said.details["operation"]) == ("letter-1", "shop.jobs:charge")
    assert "ninelives dlq show letter-1 --store file:/srv/dlq.json" in text_of(said)
    again = of_alert(after(REFUSED, Phase.CONTINUES, count=1, total=4))
    assert again.key == said.key


def test_subjects(opened, after):
    """All messages of an outage have one subject, its end marked, whichever pipelines tell of it."""
    during = [opened(), opened(REFUSED), after(OPENED, Phase.CONTINUES)]
    assert {subject_of(of_alert(each)) for each in during} == {"[ERROR] circuit api"}
    over = of_alert(after(CLOSED, Phase.RECOVERED, total=7))
    assert subject_of(over) == "[RESOLVED] circuit api"
    assert line_of(over) == (
        "[RESOLVED] circuit api: Circuit api has closed after 1 h 20 min: 7 calls were refused or failed"
    )


def test_why_it_opened(opened, after):
    """What opened it is said, masked, as long as it is open: last, and once; and which letters there are."""
    for said in (
        of_alert(opened(cause=CAUSE, count=12, total=12)),
        of_alert(after(OPENED, Phase.CONTINUES, cause=CAUSE)),
        of_alert(after(OPENED, Phase.CONTINUES, cause=CAUSE, flaps=Flaps(times=37, since=NINE))),
    ):
        assert said.message.endswith(f"refused or failed{REASON}")
        assert said.details["error"] == {"type": "builtins.OSError", "message": "no route to +1XXXXXXXXXX"}
        assert (said.details["operation"], said.details["host"]) == ("shop.jobs:charge", hostname())
        assert said.details["list"] == "ninelives dlq list --pipeline shop --store file:/srv/dlq.json"
        assert text_of(said).count("no route to") == 1
        assert "5551230000" not in repr(said)
        assert subject_of(said) == "[ERROR] circuit api"


def test_why_it_had_opened(after):
    """Of one that has closed the details say what had opened it, and after how many failures in a row."""
    said = of_alert(after(CLOSED, Phase.RECOVERED, cause=CAUSE, count=0, total=7))
    assert said.message == "Circuit api has closed after 1 h 20 min: 7 calls were refused or failed"
    assert (said.details["failures"], said.details["error"]["type"]) == (5, "builtins.OSError")
    assert said.details["list"] == "ninelives dlq list --pipeline shop --store file:/srv/dlq.json"
    over = of_alert(after(OPENED, Phase.CONTINUES, cause=CAUSE, flaps=Flaps(times=0, since=NINE, over=True)))
    assert over.message == "Circuit api flaps no more, and has been closed since 2026-11-25 10:20:00 UTC"


def test_what_came_before_the_failure_that_opened_it(opened):
    """Where that came from other errors, the details name them too, masked."""
    said = of_alert(opened(cause=replace(CAUSE, origins=("builtins.OSError: refused by +15551230000",))))
    assert said.details["error"]["caused_by"] == ["builtins.OSError: refused by +1XXXXXXXXXX"]
    assert said.message.endswith(REASON)


def test_one_failure_that_opened_it(opened):
    """A circuit that one failure opens says so."""
    said = of_alert(opened(replace(OPENED, failures=1), cause=CAUSE))
    assert said.message.endswith("; 1 failure: builtins.OSError: no route to +1XXXXXXXXXX")


@pytest.mark.parametrize(
    ("store", "cause", "where"),
    [
        ("file:/srv/dlq.json", None, " --store file:/srv/dlq.json"),
        ("file:/srv/dlq.json", replace(CAUSE, letter_id=None), " --store file:/srv/dlq.json"),
        ("file:/srv/dlq.json", replace(CAUSE, letter_place="file:/srv/old.json"), " --store file:/srv/old.json"),
        ("memory:", None, None),
        (None, None, None),
    ],
)
def test_which_letters_there_are(opened, store, cause, where):
    """They are listed where the last one is, else in the pipeline's store; where there is none no command is named."""
    command = None if where is None else f"ninelives dlq list --pipeline shop{where}"
    assert of_alert(opened(replace(OPENED, store=store), cause=cause)).details.get("list") == command


def test_letters_of_refused_calls_are_listed(opened):
    """Where only a refusal is known, the letters are where its letter is."""
    said = of_alert(opened(REFUSED, count=3, total=3))
    assert said.details["list"] == "ninelives dlq list --pipeline shop --store file:/srv/dlq.json"
    assert said.message.endswith("3 calls were refused or failed")


def test_names_are_masked(opened):
    """A circuit whose name holds a secret is told of without it. (Law 57.)"""
    change = CircuitChange(circuit="+15551230000", pipeline="+15551230000", at=NINE, state=CircuitState.OPEN)
    assert "5551230000" not in repr(of_alert(opened(change)))
    assert "5551230000" not in repr(of_circuit(change))
