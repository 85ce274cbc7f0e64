"""The program's own wording: checked when it is made, and never in the way of an alert."""

from __future__ import annotations

import threading
from datetime import UTC, datetime

import pytest

from ninelives.errors import ConfigurationError
from ninelives.notifications.dispatch.together import deliver_directly
from ninelives.notifications.notification import ErrorSeverity, Notification
from ninelives.notifications.words.formats import FIELDS
from ninelives.notifications.words.templates import Template, reworded
from ninelives.testing import RecordingChannel

NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)
FAILED = Notification(
    message="no answer",
    severity=ErrorSeverity.CRITICAL,
    details={"phase": "continues", "error": {"message": "timed out"}, "attempts": 3, "letter": {"place": "file:/x"}},
    pipeline="shop",
    count=7,
    first=NOON,
)


@pytest.mark.parametrize(
    ("form", "text"),
    [
        ("{pipeline}: {message}", "shop: no answer"),
        ("{severity} {count:>3} {first:%H:%M} {phase}", "CRITICAL   7 12:00 continues"),
        ("{error} after {attempts}, {place}", "timed out after 3, file:/x"),
        ("{count:,} {attempts:.1f} {error:>10.5}", "7 3.0      timed"),
        ("{first:%-d. %b %H:%M %%}", "1. Jan 12:00 %"),
        ("{{braces}} and {message}", "{braces} and no answer"),
        ("[{letter_id}{last:%H:%M}{trace}{circuit:>9}]", "[]"),
    ],
)
def test_a_format_string(form, text):
    """Fields stand for what the notification has, in its details too; what it has not is nothing, however formatted."""
    template = Template.of(form)
    assert template.render(FAILED) == text
    assert str(template) == form


def test_every_field_can_be_named():
    """A format string may name each of the fields, and each notification has a text for it."""
    form = "; ".join(f"{name}={{{name}}}" for name in FIELDS)
    assert Template.of(form).render(Notification(message="bare")).startswith("message=bare; severity=ERROR; ")


def shout(notification):
    return notification.message.upper()


class Shouts:
    def __call__(self, notification):
        return notification.message.upper()


@pytest.mark.parametrize(("function", "name"), [(shout, "shout"), (Shouts(), "Shouts"), (str, "str")])
def test_a_function(function, name):
    """A function, or whatever can be called like one, is given the notification and returns its text."""
    template = Template.of(function)
    assert "NO ANSWER" in template.render(FAILED).upper()
    assert str(template) == name


def test_a_function_that_is_named():
    """Also in a file, which can't hold a function: ``module:name``, as other options take it."""
    template = Template.of("builtins:repr")
    assert template.render(FAILED).startswith("Notification(message='no answer'")
    assert str(template) == "builtins:repr"


async def later(notification):
    return notification.message


class Later:
    async def __call__(self, notification):
        return notification.message


def pieces(notification):
    yield notification.message


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("{nobody}", "fields by their names alone, of: message, severity, "),
        ("{nobody}", "not {nobody}"),
        ("{details}", "not {details}"),
        ("{message.__class__}", "not {message.__class__}"),
        ("{first[0]}", "not {first[0]}"),
        ("{}", "not {}"),
        ("{0}", "not {0}"),
        ("{message", "braces in pairs"),
        ("message}", "braces in pairs"),
        ("{message!r}", "nothing behind the field message but a colon"),
        ("{count:{total}}", "nothing behind the field count but a colon"),
        ("{count:soon}", "that is a whole number, like {count:>5}; not {count:soon}"),
        ("{error:d}", "that is text, like {error:.80}; not {error:d}"),
        ("{host:d}", "not {host:d}"),
        ("{severity:%H}", "not {severity:%H}"),
        ("{phase:.2f}", "not {phase:.2f}"),
        ("{resolved:%H}", "that is True or False; not"),
        ("{last:%Q}", "that is a time, like {first:%H:%M}; not {last:%Q}"),
        ("{last:%H:%}", "not {last:%H:%}"),
        ("{first:100%%}", "not {first:100%%}"),
        ("{first:>20}", "not {first:>20}"),
        ("{error:999999999}", "not {error:999999999}"),
        ("{error.__class__}", "not {error.__class__}"),
        ("", "a field at least, like {pipeline}: {message}; else no alert would say what has failed"),
        (" \n", "a field at least"),
        ("the shop is ill", "a field at least"),
        ("Attention: the shop is ill", "a field at least"),
        ("{{message}}:{{count}}", "a field at least"),
        ("shop:", "a field at least"),
        ("no_such_module:shout", '"module:name" of one, or a format string with named fields; importing it raised Mod'),
        ("builtins:nothing", "importing it raised AttributeError: module 'builtins' has no attribute 'nothing'"),
        ("math:pi", "with named fields; what it names is none"),
        ("os:getcwd", "this one can't be called with a notification alone"),
        ("asyncio:sleep", "this is a coroutine function"),
        ("pkgutil:iter_modules", "this is a generator function"),
        (3, "a function of one notification that returns its text"),
        (lambda: "none", "returns its text; this one can't be called with a notification alone"),
        (lambda first, second: "two", "this one can't be called with a notification alone"),
        (later, "returns its text; this is a coroutine function, which nobody would await"),
        (Later(), "this is a coroutine function"),
        (pieces, "this is a generator function, of which nothing would run"),
        (None, "a function of one notification"),
    ],
)
def test_what_can_not_work_is_refused_when_it_is_made(value, expected):
    """Whatever is no template is refused at once, with what of it is wrong. (Law 60.)"""
    with pytest.raises(ConfigurationError) as caught:
        Template.of(value)
    (problem,) = caught.value.problems
    assert expected in problem.expected
    assert (problem.place, problem.option) == ("AdminNotifier(template=)", "template")


def test_all_that_is_wrong_is_said_at_once():
    """Each field that can't be is a problem of its own."""
    with pytest.raises(ConfigurationError) as caught:
        Template.of("{one} {message} {two}")
    assert [problem.expected.rpartition("; ")[2] for problem in caught.value.problems] == ["not {one}", "not {two}"]


def broken(notification):
    raise RuntimeError(f"{notification.message}\nERROR forged, password=hunter2")


def ends(notification):
    raise SystemExit(1)


@pytest.mark.parametrize(
    ("function", "why"),
    [
        (broken, "RuntimeError: no answer\\nERROR forged, password=***"),
        (ends, "SystemExit: 1"),
        (lambda notification: None, "it gave no text but None"),
        (lambda notification: notification, "it gave no text but Notification"),
        (lambda notification: " ", "it gave no text but ' '"),
    ],
)
def test_a_template_that_fails_is_said_once(logged, function, why):
    """Where the program's code fails or gives no text there is none, and one warning says so, masked, on one line."""
    template = Template.of(function)
    assert [template.render(FAILED) for _ in range(3)] == [None] * 3
    (record,) = logged.records
    assert (record.levelname, "\n" in record.getMessage()) == ("WARNING", False)
    assert why in record.getMessage()
    assert reworded(FAILED, template) is FAILED


def test_a_form_may_not_fit_what_a_program_sends(logged):
    """A format that the details' own values do not take is a template that fails."""
    template = Template.of("{attempts:d}")
    assert template.render(FAILED) == "3"
    assert template.render(Notification(message="m", details={"attempts": "three"})) is None
    assert "ValueError" in logged.records[0].getMessage()


def test_whoever_ends_the_program_does_so():
    """Ctrl-C within a template is not held up."""

    def interrupted(notification):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        Template.of(interrupted).render(FAILED)


def test_the_text_is_masked_and_bounded():
    """What a template makes is masked as all else is, and of a very long text the beginning is kept. (Law 57.)"""
    assert Template.of(lambda _: "call +15551230000").render(FAILED) == "call +1XXXXXXXXXX"
    assert len(Template.of(lambda _: "x" * 1_000_000).render(FAILED)) < 11_000


def test_what_is_sent_directly_is_reworded_too(world):
    """A template is for all that its notifier sends, and changes nothing but the text."""
    channel = RecordingChannel()
    deliver_directly(FAILED, world.route(channel, template=Template.of("{pipeline} is ill")))
    (sent,) = channel.notifications
    assert (sent.text, sent.message, sent.details) == ("shop is ill", FAILED.message, FAILED.details)
    assert reworded(FAILED, None) is FAILED


def test_a_template_is_for_many_threads(logged):
    """Threads that fail together warn once."""
    template, barrier = Template.of(broken), threading.Barrier(8)

    def render():
        barrier.wait()
        template.render(FAILED)

    threads = [threading.Thread(target=render) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(logged.records) == 1
