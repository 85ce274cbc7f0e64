"""The fingerprints of letters: the program's own, ours, and those of what was sent by hand."""

from __future__ import annotations

import logging
import sys
from collections import UserDict
from types import ModuleType

import pytest

from ninelives.dead_letters.fingerprints import MAX_FINGERPRINT, Fingerprints
from ninelives.dead_letters.memory import MemoryStore
from ninelives.dead_letters.queue import DeadLetterQueue
from ninelives.errors import ConfigurationError
from ninelives.fingerprint import FINGERPRINT_VERSION, fingerprint
from ninelives.plugins import Plugins


class DeclinedError(Exception):
    """An error with a code, as payment services have them."""

    def __init__(self, code):
        super().__init__(code)
        self.code = code


def by_code(error):
    return f"declined {error.code}"


async def too_late(error):
    return "never awaited"


def many(error):
    yield "one"


@pytest.fixture
def module(monkeypatch):
    """A module of the program's, importable as ``program_kinds``."""
    module = ModuleType("program_kinds")
    module.by_code, module.no_function, module.too_late = by_code, 3, too_late
    monkeypatch.setitem(sys.modules, module.__name__, module)
    return module


def letters(queue):
    return queue.stores.store.own.browse_all()


class Store(MemoryStore):
    def browse_all(self):
        from ninelives.dead_letters.letter import LetterFilter

        return self.browse(LetterFilter(), limit=100).letters


def declined(code):
    raise DeclinedError(code)


def fail(pipeline, *args):
    assert not pipeline.try_run(declined, *args).ok


def test_the_programs_own_function_says_what_is_of_one_kind(shop):
    """`fingerprint=` groups by what the function says, and version 0 marks that it was the program's."""
    store = Store()
    pipeline = shop.pipeline(chain=["dead_letter"], dead_letter={"store": store, "fingerprint": by_code})
    for code in (51, 51, 14):
        fail(pipeline, code)
    kinds = [(letter.fingerprint, letter.fingerprint_version) for letter in store.browse_all()]
    assert kinds == [("declined 51", 0), ("declined 51", 0), ("declined 14", 0)]


def test_a_name_is_imported(module, shop):
    """In the file the function is "module:name", as in `retry_exceptions`."""
    store = Store()
    options = {"store": store, "fingerprint": "program_kinds:by_code"}
    pipeline = shop.pipeline(chain=["dead_letter"], dead_letter=options)
    fail(pipeline, 51)
    assert store.browse_all()[0].fingerprint == "declined 51"
    assert pipeline["dead_letter"].describe()["fingerprint"] == "program_kinds:by_code"


def test_describe_names_the_function():
    """A function that was given is described by its own name."""
    queue = DeadLetterQueue(store=MemoryStore(), fingerprint=by_code, plugins=Plugins())
    assert queue.describe()["fingerprint"] == f"{__name__}:by_code"


@pytest.mark.parametrize(
    ("given", "why"),
    [
        (3, "a plain function of the error"),
        ("by_code", "a plain function of the error"),
        (DeclinedError, "a plain function of the error"),
        (too_late, "a plain function of the error"),
        (many, "a plain function of the error"),
        ("program_kinds:no_function", "what it names is none"),
        ("program_kinds:too_late", "what it names is none"),
        ("program_kinds:not_there", "importing it raised builtins.AttributeError"),
        ("no_such_module:by_code", "importing it raised builtins.ModuleNotFoundError"),
    ],
)
def test_what_is_no_function_is_refused(module, shop, given, why):
    """Anything but a plain function or the name of one is refused when the queue is built, alone or as a link."""
    with pytest.raises(ConfigurationError, match=why) as caught:
        DeadLetterQueue(store=MemoryStore(), fingerprint=given, plugins=Plugins())
    (problem,) = caught.value.problems
    assert problem.place == "DeadLetterQueue(fingerprint=)"
    with pytest.raises(ConfigurationError, match=why) as caught:
        shop.pipeline(dead_letter={"store": "memory:", "fingerprint": given})
    assert "'fingerprint': ...}" in caught.value.problems[0].place


@pytest.mark.parametrize(
    ("said", "kept"),
    [
        ("  one\n\ttwo\x00  ", "one two"),
        ("x" * 500, "x" * MAX_FINGERPRINT),
        ("x" * 10_000_000, "x" * MAX_FINGERPRINT),
        ("a\ud800b", "a\\ud800b"),
        ("größe", "größe"),
    ],
    ids=lambda text: text[:5].encode("ascii", "backslashreplace").decode(),
)
def test_what_it_says_is_cleaned_and_bounded(said, kept):
    """It is one line of printable characters, and 200 of them at most."""
    assert Fingerprints(lambda _error: said).of(ValueError()) == {"fingerprint": kept, "fingerprint_version": 0}


class Text(str):
    """Text of another type."""

    __slots__ = ()


def test_text_of_another_type_is_text():
    """A subclass of str is as good, and becomes plain text."""
    assert type(Fingerprints(lambda _error: Text("kind")).of(ValueError())["fingerprint"]) is str


def broken(error):
    raise RuntimeError("password=hunter2")


@pytest.mark.parametrize("own", [broken, lambda _: None, lambda _: "", lambda _: " \n", lambda _: 7, lambda _: b"kind"])
def test_one_that_fails_costs_a_line_in_the_log(caplog, own):
    """Where it raises or gives no text our rule counts, its version too; one line says so, masked, and only once."""
    fingerprints, error = Fingerprints(own), ValueError()
    ours = {"fingerprint": fingerprint(error), "fingerprint_version": FINGERPRINT_VERSION}
    assert [fingerprints.of(error) for _ in range(3)] == [ours] * 3
    (record,) = caplog.records
    assert (record.name, record.levelno) == ("ninelives", logging.WARNING)
    assert record.getMessage().startswith("the function dead_letter.fingerprint r")
    assert "hunter2" not in record.getMessage()


def test_one_that_fails_in_the_pipeline_itself_is_not_asked_again(shop):
    """A function that calls the pipeline, and fails there, is asked once: each failure is one letter."""
    store, asked = Store(), []

    def own(error):
        asked.append(error)
        pipeline.run(declined, 2)

    pipeline = shop.pipeline(dead_letter={"store": store, "fingerprint": own})
    for _ in range(2):
        asked.clear()
        fail(pipeline, 1)
        assert [error.code for error in asked] == [1]
    assert [letter.args for letter in store.browse_all()] == [[1], [2], [1], [2]]
    assert {letter.fingerprint_version for letter in store.browse_all()} == {FINGERPRINT_VERSION}


def test_an_application_that_is_installed_is_the_callers_own(shop):
    """The package of the call's function counts as the caller's code, so that not all its failures are one heap."""
    names = {"__name__": "app.orders"}
    source = "import json\ndef one(): json.loads('{')\ndef other(): json.loads('{')"
    exec(compile(source, "/venv/lib/python3.12/site-packages/app/orders.py", "exec"), names)  # noqa: S102 - a module that is installed
    store = Store()
    pipeline = shop.pipeline(chain=["dead_letter"], dead_letter={"store": store})
    for name in ("one", "other", "one"):
        assert not pipeline.try_run(names[name]).ok
    one, other, again = (letter.fingerprint for letter in store.browse_all())
    assert one == again != other


class LyingError(Exception):
    """Raises at what is asked of it."""

    @property
    def __cause__(self):
        raise RuntimeError("cause")


def test_an_error_that_can_not_be_looked_at_has_none():
    """Where not even our rule can say anything there is no fingerprint, and no exception."""
    assert Fingerprints().of(LyingError()) == {"fingerprint": None, "fingerprint_version": FINGERPRINT_VERSION}


def test_a_failed_replay_makes_it_of_the_new_errors_kind():
    """After a replay that failed otherwise the letter stands among those that fail so: its error is the new one."""
    store, errors = Store(), [ValueError("one"), DeclinedError(51)]

    def again(_message):
        raise errors.pop()

    queue = DeadLetterQueue(reprocessor=again, store=store, plugins=Plugins())
    letter_id = queue.send_to_dlq("x", {"error_type": "api"})
    kinds = [store.get(letter_id).fingerprint]
    for _ in range(2):
        assert not queue.reprocess_message(letter_id)
        kinds.append(store.get(letter_id).fingerprint)
    assert len(set(kinds)) == 3
    assert store.get(letter_id).error.type == "builtins.ValueError"


def test_a_replay_through_the_pipeline_does_the_same(shop):
    """`Pipeline.replay` gives the letter the kind of the error that it failed with now, by the own rule too."""
    store, codes = Store(), [51, 14]

    def charge():
        raise DeclinedError(codes.pop(0))

    pipeline = shop.pipeline(chain=["dead_letter"], dead_letter={"store": store, "fingerprint": by_code})
    pipeline.register(charge)
    assert not pipeline.try_run(charge).ok
    assert pipeline.replay().failed == 1
    (letter,) = store.browse_all()
    assert (letter.fingerprint, letter.fingerprint_version) == ("declined 14", 0)


def test_a_function_that_is_new_counts_from_then_on():
    """What is stored is never grouped anew; a letter that fails again is of the kind that is said now."""
    store = Store()
    errors = [DeclinedError(14), DeclinedError(14)]

    def again(_message):
        raise errors.pop()

    def queue(**options):
        return DeadLetterQueue(reprocessor=again, store=store, plugins=Plugins(), **options)

    first, second = queue().send_to_dlq(1, {"error_type": "a"}), queue().send_to_dlq(2, {"error_type": "a"})
    queue().reprocess_message(first)
    queue(fingerprint=by_code).reprocess_message(second)
    versions = {letter.id: letter.fingerprint_version for letter in store.browse_all()}
    assert versions == {first: FINGERPRINT_VERSION, second: 0}


def test_a_message_is_of_the_kind_that_is_told():
    """Messages sent by hand are grouped by the error type and the operation that came with them, never the message."""
    store = Store()
    queue = DeadLetterQueue(store=store, plugins=Plugins())
    same = [{"error_type": "api", "error_message": text} for text in ("no", "never")]
    other = [{"error_type": "timeout"}, {"error_type": "api", "operation": "charge"}, UserDict({"error_type": 404})]
    unknown = [None, {}, {"error_message": "no"}, {"error_type": ""}, "boom", {"operation": "charge"}]
    for info in (*same, *other, *unknown):
        queue.send_to_dlq("x", info)
    kinds = [letter.fingerprint for letter in store.browse_all()]
    assert kinds[0] == kinds[1]
    assert len(set(kinds[:5])) == 4
    assert kinds[5:] == [None] * len(unknown)
    told = [letter.error and (letter.error.type, letter.error.message) for letter in store.browse_all()]
    assert told == [("api", "no"), ("api", "never"), ("timeout", ""), ("api", ""), ("404", ""), *[None] * len(unknown)]
    assert {letter.fingerprint_version for letter in store.browse_all()} == {FINGERPRINT_VERSION}


def test_a_message_that_comes_again_is_of_the_kind_that_is_told_then():
    """A reprocessor that sends its message again says of which kind it is now; if it says nothing, it stays so."""
    store, told = Store(), [None, {"error_type": "timeout"}]

    def again(message):
        queue.send_to_dlq(message, told.pop())

    queue = DeadLetterQueue(reprocessor=again, store=store, plugins=Plugins())
    letter_id = queue.send_to_dlq({"to": "Tom"}, {"error_type": "api"})
    kinds = [store.get(letter_id).fingerprint]
    for _ in range(2):
        assert not queue.reprocess_message(letter_id)
        kinds.append(store.get(letter_id).fingerprint)
    assert kinds[0] != kinds[1] == kinds[2]


class Lying(UserDict):
    """A mapping that has nothing of what it says."""

    def get(self, key, default=None):
        raise RuntimeError(key)


def test_what_is_told_may_be_anything():
    """Error info that raises when it is looked at costs the kind, not the letter."""
    store = Store()
    DeadLetterQueue(store=store, plugins=Plugins()).send_to_dlq("x", Lying({"error_type": "api"}))
    (letter,) = store.browse_all()
    assert (letter.fingerprint, letter.error, letter.message) == (None, None, "x")
