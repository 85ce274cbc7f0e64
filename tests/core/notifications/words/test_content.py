"""What alerts of failures say: what, where, how often, since when, and what to run."""

from __future__ import annotations

import os
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from ninelives.machine import hostname
from ninelives.notifications.alert import Alert, Phase
from ninelives.notifications.failure import Failure
from ninelives.notifications.notification import ErrorSeverity, Notification
from ninelives.notifications.occurrence import Ready
from ninelives.notifications.wording import line_of, subject_of, text_of
from ninelives.notifications.words.content import of_alert, of_failure, of_health, of_message
from ninelives.notifications.words.templates import Template

NINE = datetime(2026, 11, 25, 9, tzinfo=UTC)
HOURS = timedelta(hours=1)
FAILURE = Failure(
    pipeline="shop",
    operation="shop.jobs:charge",
    error_type="builtins.TimeoutError",
    text="no answer\nfrom +15551230000",
    severity=ErrorSeverity.ERROR,
    at=NINE + 4 * HOURS,
    attempts=6,
    call_id="call-1",
    fingerprint="abc",
    letter_id="letter-1",
    letter_place="file:/srv/dlq.json",
    trace="00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
)
SENTENCE = "shop.jobs:charge failed after 6 attempts: builtins.TimeoutError: no answer\nfrom +1XXXXXXXXXX"


@pytest.fixture
def alert(world):
    """An alert of that failure, at four o'clock of an error that began at nine."""

    def made(occurrence=FAILURE, **how):
        route = world.route(template=how.pop("template", None))
        times = {"first": NINE + HOURS, "last": NINE + 4 * HOURS, "began": NINE}
        return Alert(occurrence=occurrence, route=route, **times | how)

    return made


def test_a_failure_says_all_that_is_known():
    """What failed, where, its error, its letter and the commands for it, and its trace; masked."""
    said = of_failure(FAILURE)
    assert said.message == SENTENCE
    assert (said.severity, said.error_type, said.pipeline) == ("ERROR", "builtins.TimeoutError", "shop")
    assert (said.letter_id, said.key) == ("letter-1", "shop:builtins.TimeoutError:abc")
    assert (said.count, said.first, said.last, said.resolved) == (1, FAILURE.at, FAILURE.at, False)
    assert said.details == {
        "operation": "shop.jobs:charge",
        "attempts": 6,
        "error": {"type": "builtins.TimeoutError", "message": "no answer\nfrom +1XXXXXXXXXX"},
        "call_id": "call-1",
        "letter": {"id": "letter-1", "place": "file:/srv/dlq.json"},
        "show": "ninelives dlq show letter-1 --store file:/srv/dlq.json",
        "replay": "ninelives dlq replay letter-1 --app MODULE:PIPELINE --store file:/srv/dlq.json",
        "host": hostname(),
        "process": os.getpid(),
        "trace": FAILURE.trace,
    }


def test_the_whole_text(alert):
    """As a mail has it: nothing is said twice."""
    text = text_of(of_alert(alert(phase=Phase.CONTINUES, count=412, total=2_000)))
    assert (
        text
        == f"""\
412 more, 2,000 in all since 2026-11-25 09:00:00 UTC: shop.jobs:charge failed after 6 attempts: builtins.TimeoutError: \
no answer
    from +1XXXXXXXXXX

severity: ERROR
pipeline: shop
error type: builtins.TimeoutError
times: 412
since: 2026-11-25 10:00:00 UTC
last: 2026-11-25 13:00:00 UTC
dead letter: letter-1

phase: continues
total: 2000
began: 2026-11-25 09:00:00 UTC
list: ninelives dlq list --fingerprint abc --store file:/srv/dlq.json
operation: shop.jobs:charge
attempts: 6
call_id: call-1
letter.place: file:/srv/dlq.json
show: ninelives dlq show letter-1 --store file:/srv/dlq.json
replay: ninelives dlq replay letter-1 --app MODULE:PIPELINE --store file:/srv/dlq.json
host: {hostname()}
process: {os.getpid()}
trace: {FAILURE.trace}
"""
    )


@pytest.mark.parametrize(
    ("how", "often"),
    [
        ({}, ""),
        ({"count": 57, "total": 57}, "57 times since 2026-11-25 09:00:00 UTC: "),
        ({"count": 1, "total": 2}, "1 more, 2 in all since 2026-11-25 09:00:00 UTC: "),
        ({"count": 0, "total": 1_000_000}, "0 more, 1,000,000 in all since 2026-11-25 09:00:00 UTC: "),
    ],
)
def test_how_often(alert, how, often):
    """The sentence says how often, and since when, where it was more than once; the fields count the message's own."""
    said = of_alert(alert(**how))
    assert said.message == f"{often}{SENTENCE}"
    assert (said.count, said.first, said.last) == (how.get("count", 1), NINE + HOURS, NINE + 4 * HOURS)
    assert said.details["phase"] == "new"
    assert said.details.get("total") == how.get("total")


def test_one_line(alert):
    """For a text message: what it is about, then how often, once, then the rest."""
    assert line_of(of_alert(alert(phase=Phase.CONTINUES, count=412, total=2_000))) == (
        "[ERROR] shop: builtins.TimeoutError: 412 more, 2,000 in all since 2026-11-25 09:00:00 UTC: "
        "shop.jobs:charge failed after 6 attempts: builtins.TimeoutError: no answer from +1XXXXXXXXXX"
    )


def test_the_subject_is_the_same_for_all_of_a_kind(alert):
    """The first message and those that follow have one subject, whatever the errors' texts say."""
    later = alert(replace(FAILURE, text="another", attempts=1), phase=Phase.CONTINUES, count=3, total=4)
    subjects = {subject_of(of_alert(each)) for each in (alert(), later)}
    assert subjects == {"[ERROR] shop: builtins.TimeoutError"}


def test_many_kinds_together(alert):
    """What stands for more kinds than are told apart says so, and has one subject, whatever came last."""
    several = [replace(FAILURE, error_type=name) for name in ("ValueError", "OSError")]
    said = [of_alert(alert(each, others=True, count=5, total=9)) for each in several]
    assert {subject_of(each) for each in said} == {"[ERROR] shop: others"}
    assert {each.key for each in said} == {"shop:notify:others"}
    assert said[0].message.startswith("Of more kinds than are told apart: 5 more, 9 in all since ")
    assert said[0].details["error"]["type"] == "ValueError"


@pytest.mark.parametrize(
    ("how", "message", "details"),
    [
        ({"attempts": 1}, "failed after 1 attempt: ", {}),
        ({"refused": True, "circuit": "api"}, "was refused: ", {"circuit": "api"}),
        ({"replay_count": 2}, "failed after 6 attempts: ", {"replay_count": 2}),
        ({"replay_count": 0, "letter_id": None}, "failed after 6 attempts: ", {"replay_count": 0}),
    ],
)
def test_what_else_a_failure_says(how, message, details):
    """One that was refused is told as such, with its circuit; a replay's with how often its letter has failed."""
    said = of_failure(replace(FAILURE, **how))
    assert said.message.startswith(f"shop.jobs:charge {message}")
    assert said.details.items() >= details.items()


def test_what_an_error_came_from_is_said():
    """After the error itself: of many, such as a group of tasks', the message says little of why."""
    said = of_failure(replace(FAILURE, origins=("builtins.OSError: the bank is down", "builtins.KeyError: 'id'")))
    assert said.message.endswith(" (caused by builtins.OSError: the bank is down; builtins.KeyError: 'id')")
    assert said.details["error"]["caused_by"] == ["builtins.OSError: the bank is down", "builtins.KeyError: 'id'"]


def test_a_letter_that_is_not_whole():
    """What a replay would lack is said, masked, and the command that puts it back stands before the replay's."""
    said = of_failure(replace(FAILURE, letter_lacks="kwargs.user.phone, args[0]['+15551230000'], masked"))
    lacks = "kwargs.user.phone, args[0]['+1XXXXXXXXXX'], masked: put it back by an edit before the replay"
    assert said.details["letter"]["lacks"] == lacks
    assert list(said.details)[5:8] == ["show", "edit", "replay"]


@pytest.mark.parametrize(
    ("how", "listed"),
    [
        ({}, "--store file:/srv/dlq.json"),
        ({"letter_place": "redis://u:hunter2@host"}, "--pipeline shop"),
        ({"pipeline": "+15551230000", "letter_place": None}, "--pipeline +1XXXXXXXXXX"),
        ({"pipeline": "'pin': '1234'", "letter_place": None}, """--pipeline ''"'"'pin'"'"': ***'"""),
        ({"letter_place": "memory:"}, None),
        ({"letter_id": None}, None),
        ({"fingerprint": None}, None),
        ({"fingerprint": "from +15551230000"}, None),
    ],
)
def test_more_of_a_kind_can_be_listed(alert, how, listed):
    """From the second on, an alert names the command that lists the letters of its kind, where there is one."""
    failure = replace(FAILURE, **how)
    command = None if listed is None else f"ninelives dlq list --fingerprint abc {listed}"
    assert of_alert(alert(failure, count=2, total=3)).details.get("list") == command
    assert "list" not in of_alert(alert(failure)).details
    assert "list" not in of_alert(alert(failure, count=2, total=3, others=True)).details


def test_a_bare_failure_names_nothing_that_is_not_there():
    """Without a letter, a trace or an id there is no row for them, and no command."""
    bare = replace(FAILURE, letter_id=None, letter_place=None, trace=None, call_id=None, fingerprint=None)
    assert list(of_failure(bare).details) == ["operation", "attempts", "error", "host", "process"]


def test_every_text_is_masked():
    """A secret in any text of a failure is in no text of what is said of it. (Law 57.)"""
    phone = "call +15551230000"
    said = of_failure(
        replace(
            FAILURE,
            pipeline=phone,
            operation=phone,
            text=phone,
            origins=(phone,),
            circuit=phone,
            letter_place=f"file:/srv/{phone}",
        )
    )
    assert "5551230000" not in repr(said)
    assert "--store" not in said.details["show"], "a masked address leads nowhere"


@pytest.mark.parametrize("text", ["", "\ud800 half", "\x00\x1b[2J", "x" * 1_000_000, "{braces} %s"])
def test_no_text_breaks_an_alert(alert, text):
    """Whatever an error says, it is told, bounded."""
    said = of_alert(alert(replace(FAILURE, text=text), count=2, total=2))
    assert len(text_of(said).encode()) < 50_000


ANYTHING = st.text() | st.text(alphabet="+0123456789 -./:@?&=%{}$'\n\ud800*#")


@settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(ANYTHING, ANYTHING, ANYTHING, ANYTHING, ANYTHING)
def test_any_texts_are_told(alert, pipeline, operation, text, circuit, place):
    """Whatever the texts of a failure are, it is worded as the whole, as a line and as a subject, all valid UTF-8."""
    failure = replace(FAILURE, pipeline=pipeline, operation=operation, text=text, circuit=circuit, letter_place=place)
    kind = of_alert(alert(failure, count=2, total=3, template=Template.of("{pipeline} {error} {show}")))
    outage = of_alert(alert(failure, phase=Phase.OPENED, count=2, total=3))
    for said in (kind, outage, replace(kind, text=None)):
        assert (text_of(said) + line_of(said) + subject_of(said)).encode()
        assert "\n" not in line_of(said) + subject_of(said)


def test_what_comes_ready_stays_as_it_is(alert):
    """A notification that came as one is told as it came; only where it stands for several it says that as well."""
    ready = Notification(message="the store is full", details={"phase": "waxing"}, key="store", first=NINE)
    assert of_alert(alert(Ready(ready, NINE))) is ready
    many = of_alert(alert(Ready(ready, NINE), phase=Phase.CONTINUES, count=2, total=3))
    assert many.message == "2 more, 3 in all since 2026-11-25 09:00:00 UTC: the store is full"
    assert many.details == {"phase": "waxing", "total": 3, "began": "2026-11-25 09:00:00 UTC"}
    assert (many.key, many.count) == ("store", 2)


def test_a_template_words_alerts(alert, logged):
    """The route's template makes the text; one that fails leaves ours, and a warning."""
    form = Template.of("{pipeline}: {total} x {error} since {began}; see: {show}")
    said = of_alert(alert(count=2, total=3, template=form))
    assert said.text == (
        "shop: 3 x no answer\nfrom +1XXXXXXXXXX since 2026-11-25 09:00:00 UTC; "
        "see: ninelives dlq show letter-1 --store file:/srv/dlq.json"
    )
    assert said.message.endswith(SENTENCE)
    assert of_alert(alert(template=Template.of(lambda _: 1 / 0))).text is None
    assert len(logged.records) == 1


class Broken:
    """Answers whatever it is asked with an error."""

    def __repr__(self):
        raise RuntimeError("no repr")

    __str__ = __bool__ = __len__ = __iter__ = __hash__ = __repr__

    def __getattribute__(self, name):
        raise RuntimeError(f"no {name}")


class BrokenMapping(dict):
    """Says that it has something, and then has not."""

    def __iter__(self):
        raise RuntimeError("no keys")

    __len__ = __bool__ = __iter__


def test_details_of_any_kind_are_sent_bounded():
    """Details that are not JSON, contain themselves or can't be read are placeholders, and the rest is told."""
    details = {"number": 1, "broken": Broken(), "set": {1}, "bytes": b"x"}
    details["itself"] = details
    said = of_message("m", details, "ERROR", None, NINE)
    assert (said.details["number"], said.details["set"]) == (1, [1])
    assert "<" in said.details["broken"]
    assert said.details["itself"] == "<contains itself>"
    deep: list = []
    for _ in range(1_000):
        deep = [deep]
    many = of_message("m", {"deep": deep, "long": "x" * 1_000_000, "many": list(range(100_000))}, "ERROR", None, NINE)
    assert len(text_of(many)) < 50_000


@pytest.mark.parametrize("make", [Broken, lambda: BrokenMapping(a=1), object, lambda: 3, lambda: b"x", lambda: ["a"]])
def test_whatever_is_given_is_told(make):
    """A message, a severity, a kind or details of any type are told, as an ERROR, and raise nothing."""
    given = make()
    said = of_message(given, given, given, given, NINE)
    assert said.severity is ErrorSeverity.ERROR
    assert said.message
    assert said.key == said.error_type
    assert "severity" in said.details
    assert text_of(said)
    assert of_health(None, False, given, NINE).details


@pytest.mark.parametrize("given", [None, {}, [], "", 0])
def test_no_details_are_none(given):
    """Nothing given is nothing said."""
    assert of_message("m", given, "info", "E", NINE) == Notification(
        message="m", severity=ErrorSeverity.INFO, error_type="E", key="E", first=NINE, last=NINE
    )


def test_a_health_check():
    """One that is well again is marked as the end of what was told."""
    ill, well = of_health("db", False, {"lag": 7}, NINE), of_health("db", True, None, NINE)
    assert (ill.message, ill.severity, ill.resolved) == ("Health check (db): not healthy", "ERROR", False)
    assert (well.message, well.severity, well.resolved) == ("Health check (db): healthy again", "INFO", True)
    assert ill.key == well.key
    assert ill.details == {"lag": 7}


@pytest.mark.parametrize("module", ["tokens", "auth", "shop.otp", "users.email"])
def test_a_module_named_like_a_secret_stays_readable(module):
    """A function's own name is no secret, whatever its module is called: it, the key and the commands can be used."""
    said = of_failure(replace(FAILURE, pipeline="p", operation=f"{module}:charge", letter_place="file:/srv/dlq.json"))
    assert said.details["operation"] == f"{module}:charge"
    assert "***" not in repr(said)
