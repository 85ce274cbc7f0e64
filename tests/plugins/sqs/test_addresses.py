"""The scheme ``sqs:``: its addresses, what a queue's URL says, and what its discovery costs."""

from __future__ import annotations

import subprocess
import sys

import pytest

import ninelives_sqs
from ninelives import Address, ConfigurationError, Pipeline, Plugins
from ninelives.checkable import Checkable
from ninelives.dead_letters.store import Batched, Browsable, Claimable, Purgeable, Renewable, is_searchable
from ninelives_sqs import SqsStore, plugin
from ninelives_sqs.factory import sqs_store
from ninelives_sqs.queue_url import read_url

URL = "https://sqs.us-east-1.amazonaws.com/123456789012/dead-letters"


def options_of(store):
    return store._queue._clients._options


def test_the_scheme_is_registered():
    """`sqs:` is a store in the queue of the address's URL, named by it."""
    store = Plugins(plugin).open_store(f"sqs:{URL}")
    assert isinstance(store, SqsStore)
    assert store.name == f"sqs:{URL}"


def test_it_says_what_it_can():
    """It can do several at once, find by id and prolong; it can't search, keep parked letters, or delete unseen."""
    store = SqsStore(URL)
    assert all(isinstance(store, kind) for kind in (Batched, Browsable, Claimable, Renewable, Checkable))
    assert not isinstance(store, Purgeable)
    assert not is_searchable(store)
    assert store.parks is False


@pytest.mark.parametrize(
    ("url", "region", "endpoint", "fifo"),
    [
        (URL, "us-east-1", None, False),
        (URL.upper().replace("HTTPS", "https"), "us-east-1", None, False),
        (f"{URL}.fifo", "us-east-1", None, True),
        ("https://sqs.cn-north-1.amazonaws.com.cn/1/q", "cn-north-1", None, False),
        ("https://sqs.us-gov-west-1.amazonaws.com/1/q", "us-gov-west-1", None, False),
        ("https://eu-west-1.queue.amazonaws.com/1/q", "eu-west-1", None, False),
        ("https://queue.amazonaws.com/1/q", "us-east-1", None, False),
        (
            "https://sqs-fips.us-east-2.amazonaws.com/1/q",
            "us-east-2",
            "https://sqs-fips.us-east-2.amazonaws.com",
            False,
        ),
        (
            "https://sqs-fips.us-gov-west-1.api.aws/1/q",
            "us-gov-west-1",
            "https://sqs-fips.us-gov-west-1.api.aws",
            False,
        ),
        ("https://sqs.us-iso-east-1.c2s.ic.gov/1/q", "us-iso-east-1", "https://sqs.us-iso-east-1.c2s.ic.gov", False),
        (
            "https://sqs.eusc-de-east-1.amazonaws.eu/1/q",
            "eusc-de-east-1",
            "https://sqs.eusc-de-east-1.amazonaws.eu",
            False,
        ),
        (
            "https://sqs.cn-north-1.api.amazonwebservices.com.cn/1/q",
            "cn-north-1",
            "https://sqs.cn-north-1.api.amazonwebservices.com.cn",
            False,
        ),
        ("https://sqs.eu-west-1.api.aws/1/q", "eu-west-1", "https://sqs.eu-west-1.api.aws", False),
        (
            "https://vpce-0a-1b.sqs.us-east-1.vpce.amazonaws.com/1/q",
            "us-east-1",
            "https://vpce-0a-1b.sqs.us-east-1.vpce.amazonaws.com",
            False,
        ),
        (
            "http://sqs.us-east-1.localhost.localstack.cloud:4566/000000000000/q",
            "us-east-1",
            "http://sqs.us-east-1.localhost.localstack.cloud:4566",
            False,
        ),
        ("http://127.0.0.1:5000/123456789012/q.fifo", None, "http://127.0.0.1:5000", True),
        ("http://[::1]:9324/queue/q", None, "http://[::1]:9324", False),
        ("http://elasticmq/q", None, "http://elasticmq", False),
    ],
)
def test_the_url_says_region_and_endpoint(url, region, endpoint, fifo):
    """The region is in the host's name; where the host is not simply the region's own, it is the endpoint too."""
    found = read_url(url)
    assert (found.region, found.endpoint, found.fifo) == (region, endpoint, fifo)
    options = options_of(SqsStore(url))
    assert (options.region, options.endpoint) == (region, endpoint)


def test_options_are_read():
    """What the address says beats what the URL says, where they can't contradict each other."""
    store = sqs_store(
        Address.parse(
            "sqs:http://elasticmq:9324/000000000000/q?region=eu-west-1&endpoint=http://other:1&profile=ops"
            "&connect_timeout=0.5&read_timeout=2.5&wait=2"
        )
    )
    options = options_of(store)
    assert (options.region, options.endpoint, options.profile) == ("eu-west-1", "http://other:1", "ops")
    assert (options.connect_timeout, options.read_timeout, store._wait) == (0.5, 2.5, 2)


def test_the_defaults_are_a_few_seconds():
    """Without options a connection has 3 seconds, an answer 5, and an empty queue is waited for for 1."""
    store = sqs_store(Address.parse(f"sqs:{URL}?region=us-east-1"))
    options = options_of(store)
    assert (options.connect_timeout, options.read_timeout, store._wait) == (3.0, 5.0, 1)


@pytest.mark.parametrize(
    ("address", "problems"),
    [
        ("sqs:", ["queue: expected the URL of a queue"]),
        ("sqs:dead-letters", ["queue: expected the URL of a queue"]),
        ("sqs:arn:aws:sqs:us-east-1:123456789012:dead-letters", ["queue: expected the URL of a queue"]),
        ("sqs:https://sqs.us-east-1.amazonaws.com/", ["queue: expected the URL of a queue"]),
        ("sqs:https://sqs.us-east-1.amazonaws.com/dead-letters", ["queue: expected the URL of a queue"]),
        ("sqs:https://sqs.us-east-1.amazonaws.com/shop/dead-letters", ["queue: expected the URL of a queue"]),
        ("sqs:https://sqs.us-east-1.amazonaws.com/1/2/dead-letters", ["queue: expected the URL of a queue"]),
        ("sqs:https://sqs.us-east-1.amazonaws.com/1/two words", ["queue: expected the URL of a queue"]),
        ("sqs:ftp://sqs.us-east-1.amazonaws.com/1/q", ["queue: expected the URL of a queue"]),
        (f"sqs:{URL}\n", ["queue: expected the URL of a queue"]),
        (f"sqs:{URL}{'x' * 80}", ["queue: expected the URL of a queue"]),
        (f"sqs:{URL}?visibility=5", ["option 'visibility': expected one of: connect_timeout, endpoint, profile"]),
        (f"sqs:{URL}?region=eu-west-1", ["option 'region' is 'eu-west-1': expected 'us-east-1'"]),
        (f"sqs:{URL}?wait=21", ["option 'wait' is '21': expected a whole number of seconds from 0 to 20"]),
        (f"sqs:{URL}?wait=-1", ["option 'wait' is '-1': expected a whole number"]),
        (f"sqs:{URL}?wait=1.5", ["option 'wait' is '1.5': expected a whole number"]),
        (f"sqs:{URL}?wait=%C2%B2", ["expected a whole number"]),
        (f"sqs:{URL}?wait=000000001", ["expected a whole number"]),
        (f"sqs:{URL}?wait=5", ["option 'wait' is '5': expected less than read_timeout, which is 5"]),
        (
            f"sqs:{URL}?read_timeout=0",
            ["option 'read_timeout' is '0': expected a number of seconds above 0, at most 3600"],
        ),
        (
            "sqs:queue?wait=soon&sync=on&read_timeout=never&region=eu west",
            ["'sync': expected one of", "queue: expected", "'region'", "'read_timeout'", "'wait'"],
        ),
    ],
)
def test_wrong_addresses_are_refused(address, problems):
    """What is no queue's URL, an unknown option, a wrong value, another region: refused, each with its place."""
    with pytest.raises(ConfigurationError) as caught:
        sqs_store(Address.parse(address))
    assert len(caught.value.problems) == len(problems), caught.value
    assert all(text in str(problem) for text, problem in zip(problems, caught.value.problems, strict=True)), (
        caught.value
    )


def test_a_wait_that_fits_its_time_out_is_taken():
    """Who waits longer gives the answer longer."""
    assert sqs_store(Address.parse(f"sqs:{URL}?wait=20&read_timeout=25"))._wait == 20


def test_a_wrong_url_is_refused_without_an_address():
    """The store itself refuses it too, with what may be a password in it masked."""
    with pytest.raises(ConfigurationError, match=r"SqsStore\(queue_url=\) is 'https://ops:\*\*\*@sqs/q'"):
        SqsStore("https://ops:hunter2@sqs/q")


def test_secrets_in_an_address_are_masked():
    """A password that should not be there is not shown by the error that says so."""
    with pytest.raises(ConfigurationError) as caught:
        sqs_store(Address.parse("sqs:https://ops:hunter2@sqs/q?wait=x&pasword=hunter3"))
    assert "hunter" not in str(caught.value)


@pytest.mark.parametrize("option", ["region=eu-west-1", "wait=99"])
def test_a_pipeline_finds_it_when_it_is_built(option):
    """Building the pipeline is when a wrong address is refused."""
    with pytest.raises(ConfigurationError, match="option '" + option.partition("=")[0]):
        Pipeline("shop", dead_letter={"store": f"sqs:{URL}?{option}"})


def test_discovery_and_building_import_no_sdk():
    """Finding the plugin imports nothing of the store; building one imports no SDK and opens no connection."""
    code = (
        "import sys, ninelives_sqs.plugin\n"
        "print([name for name in sys.modules if 'ninelives_sqs' in name])\n"
        "from ninelives import Pipeline\n"
        f"Pipeline('shop', dead_letter={{'store': 'sqs:{URL}'}})\n"
        "print([name for name in ('ninelives_sqs.store', 'boto3', 'botocore', 'ssl') if name in sys.modules])"
    )
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    assert found == "['ninelives_sqs', 'ninelives_sqs.plugin']\n['ninelives_sqs.store']\n"


def test_the_package_has_what_it_says():
    """The package's names can be had from it, and no other can."""
    assert all(hasattr(ninelives_sqs, name) for name in ninelives_sqs.__all__)
    with pytest.raises(AttributeError, match="no attribute 'Fridge'"):
        _ = ninelives_sqs.Fridge
