"""The demo's service and its client: really HTTP, really refusing, and the same on every machine."""

from __future__ import annotations

import socket
import urllib.error
from collections import Counter
from contextlib import closing

import pytest

from ninelives_cli.demo.client import Client
from ninelives_cli.demo.service import Phase, Service, receipt_for

ORDERS = [f"order-{number:04}" for number in range(1, 61)]


@pytest.fixture
def service():
    with closing(Service(seed=9)) as service:
        yield service


@pytest.fixture
def client(service):
    return Client(service.url)


def statuses(service, attempts=1):
    service.enter(Phase.FLAKY)
    return [[service.reply(order)[0].value for _ in range(attempts)] for order in ORDERS]


def test_it_answers_what_is_computed_from_the_order(service, client):
    """An order is answered with its receipt, by which the answer can be checked; the ledger has it."""
    assert client.place_order("order-1") == receipt_for("order-1") != receipt_for("order-2")
    assert client.receipts == service.ledger == {"order-1": receipt_for("order-1")}


def test_down_it_refuses_connections_and_healed_it_has_the_same_address(service, client):
    """Down, the system itself refuses the connection; healed, the same address answers again."""
    for _ in range(2):
        service.enter(Phase.DOWN)
        with pytest.raises(urllib.error.URLError) as refused:
            client.place_order("order-1")
        assert isinstance(refused.value.reason, ConnectionRefusedError)
        assert service.ledger.keys() <= {"order-2"}
        service.enter(Phase.HEALED)
        assert client.place_order("order-2") == receipt_for("order-2")


def test_down_its_port_stays_taken(service):
    """While it is down nobody else is given its port, who could answer in its place."""
    service.enter(Phase.DOWN)
    with socket.socket() as another, pytest.raises(OSError, match="in use"):
        another.bind(("127.0.0.1", int(service.url.split(":")[2].partition("/")[0])))


def test_a_port_that_is_taken_is_told(service):
    """A service that can't have its port leaves no open socket behind."""
    host, port = service._server.server_address
    with pytest.raises(OSError, match="in use"):
        type(service._server)((host, port), service)


def test_a_proxy_in_the_environment_does_not_matter(service, monkeypatch):
    """The client goes to the service itself, whatever proxy the environment names."""
    for name in ("http_proxy", "HTTP_PROXY", "all_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    monkeypatch.delenv("no_proxy", raising=False)
    assert Client(service.url).place_order("order-1") == receipt_for("order-1")


def test_now_and_then_it_fails(service):
    """Failing now and then it overloads some attempts, refuses some orders whatever is tried, and serves the others."""
    answers = statuses(service, attempts=3)
    assert Counter(answer for of_order in answers for answer in of_order).keys() == {200, 403, 503}
    assert all(set(of_order) == {403} for of_order in answers if 403 in of_order)
    assert any(of_order[0] == 503 and 200 in of_order for of_order in answers)


def test_chance_belongs_to_the_seed():
    """The same seed fails the same attempts of the same orders; another seed fails others."""
    found = []
    for seed in (1, 1, 2):
        with closing(Service(seed)) as service:
            found.append(statuses(service))
    assert found[0] == found[1] != found[2]


def test_an_error_status_is_an_error_of_the_client(service, client):
    """A status that is no success is raised, with its number; the order is not in the ledger, nor has it a receipt."""
    service.enter(Phase.FLAKY)
    (order, *_) = (order for order in ORDERS if service.reply(order)[0] == 403)
    with pytest.raises(urllib.error.HTTPError) as refused:
        client.place_order(order)
    assert refused.value.code == 403
    assert order not in service.ledger
    assert client.receipts == {}


def test_a_service_that_breaks_hangs_up_in_silence(capfd):
    """A service that breaks while it answers hangs up on the client, and prints no traceback."""

    def broken(order):
        raise RuntimeError(order)

    with closing(Service(9, broken)) as service, pytest.raises(ConnectionError):
        Client(service.url).place_order("order-1")
    assert capfd.readouterr().err == ""
