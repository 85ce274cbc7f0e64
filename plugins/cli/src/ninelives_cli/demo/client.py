"""The client of the demo's service: an ordinary function that calls an ordinary HTTP API, and may fail."""

from __future__ import annotations

import json
from typing import Any
from urllib.error import HTTPError
from urllib.request import ProxyHandler, Request, build_opener

__all__ = ["Client"]

TIMEOUT = 5.0  # seconds for an answer


class Client:
    """Places orders, and remembers what was answered: a replay's value is returned to nobody.

    Args:
        url: Where the service is.

    Attributes:
        receipts: What the service answered to each order.
    """

    def __init__(self, url: str) -> None:
        self._url = url
        # No proxies, whatever the environment says: the service is on this machine.
        self._opener = build_opener(ProxyHandler({}))
        self.receipts: dict[str, str] = {}

    def place_order(self, order: str) -> str:
        """Place one order.

        Returns:
            Its receipt.

        Raises:
            HTTPError: The service answered that it can't, or won't.
            OSError: It did not answer.
        """
        headers = {"Content-Type": "application/json"}
        request = Request(self._url, json.dumps({"order": order}).encode(), headers)  # noqa: S310 - our own http address
        try:
            with self._opener.open(request, timeout=TIMEOUT) as response:
                answer: dict[str, Any] = json.load(response)
        except HTTPError as error:
            error.close()  # else its connection stays open for as long as the error is kept
            raise
        receipt = str(answer["receipt"])
        self.receipts[order] = receipt
        return receipt
