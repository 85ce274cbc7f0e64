"""Wrong options of alerts: refused when they are given, all at once, each with its place, and nothing was begun."""

from __future__ import annotations

import threading
import tomllib

import pytest

from ninelives import AdminNotifier, ConfigurationError, Pipeline
from ninelives.settings import load_settings

WRONG = """
[pipelines.shop.notify]
channels = [
    { to = "sms:+15551230000", severity = "FATAL" },
    { to = "sns:arn:aws:sqs:us-east-1:123456789012:letters" },
    { severity = "CRITICAL" },
    { to = 5 },
    { to = "log:", severety = "CRITICAL" },
    "lgo:",
    7,
]
failover = [[], ["smtps://ops:hunter2@mail.example?to=a@b.example&sender=c@d.example"], ["log:", 8]]
timeout = 0
group_interval = -1
repeat_interval = -5
over_after = 0
wait = "soon"
template = "{message} of {nobody}"
"""

SAID = {
    "channels[0].severity is": "'FATAL': expected one of: INFO, WARNING, ERROR, CRITICAL",
    "channels[1]": "expected the ARN of an SNS topic",
    "channels[2].to is": "None: expected an address",
    "channels[3].to is": "5: expected an address",
    "channels[4].severety is": "'CRITICAL': expected one of: to, severity",
    "channels[5]": "channel lgo:: expected an installed channel",
    "channels[6] is": "7: expected an address",
    "failover[0] is": "[]: expected a list of at least two different channels",
    "failover[1] is": "['smtps://ops:***@mail.example?to=***@b.example&sender=***@d.example']: expected a list",
    "failover[2][1] is": "8: expected an address",
    "timeout": "0: expected a time above 0",
    "group_interval": "-1: expected a time of at least 0",
    "repeat_interval": "-5: expected a time above 0",
    "over_after": "0: expected a time above 0",
    "wait": "'soon': expected a time of at least 0",
    "template": "not {nobody}",
}
"""By place, what is said of it."""


def options():
    return tomllib.loads(WRONG)["pipelines"]["shop"]["notify"]


def refused(make):
    """The lines of the error, of which there is one for each problem; no thread was started."""
    threads = threading.active_count()
    with pytest.raises(ConfigurationError) as raised:
        make()
    assert threading.active_count() <= threads
    lines = str(raised.value).splitlines()
    for place, what in SAID.items():
        assert len([line for line in lines if place in line and what in line]) == 1, place
    assert len(lines) == len(SAID)
    return lines


def test_as_arguments_of_a_pipeline():
    """All that is wrong in `notify` is said in one error, with the option that it stands in."""
    lines = refused(lambda: Pipeline("shop", notify=options()))
    assert all(line.startswith("Pipeline('shop', notify={'") for line in lines)


def test_of_a_notifier_alone():
    """So it is of a notifier that is used alone."""
    refused(lambda: AdminNotifier(**options()))


def test_in_the_file(tmp_path):
    """So it is of ninelives.toml, which is named with the key."""
    file = tmp_path / "ninelives.toml"
    file.write_text(WRONG)
    lines = refused(lambda: Pipeline("shop", settings=load_settings(str(file))))
    assert all(line.startswith(f"{file}: pipelines.shop.notify.") for line in lines)
