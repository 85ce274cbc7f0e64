"""What the SQS store adds to a request of the bare SDK, against a server that answers at once.

Run with ``make bench``. The server is a process of its own on the loopback interface; rounds are interleaved, so that
what the machine does meanwhile meets both alike, and of each the median counts.
"""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from itertools import cycle
from typing import Any

ROUNDS = 15
REQUESTS = 100
LIMIT_MS = 1.0
"""How much the store may add to a request, at most: what `main` exits non-zero for."""

_SERVER = r"""
import json, socketserver, sys
answers = {name.encode(): body.encode() for name, body in json.loads(sys.argv[1]).items()}

class Connection(socketserver.StreamRequestHandler):
    def handle(self):
        while self.rfile.readline():
            headers = {}
            while header := self.rfile.readline().strip():
                name, _, value = header.partition(b":")
                headers[name.lower()] = value.strip()
            self.rfile.read(int(headers[b"content-length"]))
            body = answers.get(headers[b"x-amz-target"].rpartition(b".")[2], b"{}")
            head = b"HTTP/1.1 200 OK\r\ncontent-type: application/x-amz-json-1.0\r\ncontent-length: %d\r\n\r\n"
            self.wfile.write(head % len(body) + body)

with socketserver.ThreadingTCPServer(("127.0.0.1", 0), Connection) as server:
    server.daemon_threads = True
    print(server.server_address[1], flush=True)
    server.serve_forever()
"""


@contextmanager
def server(answers: dict[str, str]) -> Iterator[str]:
    """A server that gives these answers to these operations, and an empty one to others; its URL."""
    command = [sys.executable, "-c", _SERVER, json.dumps(answers)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            yield f"http://127.0.0.1:{int(process.stdout.readline())}"
        finally:
            process.terminate()


def letters() -> list[Any]:
    """Letters of about 2 kB, as a failed call makes them."""
    from ninelives.dead_letters.letter import DeadLetter, ErrorRecord
    from ninelives.ids import new_id

    now = datetime.now(UTC)
    error = ErrorRecord(type="shop.Down", message="no answer", traceback="  File shop.py\n" * 80)
    fields: dict[str, Any] = {"args": ["x" * 100], "kwargs": {}, "error": error, "pipeline": "p", "fingerprint": "f"}
    ids = [new_id() for _ in range(10)]
    return [DeadLetter(id=one, key=one, created=now, first_failed=now, last_failed=now, **fields) for one in ids]


def contenders(endpoint: str) -> dict[str, tuple[Callable[[], object], Callable[[], object]]]:
    """For each request what the bare SDK does for it, and what the store does."""
    from ninelives_aws.clients import Clients
    from ninelives_aws.options import AwsOptions
    from ninelives_sqs import SqsStore
    from ninelives_sqs.outgoing import message_of

    url, options = f"{endpoint}/123456789012/bench", AwsOptions(region="us-east-1", endpoint=endpoint)
    client, store = Clients("sqs", options).client(), SqsStore(url, options=options)
    kept = letters()
    bodies, turns = cycle([message_of(letter).request() for letter in kept]), cycle(kept)
    (lease,) = store.receive(1, lease=60)
    asked = {"MaxNumberOfMessages": 1, "VisibilityTimeout": 60, "WaitTimeSeconds": 1}
    about = {"AttributeNames": ["All"], "MessageAttributeNames": ["All"]}
    return {
        "put": (lambda: client.send_message(QueueUrl=url, **next(bodies)), lambda: store.put(next(turns))),
        "receive": (
            lambda: client.receive_message(QueueUrl=url, **asked, **about),
            lambda: store.receive(1, lease=60),
        ),
        "ack": (lambda: client.delete_message(QueueUrl=url, ReceiptHandle="r1"), lambda: store.ack(lease)),
    }


def milliseconds(function: Callable[[], object]) -> float:
    """What it takes, on average of a round."""
    begin = time.perf_counter()
    for _ in range(REQUESTS):
        function()
    return (time.perf_counter() - begin) / REQUESTS * 1e3


def measure(pair: tuple[Callable[[], object], Callable[[], object]]) -> tuple[float, float]:
    """Milliseconds of both: the median of interleaved rounds."""
    for function in pair:
        function()
    rounds = [(milliseconds(pair[0]), milliseconds(pair[1])) for _ in range(ROUNDS)]
    bare, store = (statistics.median(times) for times in zip(*rounds, strict=True))
    return bare, store


def main() -> int:
    """Print the table; 1 if the limit is not held."""
    from ninelives_sqs.outgoing import message_of

    os.environ |= {"AWS_ACCESS_KEY_ID": "bench", "AWS_SECRET_ACCESS_KEY": "bench", "NO_PROXY": "127.0.0.1"}
    message = message_of(letters()[0])
    received = {"MessageId": "m1", "ReceiptHandle": "r1", "Body": message.body}
    with server({"ReceiveMessage": json.dumps({"Messages": [received]})}) as endpoint:
        found = {name: measure(pair) for name, pair in contenders(endpoint).items()}
    print(f"{'a request to SQS':20} {'SDK ms':>8} {'store ms':>9} {'added ms':>9} {'store / SDK':>12}")
    for name, (bare, store) in found.items():
        print(f"{name:20} {bare:8.3f} {store:9.3f} {store - bare:9.3f} {store / bare:12.2f}")
    missed = [name for name, (bare, store) in found.items() if store - bare > LIMIT_MS]
    print(f"over the limit of {LIMIT_MS:g} ms: {', '.join(missed)}" if missed else f"all add less than {LIMIT_MS:g} ms")
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())
