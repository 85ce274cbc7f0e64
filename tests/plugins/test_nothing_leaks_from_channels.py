"""Law 57 where it is sent: a secret that is planted anywhere stands in no mail, message, header or log line."""

from __future__ import annotations

import email
import email.policy
import json
import logging
from datetime import UTC, datetime
from html import unescape
from types import SimpleNamespace

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ninelives import ChannelError, ErrorSeverity, Pipeline, StoreError
from ninelives.address import Address
from ninelives.circuit import CircuitState
from ninelives.dead_letters.missed import Missed
from ninelives.notifications.alert import Alert, Phase
from ninelives.notifications.circuit_change import CircuitChange
from ninelives.notifications.dispatch.results import Results
from ninelives.notifications.failure import Failure
from ninelives.notifications.route import Route
from ninelives.notifications.words.content import of_alert, of_health, of_message
from ninelives.notifications.words.templates import Template, reworded
from ninelives.testing import FakeClock, RecordingChannel
from ninelives_aws.errors import channel_errors
from ninelives_email.envelope import Envelope
from ninelives_email.message import message_of
from ninelives_log.channel import LogChannel
from ninelives_log.listener import log_event
from ninelives_sms.factory import sms_channel
from ninelives_sns.publication import FORMATS, publication_of

NOW = datetime(2026, 1, 1, tzinfo=UTC)
NEEDLE = "9907890"  # in every secret, and nowhere else
LOOKS = (NEEDLE, "990-7890", "0789 0558")

SECRETS = [
    f"postgres://app:{NEEDLE}@db/x", f"Bearer abc{NEEDLE}", f"Basic dXNl{NEEDLE}=", f"AKIAABCDEFGHI{NEEDLE}",
    f"AKIAIOSFODNN7EXAMPLE {NEEDLE:A>40}", f"eyJhbGciOiJ9.e{NEEDLE}.x{NEEDLE}",
    f"+1555{NEEDLE}", f"{NEEDLE}@example.com",
    f"password={NEEDLE}", f"'api_key': '{NEEDLE}'", f"curl -u tom:{NEEDLE} x",
    f"password is x{NEEDLE}", f"xoxb-{NEEDLE}-abcdefgh",
    "4111 1199 0789 0558", "(555) 990-7890", f"Cookie: a={NEEDLE}", f"Key (email)=({NEEDLE})", f"--password {NEEDLE}",
]  # fmt: skip
secrets = st.sampled_from(SECRETS).map(lambda secret: f"a {secret}\n")
leaves = st.one_of(secrets, secrets.map(ValueError), st.just({"token": NEEDLE}), secrets.map(lambda text: {text: 1}))
values = st.recursive(
    leaves,
    lambda inner: st.one_of(
        st.lists(inner, max_size=3),
        st.dictionaries(st.sampled_from(["a", "b", "password"]), inner, max_size=3),
        inner.map(lambda item: SimpleNamespace(item=item)),
        inner.map(lambda item: (item, RuntimeError("no", item))),
    ),
    max_leaves=5,
)
failures = st.builds(
    Failure, pipeline=secrets, operation=secrets, error_type=secrets, text=secrets,
    severity=st.just(ErrorSeverity.ERROR),
    at=st.just(NOW), fingerprint=secrets, circuit=secrets, circuit_state=secrets,
    letter_id=st.just("1"), letter_place=secrets, registered=st.booleans(),
    letter_missed=st.none() | st.builds(Missed, store=secrets, why=secrets, is_lost=st.booleans()),
    trace=st.none(),
)  # fmt: skip
changes = st.builds(
    CircuitChange, circuit=secrets, pipeline=secrets, at=st.just(NOW), state=st.sampled_from(CircuitState),
    store=secrets,
)  # fmt: skip
ROUTE = Route(name="shop", destinations=(), log=RecordingChannel(), timeout=5.0, clock=FakeClock(), emit=print)
outages = st.builds(
    Alert, occurrence=changes | failures, cause=st.none() | failures, route=st.just(ROUTE), phase=st.just(Phase.OPENED),
    first=st.just(NOW), last=st.just(NOW), began=st.just(NOW), others=st.just(False), after=st.none(), flaps=st.none(),
    results=st.builds(Results),
)  # fmt: skip
notifications = st.one_of(
    failures.map(Failure.notification),
    outages.map(of_alert),
    st.tuples(secrets, values, secrets).map(lambda it: of_message(it[0], {"x": it[1]}, "ERROR", it[2], NOW)),
    st.tuples(secrets, values).map(lambda it: of_health(it[0], False, it[1], NOW)),
    st.tuples(secrets, secrets).map(
        lambda it: reworded(
            of_message(it[0], {}, "ERROR", None, NOW), Template.of(lambda told: f"{told.message} {it[1]}")
        )
    ),
)
bounded = settings(
    max_examples=60, deadline=None, derandomize=True, suppress_health_check=[HealthCheck.function_scoped_fixture]
)


def shows_nothing(*shown: str) -> bool:
    return not any(look in text for text in shown for look in LOOKS)


@bounded
@given(notifications)
def test_no_mail_shows_a_secret(notification):
    """Not in its headers, its text, or its page."""
    mail = email.message_from_bytes(
        message_of(notification, Envelope("app@b.io", ("ops@b.io",))), policy=email.policy.default
    )
    parts = [unescape(part.get_content()) for part in mail.walk() if not part.is_multipart()]
    assert shows_nothing(*parts, *(str(value) for value in mail.values()))


@bounded
@given(notifications, st.sampled_from(FORMATS))
def test_no_message_of_sns_shows_a_secret(notification, form):
    """Not in its subject, its attributes, or its text, nor as JSON."""
    assert shows_nothing(json.dumps(publication_of(notification, form), ensure_ascii=False))


class Client:
    """SNS, as far as text messages need it."""

    def __init__(self):
        self.said = []

    def publish(self, **said):
        self.said.append(said)


@bounded
@given(notifications)
def test_no_text_message_shows_a_secret(notification):
    """Not in its text, nor in what goes along with it; the number that it goes to is the number that was given."""
    channel, client = sms_channel(Address.parse("sms:+15550001111?sender_id=SHOP")), Client()
    channel._clients = SimpleNamespace(client=lambda _timeout: client)
    channel.send(notification, timeout=1.0)
    (said,) = client.said
    assert said.pop("PhoneNumber") == "+15550001111"
    assert shows_nothing(json.dumps(said, ensure_ascii=False))


@bounded
@given(notifications)
def test_no_line_of_the_log_shows_a_secret(caplog, notification):
    """Not in what is written, or in the fields of the record."""
    caplog.clear()
    with caplog.at_level(logging.DEBUG, "ninelives"):
        LogChannel().send(notification, timeout=1.0)
    (record,) = caplog.records
    assert shows_nothing(record.getMessage(), repr(vars(record)))


def _nested(text):
    """An error as programs have them: with a cause, a context, notes, and others in it."""
    try:
        try:
            raise KeyError(text)
        except KeyError as error:
            raise ValueError(text) from error
    except ValueError as error:
        error.add_note(text)
        return ExceptionGroup(text, [error, OSError(5, text, text)])


class Store:
    """Takes nothing, and says too much."""

    name = f"app:{NEEDLE}@example.com"

    def put(self, letter):
        raise StoreError(" ".join(SECRETS))

    def receive(self, max_letters, *, lease):
        return []

    def ack(self, lease):
        pass

    def release(self, lease, letter=None):
        pass

    def close(self):
        pass


@pytest.mark.parametrize("secret", SECRETS)
def test_a_failing_call_shows_no_secret_anywhere(secret, caplog, capsys, tmp_path):
    """Whatever its error, its arguments, its store, its listener and its channel say: not in alerts, events or logs."""
    mails, events = RecordingChannel(), []

    def listener(event):
        events.append(event)
        raise ValueError(secret)

    def call(*_args, **_kwargs):
        raise _nested(secret)

    class Failing:
        def send(self, notification, *, timeout):
            raise ChannelError(secret, transient=False)

        def close(self):
            pass

    with caplog.at_level(logging.DEBUG, "ninelives"):
        pipeline = Pipeline(
            f"shop {secret}",
            listeners=[listener, log_event],
            backoff={"max_retries": 1, "base_delay": 0.001},
            breaker={"failure_threshold": 1},
            dead_letter={"store": Store(), "fallback": f"file:{tmp_path}/a.json"},
            notify={"channels": [mails, Failing()], "template": lambda told: f"{told.message} {secret}"},
        )
        with pipeline:
            view = pipeline.using(key=secret, tags={"a": secret}, operation=f"charge {secret}")
            assert view.try_run(call, secret, password=secret).error is not None
            view.try_run(call, secret)
    assert mails.notifications
    shown = [
        record.getMessage() + repr(vars(record)) for record in caplog.records if record.name.startswith("ninelives")
    ]
    assert shows_nothing(repr(mails.notifications), json.dumps(pipeline.describe()["chain"]), *shown)
    assert shows_nothing(*capsys.readouterr())
    assert shows_nothing(*(str(getattr(event, "error_message", "")) for event in events))


@pytest.mark.parametrize("secret", SECRETS)
def test_what_aws_says_shows_no_secret(secret):
    """An error of SNS may repeat the request, its numbers and addresses."""
    from botocore.exceptions import ClientError, EndpointConnectionError

    said = ClientError({"Error": {"Code": "InvalidParameter", "Message": f"Invalid: {secret}"}}, "Publish")
    for error in (said, EndpointConnectionError(endpoint_url=f"https://host/{secret}")):
        with pytest.raises(ChannelError) as caught, channel_errors(f"channel sms:{secret}"):
            raise error
        assert shows_nothing(str(caught.value))
