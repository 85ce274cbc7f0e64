"""The channel sms: against a server, and against all that can go wrong on the way to one phone or several."""

from __future__ import annotations

import subprocess
import sys
import time
import traceback

import pytest

from ninelives.address import Address
from ninelives.checkable import Checkable
from ninelives.errors import ChannelError, ConfigurationError
from ninelives.notifications.notification import ErrorSeverity, Notification
from ninelives.plugins import Plugins
from ninelives.testing.contracts.channel import ChannelContract
from ninelives.testing.proxy import FaultProxy
from ninelives_sms import plugin
from ninelives_sms.channel import MAX_CHARACTERS, SmsChannel
from ninelives_sms.factory import sms_channel

ANN, BOB, EVE = "+15551230000", "+4915112345678", "+33612345678"
ALL = f"{ANN},{BOB},{EVE}"
NEWS = Notification(message="no answer", severity=ErrorSeverity.CRITICAL, pipeline="shop", error_type="TimeoutError")


class TestSmsChannel(ChannelContract):
    """The channel keeps the contract of channels."""

    timeout = 30.0

    @pytest.fixture
    def channel(self, aws, made):
        return made(aws.endpoint)

    @pytest.fixture
    def received(self, aws):
        return lambda: len(aws.sns.sms_messages)

    @pytest.fixture
    def failing_channel(self, stub, made):
        stub.fails(403, "AuthorizationError")
        return made(stub.endpoint)

    @pytest.fixture
    def hanging_channel(self, aws_environment, made):
        with FaultProxy() as silent:
            yield made(f"http://{silent.address}", ALL)


def numbers(stub):
    return [asked["PhoneNumber"] for asked in stub.asked]


def test_what_is_sent(aws, made):
    """Each phone gets one line: what it is about, and the sentence."""
    made(aws.endpoint, f"{ANN},{BOB}").send(NEWS, timeout=30)
    text = "[CRITICAL] shop: TimeoutError: no answer"
    assert sorted(aws.sns.sms_messages.values()) == [(ANN, text), (BOB, text)]


@pytest.mark.parametrize(
    ("options", "type", "sender"),
    [("", "Transactional", None), ("&sms_type=Promotional&sender_id=Shop1", "Promotional", "Shop1")],
)
def test_attributes(stub, made, options, type, sender):
    """A message is transactional unless told otherwise, and has a sender if one is given."""
    made(stub.endpoint, options=options).send(NEWS, timeout=30)
    asked = stub.asked[0]
    names = {value: name.removesuffix("Name") for name, value in asked.items() if name.endswith(".Name")}
    values = {name: asked[f"{key}Value.StringValue"] for name, key in names.items()}
    expected = {"AWS.SNS.SMS.SMSType": type} | ({"AWS.SNS.SMS.SenderID": sender} if sender else {})
    assert values == expected


@pytest.mark.parametrize("char", ["a", "é", "😀"])
def test_a_text_of_1600_stays_and_one_more_is_cut(stub, made, char):
    """1,600 characters are sent as they are; of more the rest is cut, and the text says so. (Law 56.)"""
    room = MAX_CHARACTERS - len("[ERROR] ")
    for number in (room, room + 1):
        made(stub.endpoint).send(Notification(message=char * number), timeout=30)
    whole, cut = (asked["Message"] for asked in stub.asked)
    assert whole == "[ERROR] " + char * room
    assert len(cut) == MAX_CHARACTERS
    assert cut.endswith("… (cut)")


@pytest.mark.parametrize("text", ["a\nb\r\nc\x00d", "\ud800", "\x1b[2J", "x" * 300_000, ""])
def test_any_text_is_one_line(stub, made, text):
    """Whatever is said, it is one line without control characters."""
    made(stub.endpoint).send(Notification(message=text, pipeline=text), timeout=30)
    sent = stub.asked[0]["Message"]
    assert sent.isprintable()
    assert 0 < len(sent) <= MAX_CHARACTERS


def test_the_programs_own_wording(stub, made):
    """It is all of the message, on one line, and is cut as ours is."""
    channel = made(stub.endpoint)
    channel.send(Notification(message="m", pipeline="shop", text="own\nwords"), timeout=30)
    channel.send(Notification(message="m", text="x" * 2_000), timeout=30)
    own, cut = (asked["Message"] for asked in stub.asked)
    assert own == "own words"
    assert len(cut) == MAX_CHARACTERS
    assert cut.endswith("… (cut)")


def test_one_failure_keeps_nobody_from_theirs(stub, made):
    """All numbers are tried; the error names the one that failed, masked, and which it is. (Law 57.)"""
    stub.answers += [(200, "<PublishResponse><PublishResult/></PublishResponse>")]
    stub.fails(400, "InvalidParameter", f"Invalid parameter: PhoneNumber {BOB}")
    with pytest.raises(ChannelError) as raised:
        made(stub.endpoint, ALL).send(NEWS, timeout=30)
    assert numbers(stub) == [ANN, BOB, EVE]
    assert str(raised.value).startswith(
        "channel sms:+49XXXXXXXXXXX (number 2 of 3): the service does not accept this ("
    )
    assert not raised.value.transient
    shown = "".join(traceback.format_exception_only(raised.value))
    assert not any(number in shown for number in (ANN, BOB, EVE))


def test_a_retry_goes_to_those_who_lack_it(stub, made):
    """A retry of the same notification goes only to those for whom it failed in a way that may pass."""
    channel = made(stub.endpoint, ALL)
    stub.fails(500, "InternalError")
    with pytest.raises(ChannelError) as raised:
        channel.send(NEWS, timeout=30)
    assert raised.value.transient
    channel.send(NEWS, timeout=30)
    assert numbers(stub) == [ANN, BOB, EVE, ANN]
    channel.send(NEWS, timeout=30)
    assert numbers(stub)[4:] == [ANN, BOB, EVE]


def test_who_can_never_have_it_is_not_forgotten(stub, made):
    """One number fails for good, one for a while: the retry goes to the second, and at its end the first is named."""
    channel = made(stub.endpoint, f"{ANN},{BOB}")
    stub.fails(400, "OptedOut")
    stub.fails(429, "Throttling")
    with pytest.raises(ChannelError) as raised:
        channel.send(NEWS, timeout=30)
    assert raised.value.transient
    assert str(raised.value).count("channel sms:") == 2
    with pytest.raises(ChannelError, match=r"\+1XXXXXXXXXX \(number 1 of 2\): the number does not want") as raised:
        channel.send(NEWS, timeout=30)
    assert not raised.value.transient
    assert "+49" not in str(raised.value)
    assert numbers(stub) == [ANN, BOB, BOB]


FAULTS = {
    "refuses": FaultProxy.refuse,
    "says nothing": FaultProxy.silent,
    "ends at once": FaultProxy.cut,
    "ends within the headers": lambda proxy: proxy.cut(40),
    "ends within the answer": lambda proxy: proxy.cut(300),
    "is reset": lambda proxy: proxy.cut(0, reset=True),
    "is late": lambda proxy: proxy.delay(30),
}


@pytest.mark.parametrize("fault", FAULTS.values(), ids=FAULTS)
@pytest.mark.parametrize("phones", [ANN, ALL], ids=["one number", "three"])
def test_faults_of_the_network(aws, made, fault, phones):
    """Whatever fails on the way is a failure that may pass, within the time-out for all numbers together."""
    with FaultProxy("127.0.0.1", aws.port) as proxy:
        channel = made(f"http://{proxy.address}", phones)
        channel.send(NEWS, timeout=30)
        for timeout in (0.05, 0.1, 0.2, 0.3, 0.5):  # what it costs to make clients is not what is measured
            channel._clients.client(timeout)
        fault(proxy)
        start = time.monotonic()
        with pytest.raises(ChannelError) as raised:
            channel.send(NEWS, timeout=0.5)
        assert raised.value.transient
        assert time.monotonic() - start < 0.5 + TestSmsChannel.grace
        proxy.works()
        channel.send(NEWS, timeout=30)


def test_who_is_not_reached_in_time_is_tried_again(stub, made, monkeypatch):
    """When the first numbers take all the time, the others are not tried, and the retry goes to them."""
    moments = iter([0.0, 0.0, 31.0])
    channel = made(stub.endpoint, f"{ANN},{BOB}")
    monkeypatch.setattr("ninelives_sms.channel.monotonic", lambda: next(moments))
    with pytest.raises(ChannelError, match=r"number 2 of 2\): not tried") as raised:
        channel.send(NEWS, timeout=30)
    assert raised.value.transient
    monkeypatch.undo()


def test_many_numbers_share_the_time(stub, made, monkeypatch):
    """Each of several numbers gets its share of the time, and at least a second of it."""
    given = []
    channel = made(stub.endpoint, ",".join(f"+155512300{number:02}" for number in range(10)))
    monkeypatch.setattr(channel, "_publish", lambda number, text, timeout: given.append(timeout))
    for timeout in (100, 5, 0.5):
        channel.send(NEWS, timeout=timeout)
    assert given[:10] == [10.0] * 10
    assert given[10] == 1.0
    assert given[20] == pytest.approx(0.5, abs=0.1)


def test_a_missing_region_is_said_at_first_use(stub, made, monkeypatch):
    """A region that nobody names, may still be the profile's: what is missing is said when it is needed."""
    monkeypatch.delenv("AWS_DEFAULT_REGION")
    channel = made(stub.endpoint)
    with pytest.raises(ChannelError, match=r"there is no region .* region= in the address") as raised:
        channel.send(NEWS, timeout=30)
    assert not raised.value.transient
    made(stub.endpoint, options="&region=eu-west-1").send(NEWS, timeout=30)


def test_check(aws, made):
    """A check asks of each number whether it takes messages, and sends none."""
    channel = made(aws.endpoint)
    assert isinstance(channel, Checkable)
    assert channel.check(timeout=30) == "the number takes messages"
    assert made(aws.endpoint, ALL).check(timeout=30) == "all 3 numbers take messages"
    assert aws.sns.sms_messages == {}


def test_check_of_a_number_that_wants_none(aws, made):
    """A number that has opted out is named, masked."""
    aws.sns.opt_out_numbers.append("+15551230099")
    with pytest.raises(ChannelError, match=r"\+1XXXXXXXXXX .*does not want messages; ask its owner") as raised:
        made(aws.endpoint, f"{ANN},+15551230099").check(timeout=30)
    assert not raised.value.transient


EXPECTED = "expected phone numbers in E.164, a + and 7 to 15 digits, with commas between them"


@pytest.mark.parametrize(
    ("text", "problems"),
    [
        ("sms:", [EXPECTED]),
        ("sms:4915112345678", [f"number is '49XXXXXXXXXXX': {EXPECTED}"]),
        ("sms:+05551230000", ["number"]),
        ("sms:+123456", ["number"]),
        ("sms:+1234567890123456", ["number"]),
        ("sms:+49 151 12345678", ["number"]),
        ("sms:+1\u0665\u0665\u0665\u0661\u0662\u0663", ["number"]),
        (f"sms:{BOB},", ["number is '': "]),
        (f"sms:{BOB},a,b", ["number is 'a': ", "number is 'b': "]),
        (
            f"sms:{BOB}?sender_id=",
            ["option 'sender_id' is '': expected 1 to 11 letters and digits, at least one letter"],
        ),
        (f"sms:{BOB}?sender_id=123", ["sender_id"]),
        (f"sms:{BOB}?sender_id=abcdefghijkl", ["sender_id"]),
        (f"sms:{BOB}?sender_id=my shop", ["sender_id"]),
        (f"sms:{BOB}?sender_id={BOB}", ["option 'sender_id' is '+49XXXXXXXXXXX'"]),
        (f"sms:{BOB},password=hunter2", ["number is 'password=***'"]),
        (f"sms:{BOB}?sms_type=Bulk", ["option 'sms_type' is 'Bulk': expected Transactional or Promotional"]),
        (
            f"sms:{BOB}?colour=red",
            ["option 'colour': expected one of: connect_timeout, endpoint, profile, read_timeout"],
        ),
        (
            "sms:1?region=!&sms_type=&sender_id=&read_timeout=a&b=c",
            ["number", "region", "sms_type", "sender_id", "'b'"],
        ),
    ],
)
def test_wrong_addresses(text, problems):
    """What is wrong with an address is said when the channel is made, all at once, secrets masked. (Laws 57, 60.)"""
    with pytest.raises(ConfigurationError) as raised:
        sms_channel(Address.parse(text))
    for problem in problems:
        assert problem in str(raised.value)
    assert "15112345" not in str(raised.value)
    assert "hunter2" not in str(raised.value)
    assert all(problem.place.startswith("channel sms:") for problem in raised.value.problems)


def test_good_addresses():
    """Spaces around commas do no harm, and a number that stands twice gets one message."""
    channel = sms_channel(Address.parse(f"sms:{ANN}, {BOB} ,{ANN}?sender_id=1a&sms_type=Transactional"))
    assert channel._recipients.all == (ANN, BOB)


def test_it_is_registered():
    """The plugin adds the channel."""
    assert isinstance(Plugins(plugin).open_channel(f"sms:{BOB}"), SmsChannel)


def test_nothing_heavy_is_imported_before_it_is_used():
    """Discovery and making the channel import neither boto3 nor botocore. (Law 61.)"""
    code = (
        "import sys, ninelives_sms.plugin as p; from ninelives.plugins import Plugins; "
        f"Plugins(p).open_channel('sms:{BOB}').close(); "
        "assert not {'boto3', 'botocore', 'urllib3'} & set(sys.modules)"
    )
    subprocess.run([sys.executable, "-c", code], check=True, timeout=60)
