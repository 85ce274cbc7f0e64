"""Options of alerts as people mistype them: one clear error each, whichever way they are given."""

from __future__ import annotations

import math
import tomllib
from datetime import timedelta

import pytest

from ninelives import AdminNotifier, ConfigurationError, Pipeline
from ninelives.settings import Settings

TIMES = ("timeout", "group_interval", "repeat_interval", "over_after", "wait")
NO_TIME = ["", "x", "5 parsecs", "5M", "5 min", "-5m", "1e3", -1, math.nan, math.inf, -math.inf, True, [], {}, 10**40,
           "9" * 20 + "w", timedelta(-1)]  # fmt: skip
TIME = (
    " and of at most 100 years: a number with its unit (s, m, h, d, w), "
    'as in "30d" or "12h", a number of seconds, or a timedelta'
)
MAY_BE_0 = ("group_interval", "wait")

SWITCH = "True or False"
TEMPLATE = (
    'a function of one notification that returns its text, "module:name" of one, or a format string with named fields'
)
CHANNELS = "at least one address, like 'log:'; leave the link out for none"
CHANNEL = "an address, like 'log:', or a channel"
ENTRY = f"{CHANNEL}, or {{to = ..., severity = ...}} of one"
SEVERITY = "one of: INFO, WARNING, ERROR, CRITICAL"
GROUP = "a list of at least two different channels, in the order in which they are tried"
GROUPS = f"a list of groups, each {GROUP}"
ADDRESS = "scheme:target?options, like 'file:./dlq.json'"
INSTALLED = "an installed channel (there are: log, sms, smtp, smtps, sns)"
MAIL = "smtp://mail.example.com?sender=jerry@example.com"
LOGIN = MAIL.replace("//", "//shop:hunter2@")
SMS = "sms:+15551230000"

WRONG = [
    *(("flush", value, [f" is {value!r}: expected {SWITCH}"]) for value in (0, 1, "", "yes", [], {}, math.nan)),
    *(("template", value, [f" is {value!r}: expected {TEMPLATE}"]) for value in (3, True, [], {}, math.nan)),
    ("template", "", [" is '': expected a field at least, like {pipeline}: {message}; else no alert would say what "]),
    ("template", "shop.alrts:text", [f" is 'shop.alrts:text': expected {TEMPLATE}; importing it raised Modu"]),
    ("template", "{pipline}", [", trace; not {pipline}; did you mean 'pipeline'?"]),
    ("template", "{Message} {x}", ["; not {Message}; did you mean 'message'?", "; not {x}"]),
    ("template", "password=hunter2 {error", [" is 'password=***': expected braces in pairs"]),
    *(("channels", value, [f" is {value!r}: expected {CHANNELS}"]) for value in ([], 3, True, math.nan, b"log:")),
    ("channels", {}, [f": channels[0].to is None: expected {CHANNEL}"]),
    ("channels", "", [f": channels[0]: address is '': expected {ADDRESS}"]),
    ("channels", "log", [f": channels[0]: address is 'log': expected {ADDRESS}; did you mean 'log:'?"]),
    ("channels", [" log:"], [f": channels[0]: address is ' log:': expected {ADDRESS}; did you mean 'log:'?"]),
    *(("channels", ["log:", value], [f": channels[1] is {value!r}: expected {ENTRY}"])
      for value in (None, [], 3, math.nan)),
    ("channels", ["lgo:"], [f": channels[0]: channel lgo:: expected {INSTALLED}; did you mean 'log'?"]),
    ("channels", ["snss:arn:x"], [f": channels[0]: channel snss:arn:x: expected {INSTALLED}; did you mean 'sns'?"]),
    ("channels", ["pager:x"], [f": channels[0]: channel pager:x: expected {INSTALLED}"]),
    ("channels", ["sqs:x"], [f": channels[0]: channel sqs:x: expected {INSTALLED}; 'sqs' is a store"]),
    ("channels", ["sms:5551230000"], [": channels[0]: channel sms:55XXXXXXXX: number is '55XXXXXXXX': expected"]),
    ("channels", ["sns:arn:aws:sqs:x"], [": channels[0]: channel sns:arn:aws:sqs:x: topic is 'arn:aws:sqs:x': expe"]),
    ("channels", ["sns:arn:aws:sns:us-east-1:123456789012:admins?regoin=x"], [
        "option 'regoin': expected one of: connect_timeout, endpoint, format, profile, read_timeout, region; did"]),
    ("channels", [f"{MAIL}&too=jerry@example.com"], [
        ", sender, tls, to; did you mean 'to'?",
        ": channels[0]: channel smtp://mail.example.com: option 'to': expected a mail address, "]),
    ("channels", [f"{LOGIN}&to=example.com"], ["option 'to' is 'example.com': expected a mail address"]),
    ("channels", [f"{LOGIN.replace('smtp', 'stmp')}&to=jerry@example.com"], [
        f"=***@example.com: expected {INSTALLED}; did you mean 'smtp'?"]),
    ("channels", "log:,sms:+15551230000", [": channels[0]: channel log:,sms:+1XXXXXXXXXX: expected 'log:' and"]),
    *(("channels", [{"to": "log:", "severity": value}], [f": channels[0].severity is {value!r}: expected {SEVERITY}"])
      for value in ("FATAL", "", None, 3, ["ERROR"])),
    ("channels", [{"to": "log:", "severity": "warn"}], [
        f": channels[0].severity is 'warn': expected {SEVERITY}; did you mean 'WARNING'?"]),
    ("channels", [{"to": "log:", "severty": "ERROR"}], [
        ": channels[0].severty is 'ERROR': expected one of: to, severity; did you mean 'severity'?"]),
    ("channels", [{"too": SMS}], [
        ": channels[0].too is 'sms:+1XXXXXXXXXX': expected one of: to, severity; did you mean 'to'?",
        f": channels[0].to is None: expected {CHANNEL}"]),
    ("channels", [{"severity": "ERROR"}], [f": channels[0].to is None: expected {CHANNEL}"]),
    ("channels", [{"to": {"to": "log:"}}], [f": channels[0].to is {{'to': 'log:'}}: expected {CHANNEL}"]),
    ("channels", [{"to": ["log:"]}], [f": channels[0].to is ['log:']: expected {CHANNEL}"]),
    *(("failover", value, [f" is {value!r}: expected {GROUPS}"])
      for value in ("", "log:", 3, {}, True, math.nan, {("log:",)}, b"a")),
    *(("failover", [value], [f": failover[0] is {value!r}: expected {GROUP}"])
      for value in ([], ["log:"], "log:", ["log:", "log:"], None, 3, {"a": 1}, {"log:"}, b"a")),
    ("failover", [["log:", SMS, "log:"]], [f": failover[0] is ['log:', 'sms:+1XXXXXXXXXX', 'log:']: expected {GROUP}"]),
    ("failover", [["log:", SMS], ["log:", SMS + "1"]], [": expected groups that begin with different channels"]),
    ("failover", [["log:", SMS], [None, "log:"]], [f": failover[1][0] is None: expected {CHANNEL}"]),
    ("failover", [["lgo:", "log:"]], [f": failover[0][0]: channel lgo:: expected {INSTALLED}; did you mean 'log'?"]),
    ("failover", [[{"to": "log:"}, SMS]], [f": failover[0][0] is {{'to': 'log:'}}: expected {CHANNEL}"]),
]  # fmt: skip


def of_pipeline(option, value):
    return Pipeline("shop", settings=Settings(environ={}), chain=["notify"], notify={option: value})


def of_file(option, value):
    table = {"pipelines": {"shop": {"chain": ["notify"], "notify": {option: value}}}}
    return Pipeline("shop", settings=Settings(table, environ={}, place="ninelives.toml: "))


def of_defaults(option, value):
    table = {"defaults": {"chain": ["notify"], "notify": {option: value}}}
    return Pipeline("shop", settings=Settings(table, environ={}, place="ninelives.toml: "))


def alone(option, value):
    return AdminNotifier(**{option: value})


PLACES = {
    of_pipeline: "Pipeline('shop', notify={{'{}': ...}})",
    of_file: "ninelives.toml: pipelines.shop.notify.{}",
    of_defaults: "ninelives.toml: defaults.notify.{}",
    alone: "AdminNotifier({}=)",
}


def refused(make, *arguments):
    """The lines of the error."""
    with pytest.raises(ConfigurationError) as caught:
        make(*arguments)
    assert all(secret not in str(caught.value) for secret in ("hunter2", "1230000", "jerry"))
    return str(caught.value).splitlines()


@pytest.mark.parametrize("make", PLACES, ids=lambda make: make.__name__)
@pytest.mark.parametrize(("option", "value", "said"), WRONG)
def test_what_is_wrong_is_said_with_its_place(make, option, value, said):
    """A line for each problem: where it was given, what of it, masked, what is expected, and what was maybe meant."""
    lines = refused(make, option, value)
    assert len(lines) == len(said)
    for line, what in zip(lines, said, strict=True):
        assert line.startswith(PLACES[make].format(option))
        assert what.replace(SWITCH, "True") in line


@pytest.mark.parametrize("make", PLACES, ids=lambda make: make.__name__)
@pytest.mark.parametrize("option", TIMES)
@pytest.mark.parametrize("value", [*NO_TIME, 0], ids=repr)
def test_what_is_no_time_is_refused(make, option, value):
    """With all the forms that a time has, and its bounds; only two may be 0."""
    if value == 0 and option in MAY_BE_0:
        make(option, value).close()
        return
    (line,) = refused(make, option, value)
    least = "of at least 0" if option in MAY_BE_0 else "above 0"
    assert line == f"{PLACES[make].format(option)} is {value!r}: expected a time {least}{TIME}"


KNOWN = (
    "expected an option of notify (there are: channels, failover, timeout, group_interval, repeat_interval, "
    "over_after, wait, flush, template)"
)


@pytest.mark.parametrize("make", [of_pipeline, of_file, of_defaults], ids=lambda make: make.__name__)
@pytest.mark.parametrize(
    ("option", "meant"),
    [("chanels", "channels"), ("failOver", "failover"), ("group_intervall", "group_interval"), ("severity", None)],
)
def test_an_option_that_is_misspelled(make, option, meant):
    """It is said which there are, and which was meant."""
    hint = f"; did you mean '{meant}'?" if meant else ""
    assert refused(make, option, 1) == [f"{PLACES[make].format(option)}: {KNOWN}{hint}"]


LINKS = "fallback, notify, dead_letter, breaker, backoff; did you mean 'notify'?"
INSTALLED_LINKS = "backoff, breaker, dead_letter, fallback, notify"
MEANT = "); did you mean 'notify'?"
INSTEAD = "a mapping of its options, a ready object, or False to leave it out"
MISSPELLED = {
    lambda: Pipeline("shop", notfy={}): [f"Pipeline('shop', notfy=): expected one of its links: {LINKS}"],
    lambda: Pipeline("shop", settings=Settings({"pipelines": {"shop": {"notfy": {}}}})): [
        f"settings: pipelines.shop.notfy: expected one of its links: {LINKS}"
    ],
    lambda: Pipeline("shop", chain=["notfy"]): [
        f"pipeline 'shop': notfy: expected an installed middleware (there are: {INSTALLED_LINKS}{MEANT}"
    ],
    lambda: Pipeline("shop", notify="smtp://x:hunter2@mail.example.com"): [
        "Pipeline('shop', notify=) is 'smtp://x:***@mail.example.com': expected " + INSTEAD
    ],
    lambda: Settings({"default": {}, "redaction": {"key": []}}): [
        "settings: default is {}: expected one of: pipelines, defaults, redaction; did you mean 'defaults'?",
        "settings: redaction.key is []: expected one of: keys; did you mean 'keys'?",
    ],
}


@pytest.mark.parametrize(("make", "said"), MISSPELLED.items())
def test_the_link_itself_is_misspelled(make, said):
    """As an option of the pipeline, in the file, in a chain; or something stands in the place of its options."""
    assert refused(make) == said


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ({"channel": "EMIAL"}, "channel=) is 'EMIAL': expected one of: LOG, SNS, EMAIL, SMS; did you mean 'EMAIL'?"),
        ({"channel": ""}, "channel=) is '': expected one of: LOG, SNS, EMAIL, SMS"),
        ({"sns_topic_arn": 3}, "sns_topic_arn=) is 3: expected the ARN of an SNS topic"),
        (
            {"phone_number": "5551230000"},
            "phone_number=) is '55XXXXXXXX': expected a number in E.164, like '+15551230000'",
        ),
        (
            {"phone_number": 15551230000},
            "phone_number=) is 15XXXXXXXXX: expected a number in E.164, like '+15551230000'",
        ),
        (
            {"email": "ops@example.com"},
            "email=) is '***@example.com': expected the address of a mail server, like 'smtp:",
        ),
    ],
)
def test_where_a_notifier_alone_sends(arguments, said):
    """Of the arguments for one kind of channel too."""
    with pytest.raises(ConfigurationError) as caught:
        AdminNotifier(**arguments)
    assert str(caught.value).startswith(f"AdminNotifier({said}")


@pytest.mark.parametrize(
    ("arn", "said"),
    [
        ("arn:aws:sqs:us-east-1:1:x", "topic is 'arn:aws:sqs:us-east-1:1:x': expected the ARN of an SNS topic, like "),
        (
            "topic?password=hunter2",
            "channel sns:topic%3Fpassword=*** is 'topic?password=***': expected the ARN of",
        ),
    ],
)
def test_the_variable(monkeypatch, arn, said):
    """It is named, whether a pipeline reads it or a notifier alone."""
    monkeypatch.setenv("SNS_TOPIC_ARN", arn)
    for make in (AdminNotifier, lambda: Pipeline("shop", chain=["notify"], settings=Settings())):
        (line,) = refused(make)
        assert line.startswith("SNS_TOPIC_ARN: ")
        assert said in line


def test_all_at_once():
    """However many are wrong, it is one error, in the order in which they are looked at."""
    table = tomllib.loads('channels = ["lgo:"]\nfailover = 3\ntimeout = -1\nchanels = []\nflush = 3\ntemplate = "x"')
    lines = refused(lambda: Pipeline("shop", settings=Settings(environ={}), chain=["notify"], notify=table))
    places = [line.partition("...")[0].rpartition("{")[2] for line in lines]
    assert sorted(places) == sorted(f"'{option}': " for option in table if option != "channels")
