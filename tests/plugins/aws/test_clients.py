"""Clients: made late, shared by threads and not by processes, never slower than they may be."""

from __future__ import annotations

import subprocess
import sys
import time
from threading import Barrier, Thread

import pytest

from ninelives.errors import ChannelError
from ninelives.testing.proxy import FaultProxy
from ninelives_aws.clients import Clients
from ninelives_aws.errors import channel_errors
from ninelives_aws.options import AwsOptions

TOPIC = "arn:aws:sns:us-east-1:123456789012:admins"


@pytest.fixture
def made():
    """Makes clients, and closes them at the end."""
    all_of_them = []

    def make(**options):
        all_of_them.append(Clients("sns", AwsOptions(**options)))
        return all_of_them[-1]

    yield make
    for clients in all_of_them:
        clients.close()


def timeouts(client):
    config = client.meta.config
    return pytest.approx((config.connect_timeout, config.read_timeout))


def test_the_sdk_tries_once_within_the_timeouts(aws_environment, made):
    """The SDK's own retries are off, and both time-outs are as the options say."""
    client = made(connect_timeout=1.5, read_timeout=2.5).client()
    assert timeouts(client) == (1.5, 2.5)
    assert client.meta.config.retries == {"mode": "standard", "total_max_attempts": 1}


@pytest.mark.parametrize(
    ("timeout", "together"),
    [(100, 8), (8, 7), (7.99, 7), (5, 5), (4.9999, 5), (4.5, 4), (0.2, 0.2), (0.01, 0.05), (0, 0.05), (-1, 0.05)],
)
def test_a_timeout_shortens_both(aws_environment, made, timeout, together):
    """A time-out bounds connecting and reading together, rounded down to a step; the options are the most."""
    client = made().client(timeout)
    assert timeouts(client) == (3 * together / 8, 5 * together / 8)


def test_never_many(aws_environment, made):
    """Whatever time-outs are asked for, there are not more clients than steps."""
    clients = made()
    assert len({id(clients.client(number / 97)) for number in range(2_000)}) <= 19


def test_threads_share_one(aws_environment, made):
    """Threads that come at once get the same client."""
    clients, barrier, got = made(), Barrier(8), []

    def get():
        barrier.wait()
        got.append(clients.client())

    threads = [Thread(target=get) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len({id(client) for client in got}) == 1


def test_closed_it_opens_anew(stub, made):
    """After `close` there are new connections."""
    clients = made(endpoint=stub.endpoint)
    before = clients.client()
    before.list_topics()
    clients.close()
    clients.client().list_topics()
    assert clients.client() is not before
    assert len(stub.asked) == 2


def test_a_forked_child_makes_its_own(aws_environment):
    """A child shares no connection with its parent."""
    code = """
import os
from ninelives_aws.clients import Clients
from ninelives_aws.options import AwsOptions
clients = Clients("sns", AwsOptions())
parents = clients.client()
child = os.fork()
if child == 0:
    os._exit(0 if clients.client() is not parents and clients.client() is clients.client() else 1)
assert os.waitpid(child, 0)[1] == 0
assert clients.client() is parents
"""
    subprocess.run([sys.executable, "-c", code], check=True, timeout=60)


def test_the_credentials_and_the_region_of_a_profile(stub, made, tmp_path, monkeypatch):
    """`profile` names whose credentials and region are used."""
    (tmp_path / "credentials").write_text(
        "[ops]\naws_access_key_id = a\naws_secret_access_key = b\nregion = eu-west-3\n"
    )
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "credentials"))
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_DEFAULT_REGION"):
        monkeypatch.delenv(name)
    client = made(profile="ops", endpoint=stub.endpoint).client()
    client.list_topics()
    assert client.meta.region_name == "eu-west-3"


@pytest.mark.parametrize("code", ["ExpiredToken", "ExpiredTokenException"])
def test_an_expired_token_is_looked_for_again(stub, made, monkeypatch, code):
    """After an answer that the token has expired, the next client has the credentials that are there then."""
    clients = made(endpoint=stub.endpoint)
    stub.fails(403, code)
    with pytest.raises(ChannelError) as raised, channel_errors("sns:"):
        clients.client().list_topics()
    assert raised.value.transient
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "renewed")
    client = clients.client()
    client.list_topics()
    assert client._get_credentials().access_key == "renewed"


def test_missing_credentials_are_looked_for_again(stub, made, monkeypatch):
    """Credentials that were not there at first are used as soon as they are."""
    clients = made(endpoint=stub.endpoint)
    monkeypatch.delenv("AWS_ACCESS_KEY_ID")
    with pytest.raises(ChannelError, match="no credentials"), channel_errors("sns:"):
        clients.client().list_topics()
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "testing")
    clients.client().list_topics()
    assert len(stub.asked) == 1


def test_who_is_asked_for_credentials_has_the_same_time_outs(aws_environment, made, monkeypatch, tmp_path):
    """A service that is to give credentials, and says nothing, costs the time-outs too, and once."""
    token = tmp_path / "token"
    token.write_text("of the cluster")
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.delenv(name)
    monkeypatch.setenv("AWS_WEB_IDENTITY_TOKEN_FILE", str(token))
    monkeypatch.setenv("AWS_ROLE_ARN", "arn:aws:iam::123456789012:role/shop")
    with FaultProxy() as silent:
        monkeypatch.setenv("AWS_ENDPOINT_URL_STS", f"http://{silent.address}")
        clients = made(endpoint="http://127.0.0.1:9", connect_timeout=0.3, read_timeout=0.3)
        began = time.monotonic()
        with pytest.raises(ChannelError, match="no answer in time") as raised, channel_errors("sns:"):
            clients.client().list_topics()
        assert time.monotonic() - began < 0.6 + 5
        assert silent.connections == 1
    assert raised.value.transient


def test_other_errors_change_nothing(stub, made):
    """Other errors leave the client as it is."""
    clients = made(endpoint=stub.endpoint)
    before = clients.client()
    stub.fails(403, "AuthorizationError")
    with pytest.raises(ChannelError), channel_errors("sns:"):
        before.list_topics()
    with pytest.raises(ChannelError, match="does not accept"), channel_errors("sns:"):
        before.publish(Message=1)
    assert clients.client() is before


def test_an_answer_without_a_length_is_whole(made, aws):
    """A server that does not say how long its answer is, is believed."""
    with FaultProxy("127.0.0.1", aws.port) as proxy:
        clients = made(endpoint=f"http://{proxy.address}")
        assert clients.client().list_topics()["Topics"] == []


@pytest.mark.parametrize("after", [1, 40, 150, 200, 250])
def test_half_an_answer_is_none(aws, made, after):
    """An answer that ends too early is an error that may pass, wherever it ends, also where it reads like JSON."""
    aws.client("sqs").create_queue(QueueName="q")
    with FaultProxy("127.0.0.1", aws.port) as proxy:
        clients = Clients("sqs", AwsOptions(endpoint=f"http://{proxy.address}", read_timeout=30.0))
        proxy.cut(after)
        with pytest.raises(ChannelError) as raised, channel_errors("sqs:"):
            clients.client().list_queues()
        clients.close()
    assert raised.value.transient


def test_clients_of_another_process_are_left(aws_environment, made):
    """What another process has made is not used: as in a forked child."""
    clients = made()
    parents = clients.client()
    clients._process = -1
    assert clients.client() is not parents
    assert clients.client() is clients.client()


@pytest.mark.parametrize(
    ("endpoint", "environment", "where"),
    [
        (None, {}, "https://sns.us-east-1.amazonaws.com"),
        (None, {"AWS_ENDPOINT_URL": "http://stack:4566"}, "http://stack:4566"),
        (None, {"AWS_USE_FIPS_ENDPOINT": "true"}, "https://sns-fips.us-east-1.amazonaws.com"),
        (
            "http://other:1",
            {"AWS_ENDPOINT_URL": "http://stack:4566", "AWS_USE_FIPS_ENDPOINT": "true"},
            "http://other:1",
        ),
    ],
)
def test_where_the_service_is(aws_environment, made, monkeypatch, endpoint, environment, where):
    """The endpoint of the address counts, then what the environment says, then AWS's own of the region."""
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    assert made(endpoint=endpoint).client().meta.endpoint_url == where
