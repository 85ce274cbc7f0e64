"""Where the document that the project started from lies beside the checkout, its own code blocks run word for word."""

from __future__ import annotations

import logging
import os
import re
import traceback
import warnings
from datetime import datetime
from pathlib import Path
from types import SimpleNamespace

from error_handling.backoff import RetryExhaustedError
from error_handling.circuit_breaker import CircuitBreakerOpenError
from ninelives import ConfigurationWarning

DOCUMENT = Path(__file__).parents[3] / "shared" / "seed" / "error-handling-components.md"


class RequestException(Exception):
    """Stands in for that of `requests`."""


class ClientError(Exception):
    """Stands in for that of botocore."""


def _answers(*args, **kwargs):
    return {"args": args, **kwargs}


def _stand_ins():
    """What the document leaves undefined, and nothing else."""
    return {
        "openai": SimpleNamespace(ChatCompletion=SimpleNamespace(create=_answers)),
        "twilio_client": SimpleNamespace(messages=SimpleNamespace(create=_answers)),
        "dynamodb": SimpleNamespace(get_item=_answers),
        "requests": SimpleNamespace(get=_answers),
        "RequestException": RequestException,
        "ClientError": ClientError,
        "CircuitBreakerOpenError": CircuitBreakerOpenError,
        "RetryExhaustedError": RetryExhaustedError,
        "fallback_response": lambda: "fallback",
        "process_message": lambda message: message,
        "generate_dadacat_response": lambda content: f"Meow: {content}",
        "number": "+15551230000",
        "from_number": "+15551230001",
        "message": "hello",
        "original_message": {"content": "hello"},
        "user_id": "1",
        "os": os,
        "datetime": datetime,
        "traceback": traceback,
        "e": RuntimeError("no answer"),
    }


def _run(blocks):
    names = _stand_ins()
    for block in blocks:
        if "reprocess_message(message_id)" in block:
            # The document sends, then reprocesses some id: that of what it sent.
            before, after = block.split("# Reprocess a message", 1)
            exec(before, names)  # noqa: S102 - running the document is the test
            names["message_id"] = names["dlq"].receive_from_dlq()[0]["message_id"]
            exec("# Reprocess a message" + after, names)  # noqa: S102 - likewise
        else:
            exec(block, names)  # noqa: S102 - likewise
    return names


if DOCUMENT.exists():

    def test_the_documents_own_blocks_run(tmp_path, monkeypatch, caplog):
        """Every Python block of the document runs as it stands, and means what it says."""
        monkeypatch.chdir(tmp_path)
        caplog.set_level(logging.INFO)
        for name in ("DLQ_QUEUE_URL", "SNS_TOPIC_ARN", "DLQ_LOCAL_FILE_PATH"):
            monkeypatch.delenv(name, raising=False)
        blocks = re.findall(r"```python\n(.*?)```", DOCUMENT.read_text(), re.DOTALL)
        assert len(blocks) == 6
        with warnings.catch_warnings(record=True, category=ConfigurationWarning) as caught:
            warnings.simplefilter("always", ConfigurationWarning)
            names = _run(blocks)
            assert names["process_message"]({"content": "hello"}) == "Meow: hello"
        assert names["result"]["TableName"] == "Conversations"
        # What was asked for without its address, and both numbers of a circuit that two blocks disagree on: said once.
        assert len({str(warning.message) for warning in caught}) == len(caught) == 4
        assert "Failed to process message from user" in caplog.text
