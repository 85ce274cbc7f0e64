"""The options that every AWS backend's address takes, and the names of topics."""

from __future__ import annotations

import pytest

from ninelives.address import Address
from ninelives_aws.arns import TopicArn
from ninelives_aws.characters import only_legal
from ninelives_aws.options import AwsOptions, read_options, unknown_options


def read(query, **more):
    return read_options(Address.parse(f"x:target?{query}"), "store x:target", **more)


def test_defaults():
    """Without options it is AWS itself, as the environment says, within a few seconds."""
    assert read("") == (AwsOptions(None, None, None, 3.0, 5.0), [])


def test_all_of_them():
    """Each option can be given."""
    query = "region=eu-west-1&endpoint=http://localhost:4566&profile=ops&connect_timeout=0.5&read_timeout=2"
    assert read(query) == (AwsOptions("eu-west-1", "http://localhost:4566", "ops", 0.5, 2.0), [])


@pytest.mark.parametrize(
    "endpoint",
    ["http://127.0.0.1:5000", "https://sns.us-east-1.amazonaws.com", "http://[::1]:4566", "http://stack.:1/path"],
)
def test_endpoints(endpoint):
    """An endpoint is the URL of an HTTP server, encrypted or not."""
    assert read(f"endpoint={endpoint}")[0].endpoint == endpoint


@pytest.mark.parametrize(
    "query",
    ["region=", "region=us east", "region=-us", "region=12", "region=us-east-1%0A", f"region={'a' * 64}", "profile=",
     "profile=%20", "endpoint=", "endpoint=localhost:4566", "endpoint=ftp://localhost", "endpoint=http://",
     "endpoint=http://:80", "endpoint=http://a_b", "endpoint=http://a:0", "endpoint=http://a:99999",
     "endpoint=http://a b",     "endpoint=http://a%0A", "endpoint=http://é", "endpoint=http://[::1", "endpoint=http://me@host",
     "endpoint=http://a%3Fb%3D1", "endpoint=http://a%23b", f"endpoint=http://{'a.' * 128}a", "connect_timeout=0",
     "connect_timeout=-1", "connect_timeout=3601",
     "read_timeout=1e12", "read_timeout=nan", "read_timeout=inf", "read_timeout=", "read_timeout=soon"],
)  # fmt: skip
def test_what_is_wrong_is_said(query):
    """A value that can't work is one problem, which names the place, the option, the value and what is expected."""
    _options, (problem,) = read(query)
    name = query.partition("=")[0]
    assert problem.place == f"store x:target: option {name!r}"
    assert problem.value
    assert problem.expected


def test_all_that_is_wrong_is_said_at_once():
    """Each problem is there."""
    assert len(read("region=!&endpoint=!&profile=&connect_timeout=!&read_timeout=!")[1]) == 5


def test_secrets_are_masked():
    """A password in an endpoint is not in the problem. (Law 57.)"""
    _options, (problem,) = read("endpoint=http://me:hunter2@host")
    assert "hunter2" not in str(problem)


def test_the_region_of_the_target():
    """The region that the target says holds; an option may repeat it, and is a problem when it says another."""
    assert read("", region="eu-west-1") == (AwsOptions(region="eu-west-1"), [])
    assert read("region=eu-west-1", region="eu-west-1") == (AwsOptions(region="eu-west-1"), [])
    _options, (problem,) = read("region=us-east-1", region="eu-west-1")
    assert str(problem) == (
        "store x:target: option 'region' is 'us-east-1': expected 'eu-west-1', as the address says, or nothing"
    )


def test_unknown_options():
    """Each option that nobody knows is a problem that names those that are known."""
    address = Address.parse("x:?regoin=a&wait=1&profile=b")
    (problem,) = unknown_options(address, "store x:", ["wait"])
    assert problem.place == "store x:: option 'regoin'"
    names = "connect_timeout, endpoint, profile, read_timeout, region, wait"
    assert problem.expected == f"one of: {names}; did you mean 'region'?"


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("arn:aws:sns:us-east-1:123456789012:admins", ("aws", "us-east-1", "123456789012", "admins")),
        ("arn:aws-cn:sns:cn-north-1:123456789012:a_B-9", ("aws-cn", "cn-north-1", "123456789012", "a_B-9")),
        ("arn:aws-us-gov:sns:us-gov-west-1:123456789012:a", ("aws-us-gov", "us-gov-west-1", "123456789012", "a")),
        ("arn:aws-iso-b:sns:us-isob-east-1:123456789012:a", ("aws-iso-b", "us-isob-east-1", "123456789012", "a")),
        ("arn:aws-eusc:sns:eusc-de-east-1:123456789012:a", ("aws-eusc", "eusc-de-east-1", "123456789012", "a")),
        ("arn:aws:sns:us-east-1:123456789012:a.fifo", ("aws", "us-east-1", "123456789012", "a.fifo")),
        (f"arn:aws:sns:us-east-1:123456789012:{'a' * 256}", ("aws", "us-east-1", "123456789012", "a" * 256)),
    ],
)
def test_topics(text, parts):
    """The ARN of a topic is read in its parts, in each partition of AWS."""
    arn = TopicArn.parse(text)
    assert (arn.partition, arn.region, arn.account, arn.name) == parts
    assert arn.is_fifo is text.endswith(".fifo")


ACCOUNT = "arn:aws:sns:us-east-1:123456789012"


@pytest.mark.parametrize(
    "text",
    ["", "admins", ACCOUNT, f"{ACCOUNT}:", f"{ACCOUNT}:a b", f"{ACCOUNT}:a\n", f"{ACCOUNT}:a:0190-subscription",
     f"{ACCOUNT}:a.fifo.fifo", f"{ACCOUNT}:.fifo", f"{ACCOUNT}:{'a' * 257}", "arn:aws:sqs:us-east-1:123456789012:q",
     "arn:aws:sns:us-east-1:12345678901:a", "arn:aws:sns::123456789012:a", "arn:azure:sns:us-east-1:123456789012:a",
     "arn:aws:sns:us-east-1:١٢٣٤٥٦٧٨٩٠١٢:a"],
)  # fmt: skip
def test_what_is_no_topic(text):
    """Anything else is not taken for a topic."""
    assert TopicArn.parse(text) is None


def test_characters():
    """What the services refuse is replaced, one for one; all else stays."""
    fine = "\t\n\r a~é\ud7ff\ue000\ufffd😀\U0010ffff"
    assert only_legal(fine) == fine
    assert only_legal("\x00\x0b\x1f\ud800\udfff\ufffe\uffff") == "\ufffd" * 7
