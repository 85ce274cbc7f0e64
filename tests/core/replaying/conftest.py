"""A pipeline with ten letters that failed, and the service that they are for."""

from __future__ import annotations

import pytest


class Service:
    """Fails for the values that it is told; first of all, for each."""

    def __init__(self):
        self.broken = None
        self.done = []

    def __call__(self, value):
        if self.broken is None or value in self.broken:
            raise ConnectionError("down")
        self.done.append(value)


@pytest.fixture
def service():
    return Service()


@pytest.fixture
def pipeline(shop, service):
    pipeline = shop.pipeline(backoff=False, breaker=False)
    for value in range(10):
        pipeline.using(operation="serve").try_run(service, value)
    service.broken = set()
    return pipeline
